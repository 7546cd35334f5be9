"""`Signature`: names and C types of a system call's arguments, as they ship with seismo.

>>> shipped_signatures("x86_64")["openat"][0]
('dfd', 'int')
"""

from __future__ import annotations

from functools import cache
from typing import TypeAlias

from seismo.audit.catalog.meaning import meanings
from seismo.engine.syscall_table import ENTER, SyscallFormats, system_call_names
from seismo.lang.syscall_names import SYSCALLS

__all__ = ("Signature", "parse_signature", "shipped_signatures")

Signature: TypeAlias = tuple[tuple[str, str], ...]
"""(name, C type) of each argument."""

# From the SYSCALL_DEFINE of kernels that had them: Linux 6.6, and x86's for 32-bit programs.
_FORMER = """
lookup_dcookie(u64 cookie64, char * buf, size_t len)
set_thread_area(struct user_desc * u_info)
get_thread_area(struct user_desc * u_info)
"""


@cache
def shipped_signatures(machine: str) -> dict[str, Signature]:
    """By the names of unistd.h, each call that has a meaning; those of which no kernel tells have
    `arg0` and so on.

    NotSupported for a machine that is neither x86_64 nor aarch64.
    """
    formats, names = SyscallFormats(machine), SYSCALLS[machine]
    found = dict(map(parse_signature, _FORMER.split("\n")[1:-1]))
    for number, called in system_call_names(machine).items():
        fields = formats[ENTER + called].fields[1:]
        found[names[number]] = tuple([(one.name, one.c_type) for one in fields])
    for name, meaning in meanings().items():
        if name not in found:
            places = range(len(meaning.arguments))
            found[name] = tuple([(f"arg{place}", "unsigned long") for place in places])
    return found


def parse_signature(line: str) -> tuple[str, Signature]:
    """(name, arguments) of `close(unsigned int fd)`."""
    name, _, rest = line.rstrip(")").partition("(")
    pairs = [one.rpartition(" ") for one in rest.split(", ") if one]
    return name, tuple([(argument, c_type) for c_type, _, argument in pairs])
