"""What a function of a program's text is compiled for: the type of program, its context, its place.

The text alone does not tell: `int f(struct pt_regs *ctx)` becomes a kprobe when it is attached to
one. Where a kernel has no kprobes, what was written for one at a system call becomes a raw
tracepoint program instead.

>>> flavour_of("raw_tracepoint__sched_switch").type
ProgType.RAW_TRACEPOINT
"""

from __future__ import annotations

from seismo.base.dataclass import dataclass
from seismo.base.enum import Enum
from seismo.isa.prog_types import AttachType, ProgType
from seismo.spec.types import ProgramTarget

__all__ = (
    "KPROBE",
    "PERF_EVENT",
    "PREFIXES",
    "RAW_TRACEPOINT",
    "TRACEPOINT",
    "ContextKind",
    "Flavour",
    "flavour_of",
    "split_name",
    "syscall_enter",
    "syscall_exit",
    "tracing",
)


class ContextKind(Enum):
    """What the program's context is, as far as its parameters come from it.

    REGISTERS: `struct pt_regs`, parameters as the machine's calling convention has them.
    SYSCALL_ENTER, SYSCALL_EXIT: `struct bpf_raw_tracepoint_args` of `sys_enter` or `sys_exit`,
    which is to look like the registers of a kprobe or kretprobe at the system call's function.
    ARGUMENTS: an array of u64, parameter number i at 8 * i (fentry, fexit, LSM).
    OWN: whatever the program's type has; there are no parameters but the context itself.
    """

    REGISTERS = "registers"
    SYSCALL_ENTER = "syscall enter"
    SYSCALL_EXIT = "syscall exit"
    ARGUMENTS = "arguments"
    OWN = "own"


@dataclass(frozen=True, slots=True, kw_only=True)
class Flavour:
    """One way to compile a function.

    `target` is what a tracing program is loaded for, `syscall` the number of the system call that
    a program at `sys_enter` or `sys_exit` is about. `returns_zero`: the kernel takes no other
    answer from a program of this type, so the function's own is dropped.
    """

    type: ProgType
    context: ContextKind = ContextKind.OWN
    expected_attach_type: AttachType | None = None
    target: ProgramTarget | None = None
    syscall: int = -1
    returns_zero: bool = False


KPROBE = Flavour(type=ProgType.KPROBE, context=ContextKind.REGISTERS)
"""Also of kretprobes, uprobes and uretprobes."""

TRACEPOINT = Flavour(type=ProgType.TRACEPOINT)
RAW_TRACEPOINT = Flavour(type=ProgType.RAW_TRACEPOINT)
PERF_EVENT = Flavour(type=ProgType.PERF_EVENT)

_TRACING = {
    "kfunc__": AttachType.TRACE_FENTRY,
    "kretfunc__": AttachType.TRACE_FEXIT,
    "kmod_ret__": AttachType.MODIFY_RETURN,
    "fmod_ret__": AttachType.MODIFY_RETURN,
    "lsm__": AttachType.LSM_MAC,
    "bpf_iter__": AttachType.TRACE_ITER,
}

PREFIXES = ("kprobe__", "kretprobe__", "tracepoint__", "raw_tracepoint__", *_TRACING)
"""Those of function names that say where the function belongs."""

_BY_PREFIX = {
    "kprobe__": KPROBE,
    "kretprobe__": KPROBE,
    "tracepoint__": TRACEPOINT,
    "raw_tracepoint__": RAW_TRACEPOINT,
}

_VMLINUX = "vmlinux__"


def split_name(function: str) -> tuple[str, str]:
    """(prefix, the rest) of a function's name; the prefix is '' where it has none of `PREFIXES`.

    >>> split_name("kfunc__vmlinux__vfs_read")
    ('kfunc__', 'vfs_read')
    """
    for prefix in PREFIXES:
        if function.startswith(prefix):
            rest = function.removeprefix(prefix)
            return prefix, rest.removeprefix(_VMLINUX) if prefix in _TRACING else rest
    return "", function


def flavour_of(function: str) -> Flavour:
    """What a function's name says that it is for; a kprobe where it says nothing.

    `kfunc__module__function` is one of a module.
    """
    prefix, place = split_name(function)
    attach_type = _TRACING.get(prefix)
    if attach_type is None:
        return _BY_PREFIX.get(prefix, KPROBE)
    module, _, inner = place.partition("__")
    if module and inner and f"{prefix}{_VMLINUX}" not in function:
        return tracing(attach_type, inner, module)
    return tracing(attach_type, place)


def tracing(attach_type: AttachType, function: str, module: str = "") -> Flavour:
    """A program at a function of the kernel (or of `module`), of LSM or an iterator.

    fentry and fexit since Linux 5.5, LSM and fmod_ret since 5.7, iterators since 5.8.
    """
    is_lsm = attach_type is AttachType.LSM_MAC
    is_iterator = attach_type is AttachType.TRACE_ITER
    name = f"bpf_lsm_{function}" if is_lsm else f"bpf_iter_{function}" if is_iterator else function
    return Flavour(
        type=ProgType.LSM if is_lsm else ProgType.TRACING,
        context=ContextKind.OWN if is_iterator else ContextKind.ARGUMENTS,
        expected_attach_type=attach_type,
        target=ProgramTarget(name, module),
        returns_zero=attach_type in (AttachType.TRACE_FENTRY, AttachType.TRACE_FEXIT),
    )


def syscall_enter(number: int) -> Flavour:
    """What stands for a kprobe at the function of the system call `number`: a program at
    `sys_enter`, which does nothing for others. Since Linux 4.17."""
    return Flavour(type=ProgType.RAW_TRACEPOINT, context=ContextKind.SYSCALL_ENTER, syscall=number)


def syscall_exit(number: int) -> Flavour:
    """What stands for a kretprobe at the function of the system call `number`."""
    return Flavour(type=ProgType.RAW_TRACEPOINT, context=ContextKind.SYSCALL_EXIT, syscall=number)
