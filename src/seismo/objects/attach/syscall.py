"""Programs at the functions of system calls, whose names depend on kernel and machine."""

from __future__ import annotations

import os

from seismo.base.diagnostics import did_you_mean
from seismo.base.errors import SyscallError
from seismo.kernel.errors import NotInKernel
from seismo.kernel.protocol import Kernel
from seismo.kernel.tracefs import Tracefs
from seismo.objects.attach.kprobe import attach_kprobe
from seismo.objects.link import Link
from seismo.objects.program import Program
from seismo.spec.object_attach import SyscallAttach
from seismo.spec.types import KprobeAttach

__all__ = ("attach_syscall", "syscall_functions")

# Since Linux 4.17 (CONFIG_ARCH_HAS_SYSCALL_WRAPPER): their only argument is the caller's pt_regs.
_WRAPPERS = {"x86_64": "__x64_sys_", "aarch64": "__arm64_sys_"}
# Without wrappers, before Linux 4.17, and where a call is no SYSCALL_DEFINE.
_DIRECT = ("__se_sys_", "SyS_", "sys_")
_TRACEPOINT = "sys_enter_"


def attach_syscall(program: Program, at: SyscallAttach, kernel: Kernel, tracefs: Tracefs) -> Link:
    """Run `program` at a system call's function, by the first of its names that the kernel has.

    Raises `NotInKernel`, with a near name, when the kernel has none.
    """
    for function in syscall_functions(at.name, os.uname().machine):
        where = KprobeAttach(function, is_return=at.is_return, cookie=at.cookie)
        try:
            return attach_kprobe(program, where, kernel, tracefs)
        except NotInKernel:
            continue
    raise NotInKernel("system call", at.name, _near(at.name, tracefs))


def syscall_functions(name: str, machine: str) -> tuple[str, ...]:
    """What kernels call the function of a system call, today's name first."""
    wrapper = _WRAPPERS.get(machine, "")
    return tuple([prefix + name for prefix in (wrapper, *_DIRECT) if prefix])


def _near(name: str, tracefs: Tracefs) -> str:
    try:
        known = [one.partition(":")[2] for one in tracefs.events() if _TRACEPOINT in one]
    except SyscallError:
        return ""
    return did_you_mean(name, [one.removeprefix(_TRACEPOINT) for one in known])
