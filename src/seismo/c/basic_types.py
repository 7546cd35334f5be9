"""The integers of C by their keywords, and the typedefs that every kernel has alike.

>>> basic_type(("long", "unsigned", "int"))
Integer(name='unsigned long', size=8, is_signed=False)
>>> STANDARD["u32"]
Integer(name='u32', size=4, is_signed=False)

A program with no other types needs no BTF at all, and starts the faster for it.
"""

from __future__ import annotations

from collections.abc import Iterable

from seismo.c.types import (
    BOOL,
    CHAR,
    INT,
    LONG,
    S8,
    S64,
    SHORT,
    U8,
    U16,
    U32,
    U64,
    U128,
    UNSIGNED_LONG,
    VOID,
    Integer,
    Void,
)

__all__ = ("S128", "STANDARD", "basic_type", "named")

S128 = Integer("__int128", 16, True)

_SIGNS = {"signed": 1, "__signed": 1, "__signed__": 1, "unsigned": 2}

_BASIC: dict[tuple[str, ...], tuple[Integer, Integer, Integer]] = {
    (): (INT, INT, U32),
    ("char",): (CHAR, S8, U8),
    ("short",): (SHORT, SHORT, U16),
    ("long",): (LONG, LONG, UNSIGNED_LONG),
    ("long", "long"): (S64, S64, U64),
    ("__int128",): (S128, S128, U128),
}
"""Without a sign, `signed`, `unsigned`."""

_MAY_HAVE_INT = ((), ("short",), ("long",), ("long", "long"))


def basic_type(words: Iterable[str]) -> Integer | Void:
    """The type that keywords name, in any order; KeyError where C has none such, or a floating
    one."""
    given = tuple(words)
    signs = [_SIGNS[word] for word in given if word in _SIGNS]
    rest = tuple([word for word in given if word not in _SIGNS and word != "int"])
    ints = given.count("int")
    if not signs and not ints:
        if rest == ("void",):
            return VOID
        if rest in (("_Bool",), ("bool",)):
            return BOOL
    if not given or len(signs) > 1 or ints > 1 or (ints and rest not in _MAY_HAVE_INT):
        raise KeyError(" ".join(given))
    return _BASIC[rest][signs[0] if signs else 0]


def named(type_: Integer, name: str) -> Integer:
    """The integer under the name of a typedef; `char` and `_Bool` mean more than their bytes and
    keep theirs."""
    if type_.name in ("char", "_Bool"):
        return type_
    return Integer(name, type_.size, type_.is_signed)


_TYPEDEFS: tuple[tuple[Integer, str], ...] = (
    (S8, "s8 __s8 int8_t"),
    (U8, "u8 __u8 uint8_t u_int8_t u_char unchar"),
    (SHORT, "s16 __s16 int16_t"),
    (U16, "u16 __u16 uint16_t u_int16_t __be16 __le16 __sum16 u_short ushort umode_t"),
    (INT, "s32 __s32 int32_t pid_t __kernel_pid_t clockid_t"),
    (U32, "u32 __u32 uint32_t u_int32_t __be32 __le32 __wsum u_int uint uid_t gid_t"),
    (U32, "dev_t gfp_t fmode_t"),
    (S64, "s64 __s64 int64_t loff_t ktime_t time64_t"),
    (U64, "u64 __u64 uint64_t u_int64_t __be64 __le64 sector_t"),
    (LONG, "ssize_t ptrdiff_t intptr_t"),
    (UNSIGNED_LONG, "size_t uintptr_t u_long ulong ino_t"),
    (BOOL, "bool"),
)

STANDARD: dict[str, Integer] = {
    name: named(type_, name) for type_, names in _TYPEDEFS for name in names.split()
}
"""Typedefs of 64-bit kernels since Linux 5.4, by name."""
