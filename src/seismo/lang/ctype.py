"""The C types of tracepoint fields as types of the language.

A system call's tracepoint keeps every argument in a slot of 8 bytes, whatever its C type: the
declared type, and not the field's size, tells how many of the slot's low bytes mean something.

>>> str(field_type(FormatField(name="dfd", c_type="int", offset=16, size=8, signed=False), "user"))
'int32'
"""

from __future__ import annotations

import re

from seismo.lang.types import (
    BOOL,
    UINT8,
    ArrayType,
    IntType,
    PointerType,
    RecordField,
    RecordType,
    StringType,
    Type,
)
from seismo.probes.format import FormatField, TracepointFormat

__all__ = ("arguments_type", "field_type")

# (bits, signed) of names that mean the same in every Linux on a 64-bit machine:
# include/uapi/asm-generic/{int-l64,posix_types}.h, include/linux/types.h.
_INTEGERS = {
    "char": (8, True),
    "signed char": (8, True),
    "unsigned char": (8, False),
    "short": (16, True),
    "short int": (16, True),
    "unsigned short": (16, False),
    "short unsigned int": (16, False),
    "int": (32, True),
    "signed": (32, True),
    "signed int": (32, True),
    "unsigned": (32, False),
    "unsigned int": (32, False),
    "long": (64, True),
    "long int": (64, True),
    "unsigned long": (64, False),
    "long unsigned int": (64, False),
    "long long": (64, True),
    "unsigned long long": (64, False),
    "long long unsigned int": (64, False),
    "aio_context_t": (64, False),
    "clockid_t": (32, True),
    "gid_t": (32, False),
    "ino_t": (64, False),
    "key_serial_t": (32, True),
    "key_t": (32, True),
    "loff_t": (64, True),
    "mode_t": (32, False),
    "mqd_t": (32, True),
    "off_t": (64, True),
    "pid_t": (32, True),
    "qid_t": (32, False),
    "rwf_t": (32, True),
    "size_t": (64, False),
    "ssize_t": (64, True),
    "time_t": (64, True),
    "timer_t": (32, True),
    "uid_t": (32, False),
    "uint": (32, False),
    "umode_t": (16, False),
} | {
    form.format(bits): (bits, signed)
    for bits in (8, 16, 32, 64)
    for signed, forms in (
        (True, ("s{}", "__s{}", "int{}_t")),
        (False, ("u{}", "__u{}", "uint{}_t", "__be{}", "__le{}")),
    )
    for form in forms
}

_QUALIFIERS = re.compile(r"\b(?:const|volatile|restrict|__user|__kernel|__seg_gs)\b\s*")
_ARRAY = re.compile(r"([^\[]+)\[([^\]]*)\].*")
_DATA_LOC = "__data_loc "
_REL_LOC = "__rel_loc "


def arguments_type(format_: TracepointFormat) -> RecordType:
    """What `args` points to in a probe of this tracepoint.

    Left out are `__rel_loc` fields, which only events that user space defines have (Linux 6.4).
    """
    space = "user" if format_.category == "syscalls" else "kernel"
    fields = tuple(
        RecordField(one.name, field_type(one, space), one.offset, one.c_type.startswith(_DATA_LOC))
        for one in format_.fields
        if not one.c_type.startswith(_REL_LOC)
    )
    size = max((one.offset + one.size for one in format_.fields), default=0)
    return RecordType(f"{format_.category}:{format_.name}", fields, size)


def field_type(field: FormatField, space: str) -> Type:
    """The type of a field whose pointers point into `space` memory."""
    if field.c_type.startswith(_DATA_LOC):
        element = field.c_type.removeprefix(_DATA_LOC).removesuffix("[]").strip()
        return PointerType(_target_type(element, "kernel"), "kernel")
    bare = _QUALIFIERS.sub("", field.c_type).strip()
    if match := _ARRAY.fullmatch(bare):
        return _array_type(match[1].strip(), match[2], field.size)
    if bare.endswith("*"):
        return PointerType(_target_type(bare[:-1].strip(), space), space)
    return _value_type(bare, field.size, field.signed)


def _value_type(bare: str, size: int, signed: bool) -> Type:
    """A field that is no pointer and no array."""
    if bare == "bool" and size == 1:
        return BOOL
    if bare in _INTEGERS:
        bits, signed = _INTEGERS[bare]
        return IntType(min(bits, size * 8), signed)
    if bare.startswith("enum "):
        return IntType(min(32, size * 8), signed)
    if size in (1, 2, 4, 8):
        return IntType(size * 8, signed)
    return ArrayType(UINT8, size)


def _array_type(element: str, count: str, size: int) -> Type:
    if element == "char":
        return StringType(size)
    if element in _INTEGERS:
        bits, signed = _INTEGERS[element]
        return ArrayType(IntType(bits, signed), size * 8 // bits)
    if count.isdecimal() and int(count) and size // int(count) in (1, 2, 4, 8):
        return ArrayType(IntType(size // int(count) * 8, False), int(count))
    return ArrayType(UINT8, size)


def _target_type(bare: str, space: str) -> Type | None:
    """What a pointer points to; None where that is not known."""
    if bare.endswith("*"):
        return PointerType(_target_type(bare[:-1].strip(), space), space)
    if bare in _INTEGERS:
        bits, signed = _INTEGERS[bare]
        return IntType(bits, signed)
    if bare.startswith(("struct ", "union ")):
        return RecordType(bare, (), 0)
    return None
