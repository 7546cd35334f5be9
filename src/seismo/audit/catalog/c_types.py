"""How wide the C types of system calls' arguments are, and whether they have a sign.

>>> integer_of("umode_t")
(2, False)
"""

from __future__ import annotations

from functools import cache

from seismo.audit.catalog.model import EventField, FieldKind

__all__ = ("argument_integer", "argument_value", "integer_of", "is_pointer")

_LONG = 0
"""Stands for the size of a `long`: 8 bytes, 4 in a program of 32 bits."""

_SIZES = {
    (4, True): (
        *("int", "pid_t", "clockid_t", "key_serial_t", "timer_t", "mqd_t", "s32", "__s32"),
        *("rwf_t", "key_t", "qid_t"),
    ),
    (4, False): ("unsigned", "unsigned int", "u32", "__u32", "uid_t", "gid_t", "uint"),
    (_LONG, True): ("long", "off_t", "long int"),
    (_LONG, False): ("unsigned long", "size_t", "aio_context_t", "old_sigset_t"),
    (8, True): ("loff_t", "s64"),
    (8, False): ("u64", "__u64", "unsigned long long"),
    (2, False): ("umode_t", "u16", "old_uid_t", "old_gid_t"),
    (1, False): ("u8",),
}
_BY_NAME = {name: key for key, names in _SIZES.items() for name in names}


def is_pointer(c_type: str) -> bool:
    """Whether a value of the type is an address."""
    return "*" in c_type or "cap_user_" in c_type


@cache
def integer_of(c_type: str, is_compat: bool = False) -> tuple[int, bool]:
    """(bytes, whether it has a sign) of an argument's type; of one that is not known (8, False)."""
    long_size = 4 if is_compat else 8
    if is_pointer(c_type):
        return long_size, False
    name = c_type.removeprefix("const ").strip()
    if name.startswith("enum "):
        return 4, False
    size, is_signed = _BY_NAME.get(name, (_LONG, False))
    return size or long_size, is_signed


_SIGNED = {FieldKind.FD, FieldKind.DIRFD, FieldKind.PID, FieldKind.SIGNAL}
"""Kinds that have a sign whatever the kernel declares: `unsigned int fd` is -1 for 'none'."""


def argument_integer(field: EventField, is_compat: bool = False) -> tuple[int, bool]:
    """(bytes, whether it has a sign) of the values of a field that is a number.

    Descriptors and process ids are 32 bits with a sign, even where the kernel declares others;
    bits of flags have none.
    """
    if field.kind in _SIGNED:
        return 4, True
    size, is_signed = integer_of(field.c_type, is_compat)
    return size, is_signed and field.kind is not FieldKind.FLAGS


def argument_value(field: EventField, raw: int, is_compat: bool = False) -> int:
    """What a register's 64 bits are as a value of the argument's type.

    Of a `long` or a pointer of a 32-bit program the lower half counts.
    """
    size, is_signed = argument_integer(field, is_compat)
    value = raw & ((1 << size * 8) - 1)
    if is_signed and value >> (size * 8 - 1):
        value -= 1 << size * 8
    return value
