"""The C types of tracepoint fields as types of the language.

A system call's tracepoint keeps every argument in a slot of 8 bytes, whatever its C type: the
declared type, and not the field's size, tells how many of the slot's low bytes mean something.

Nothing here asks the kernel: structs that fields point to come without fields and size, enums
without constants, and `type_names.spelled_out` finds them where a script touches the field.

>>> str(field_type(FormatField(name="dfd", c_type="int", offset=16, size=8, signed=False), "user"))
'int32'
"""

from __future__ import annotations

import re

from seismo.base.dataclass import replace
from seismo.lang.c_names import c_integer
from seismo.lang.types import (
    BOOL,
    UINT8,
    ArrayType,
    Enumeration,
    IntType,
    PointerType,
    RecordField,
    RecordType,
    StringType,
    Type,
)
from seismo.probes.format import FormatField, TracepointFormat

__all__ = ("arguments_type", "field_type")

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
    if (known := _integer(bare)) is not None:
        return replace(known, bits=min(known.bits, size * 8))
    if bare.startswith("enum "):
        return IntType(min(32, size * 8), signed, Enumeration(bare, ()))
    if size in (1, 2, 4, 8):
        return IntType(size * 8, signed)
    return ArrayType(UINT8, size)


def _integer(bare: str) -> IntType | None:
    try:
        return c_integer(bare)
    except KeyError:
        return None


def _array_type(element: str, count: str, size: int) -> Type:
    if element == "char":
        return StringType(size)
    if (known := _integer(element)) is not None:
        return ArrayType(known, size * 8 // known.bits)
    if count.isdecimal() and int(count) and size // int(count) in (1, 2, 4, 8):
        return ArrayType(IntType(size // int(count) * 8, False), int(count))
    return ArrayType(UINT8, size)


def _target_type(bare: str, space: str) -> Type | None:
    """What a pointer points to; None for void."""
    if bare.endswith("*"):
        return PointerType(_target_type(bare[:-1].strip(), space), space)
    if bare in ("void", "bool"):
        return None if bare == "void" else BOOL
    if bare.startswith("enum "):
        return IntType(32, False, Enumeration(bare, ()))
    return _integer(bare) or RecordType(bare, None, 0)
