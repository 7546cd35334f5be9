"""What it means that the kernel refuses to attach: errno, by what was to be attached, in words.

The kernel has one errno for many reasons, so a text says what is usual; facts from
`kernel/kprobes.c`, `kernel/trace/trace_kprobe.c`, `kernel/events/{core,uprobes,hw_breakpoint}.c`,
`kernel/bpf/{syscall,trampoline}.c` and `arch/x86/kernel/kprobes/core.c`.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, TypeAlias

from seismo.base.errors import SyscallError
from seismo.kernel.abi import ENOTSUPP
from seismo.objects.errors import AttachRefused

__all__ = (
    "BREAKPOINT",
    "COUNTER",
    "ITERATOR",
    "KPROBE",
    "KPROBE_MULTI",
    "PIN",
    "TRAMPOLINE",
    "UPROBE",
    "Reasons",
    "refusals_at",
)

Reasons: TypeAlias = dict[int, tuple[str, str]]
"""By errno: why, and what to do about it."""

_ELSEWHERE = "probe a function that calls it, or one that it calls"
_NO_CALL = "the function may be inlined everywhere, or be called otherwise in this kernel"

KPROBE: Final[Reasons] = {
    errno.ENOENT: ("the kernel has no such function", _NO_CALL),
    errno.EINVAL: (
        "the kernel keeps probes away from there (noinstr, __kprobes, patched code), or the offset "
        "is outside of the function",
        _ELSEWHERE,
    ),
    errno.EILSEQ: (
        "not at the start of an instruction",
        "a disassembly of the function shows the offsets of its instructions",
    ),
    errno.EBUSY: ("something else patches the function (live patching, direct calls)", _ELSEWHERE),
    errno.EADDRNOTAVAIL: (
        "several functions of the kernel are called so",
        "name the function's module, or give its address",
    ),
    errno.EOPNOTSUPP: (
        "the instruction there cannot be run from elsewhere",
        "probe another offset of the function, or its entry",
    ),
    errno.ENODEV: ("the module is not loaded, or is just going", "load the module first"),
}
KPROBE_MULTI: Final[Reasons] = {
    errno.ESRCH: (
        "one of the functions is not among those that can be traced",
        "available_filter_functions of tracefs lists those that can",
    ),
    errno.EOPNOTSUPP: (
        "this kernel has no links to many functions",
        "the kernel needs CONFIG_FPROBE",
    ),
    errno.EINVAL: (
        "this kernel has no links to many functions, or cannot trace one of these",
        "it takes Linux 5.18 and CONFIG_FPROBE",
    ),
}
TRAMPOLINE: Final[Reasons] = {
    errno.EBUSY: (
        "the function's entry is not prepared for tracing (notrace), or is in use",
        _ELSEWHERE,
    ),
    errno.E2BIG: (
        "the function has as many programs as the kernel attaches to one (38)",
        "close other tracers of this function, or use a kprobe",
    ),
    ENOTSUPP: ("this kernel cannot call programs from its functions", "use a kprobe"),
    errno.ENOENT: ("the function has no address in this kernel", _NO_CALL),
}
UPROBE: Final[Reasons] = {
    errno.ENOENT: ("there is no such file", ""),
    errno.EINVAL: (
        "the offset is beyond the file's end, the file is not a regular one, or another probe "
        "there has another semaphore",
        "",
    ),
    errno.EIO: (
        "the file's file system, or the instruction there, cannot be probed",
        "copy the file to another file system, or probe another instruction",
    ),
    ENOTSUPP: (
        "the instruction there cannot be probed",
        "probe another instruction; is the file for this processor?",
    ),
    errno.ESRCH: ("there is no such process", ""),
    errno.EOPNOTSUPP: (
        "this kernel has no links to many places",
        "it takes Linux 6.6 and CONFIG_UPROBES",
    ),
}
_NO_COUNTER = (
    "this machine does not count such events",
    "virtual machines seldom have the processor's counters: use a software event, or cpu-clock",
)
COUNTER: Final[Reasons] = {
    errno.ENOENT: _NO_COUNTER,
    errno.EOPNOTSUPP: _NO_COUNTER,
    errno.ENODEV: _NO_COUNTER,
    errno.EBUSY: ("another tracer has taken the counter", "end it, or count another event"),
    errno.ESRCH: ("there is no such process", ""),
}
BREAKPOINT: Final[Reasons] = {
    errno.ENOSPC: (
        "the processor's breakpoints are all in use",
        "a processor has four of them (x86): watch fewer places, or end other debuggers",
    ),
    errno.EINVAL: (
        "the processor cannot watch this",
        "the address must be a multiple of the length; on x86 the modes are w, rw and x, and x "
        "takes a length of 8",
    ),
    errno.ENOENT: ("this machine has no breakpoints", ""),
    errno.EOPNOTSUPP: ("this machine has no breakpoints", ""),
    errno.ESRCH: ("there is no such process", ""),
}
ITERATOR: Final[Reasons] = {
    errno.EBADF: (
        "this iterator goes over the parts of one object, which nothing here names",
        "use one that goes over all objects, such as task, task_file or task_vma",
    ),
}
_NO_BPFFS = (
    "the path is not on a BPF file system",
    "mount one: mount -t bpf bpf /sys/fs/bpf",
)
PIN: Final[Reasons] = {
    errno.EPERM: _NO_BPFFS,
    errno.EINVAL: _NO_BPFFS,
    errno.ENOENT: ("the directory is not there", "mount -t bpf bpf /sys/fs/bpf, or mkdir"),
    errno.EEXIST: ("there is such a file already", "remove it, or choose another name"),
}


@contextmanager
def refusals_at(place: str, reasons: Reasons) -> Iterator[None]:
    """Within it a `SyscallError` becomes an `AttachRefused` at `place`."""
    try:
        yield
    except AttachRefused:
        raise
    except SyscallError as error:
        why, hint = reasons.get(error.errno or 0, ("", ""))
        raise AttachRefused(place, error, why, hint) from error
