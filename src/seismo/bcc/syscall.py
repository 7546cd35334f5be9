"""`bcc.syscall`: system calls by number."""

from __future__ import annotations

from seismo.bcc.machine import machine
from seismo.lang.syscall_names import SYSCALLS

__all__ = ("syscall_name", "syscalls")

syscalls: dict[int, bytes] = {
    number: name.encode()
    for number, name in enumerate(SYSCALLS.get(machine().view.machine(), ()))
    if name
}
"""The names of this machine's system calls, as unistd.h has them."""


def syscall_name(syscall_num: int) -> bytes:
    """The name of a system call, `[unknown: N]` for a number that is none."""
    return syscalls.get(syscall_num) or b"[unknown: %d]" % syscall_num
