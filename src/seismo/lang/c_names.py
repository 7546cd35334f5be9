"""Names of integers in C that mean the same on every 64-bit Linux: `unsigned long`, `__u32`.

>>> str(c_integer("long unsigned int"))
'uint64'

Names that mean something else in the kernel than in user space (`dev_t`) are not among them.
"""

from __future__ import annotations

from seismo.lang.types import IntType

__all__ = ("C_INTEGER_NAMES", "C_WORDS", "c_integer")

C_WORDS = frozenset(("char", "int", "long", "short", "signed", "unsigned"))
"""The keywords that integers are spelled with, in any order."""

# (bits, signed) by the keywords in alphabetic order, without an `int` that adds nothing.
_SPELLINGS = {
    "char": (8, True),
    "char signed": (8, True),
    "char unsigned": (8, False),
    "short": (16, True),
    "short signed": (16, True),
    "short unsigned": (16, False),
    "int": (32, True),
    "signed": (32, True),
    "unsigned": (32, False),
    "long": (64, True),
    "long signed": (64, True),
    "long unsigned": (64, False),
    "long long": (64, True),
    "long long signed": (64, True),
    "long long unsigned": (64, False),
}

# include/uapi/asm-generic/{int-l64,posix_types}.h, include/linux/types.h.
_TYPEDEFS = {
    "aio_context_t": (64, False),
    "clockid_t": (32, True),
    "gid_t": (32, False),
    "ino_t": (64, False),
    "intptr_t": (64, True),
    "key_serial_t": (32, True),
    "key_t": (32, True),
    "loff_t": (64, True),
    "mode_t": (32, False),
    "mqd_t": (32, True),
    "off_t": (64, True),
    "pid_t": (32, True),
    "ptrdiff_t": (64, True),
    "qid_t": (32, False),
    "rwf_t": (32, True),
    "size_t": (64, False),
    "ssize_t": (64, True),
    "time_t": (64, True),
    "timer_t": (32, True),
    "uid_t": (32, False),
    "uint": (32, False),
    "uintptr_t": (64, False),
    "ulong": (64, False),
    "umode_t": (16, False),
    "ushort": (16, False),
} | {
    form.format(bits): (bits, signed)
    for bits in (8, 16, 32, 64)
    for signed, forms in (
        (True, ("s{}", "__s{}", "int{}_t")),
        (False, ("u{}", "__u{}", "uint{}_t", "u_int{}_t", "__be{}", "__le{}")),
    )
    for form in forms
}

C_INTEGER_NAMES = frozenset(_TYPEDEFS)
"""The names that are one word and no keyword."""


def c_integer(spelling: str) -> IntType:
    """The integer that a typedef's name or keywords in any order mean; KeyError."""
    if found := _TYPEDEFS.get(spelling):
        return IntType(*found)
    words = sorted(spelling.split())
    if len(words) > 1 and words.count("int") == 1 and "char" not in words:
        words.remove("int")
    return IntType(*_SPELLINGS[" ".join(words)])
