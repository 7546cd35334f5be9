"""Names as BCC's users write them: `str` or `bytes`, and functions of system calls."""

from __future__ import annotations

import os
from typing import TypeAlias

from seismo.bcc.machine import machine

__all__ = (
    "SYSCALL_PREFIXES",
    "Name",
    "as_text",
    "syscall_call",
    "syscall_prefix",
)

Name: TypeAlias = str | bytes

SYSCALL_PREFIXES = (
    *("__x64_sys_", "__x32_compat_sys_", "__ia32_compat_sys_", "__arm64_sys_"),
    *("__s390x_sys_", "__s390_sys_", "__riscv_sys_", "sys_"),
)
"""What kernels put before a system call's name to name its function."""

_WRAPPERS = {"x86_64": "__x64_sys_", "aarch64": "__arm64_sys_"}
_PLAIN = "sys_"
_ANY_CALL = "bpf"


def as_text(name: Name) -> str:
    """A name that may have been given as bytes."""
    return os.fsdecode(name)


def syscall_prefix() -> str:
    """What this kernel puts before a system call's name: `__x64_sys_`, before Linux 4.17 `sys_`."""
    view = machine().view
    wrapper = _WRAPPERS.get(view.machine(), _PLAIN)
    return wrapper if view.function(wrapper + _ANY_CALL) else _PLAIN


def syscall_call(function: str) -> str:
    """The system call that a function is of, '' if it is of none: `__x64_sys_clone` is of `clone`.

    Before Linux 4.17 and where a text says `sys_clone` that is the one of any kernel.
    """
    for prefix in SYSCALL_PREFIXES:
        if function.startswith(prefix):
            return function.removeprefix(prefix)
    return ""
