"""Stacks of the kernel and of processes, symbols of processes: `kstack ustack dw_ustack usym`."""

from __future__ import annotations

from collections.abc import Callable

from seismo.base.diagnostics import did_you_mean
from seismo.base.errors import CompilerBug
from seismo.builtin.process import PID
from seismo.builtin.record import Address, Builtin, Lowering, Writer
from seismo.builtin.stack_sample import (
    STACK_LEAST_BYTES,
    STACK_MOST_BYTES,
    sample_bytes,
    sample_writer,
)
from seismo.events.stack import (
    BUILD_ID_BYTES,
    FRAME_BYTES,
    HEADER_BYTES,
    KERNEL_STACK,
    SAMPLED_STACK,
    USER_STACK,
)
from seismo.ir.ops import BinaryKind, Cond, Value
from seismo.lang.ast import Call, Expr, Name
from seismo.lang.config import Config
from seismo.lang.signature import CallContext, CheckCall, Param, Signature
from seismo.lang.typed import Constant
from seismo.lang.types import SymbolicType, Type

__all__ = ("BUILTINS", "DW_USTACK", "KSTACK", "USTACK", "USYM", "frame_count", "is_stack")

_KERNEL_MODES = ("bpftrace", "perf", "raw")
_USER_MODES = (*_KERNEL_MODES, "build_id")
_DEFAULT_LIMIT, _MOST_FRAMES = 127, 1024
_BPF_F_USER_STACK, _BPF_F_USER_BUILD_ID = 1 << 8, 1 << 11  # include/uapi/linux/bpf.h
_PID_BYTES, _USYM_BYTES = 4, 16
_OUTSIDE = ("test", "bench")
_OUTSIDE_KERNEL = (
    *("profile", "interval", "software", "hardware", "watchpoint"),
    *("uprobe", "uretprobe", "usdt"),
)
"""Where a program may have interrupted, or always interrupts, a process outside of the kernel."""


def is_stack(type_: Type) -> bool:
    """Whether values of the type are stacks."""
    return isinstance(type_, SymbolicType) and type_.kind in (KERNEL_STACK, USER_STACK)


def frame_count(low: Lowering, stack: Address) -> Value:
    """How many frames a stack in own memory has."""
    return low.b.load(stack.base, stack.offset + _PID_BYTES, HEADER_BYTES - _PID_BYTES)


def _wanted(call: Call, config: Config, constant: Callable[[Expr], Constant]) -> tuple[str, int]:
    """The mode and the limit: `kstack`, `kstack(limit)`, `kstack(mode)`, `kstack(mode, limit)`."""
    mode, limit = config.stack_mode, _DEFAULT_LIMIT
    for argument in call.args:
        if isinstance(argument, Name):
            mode = argument.name
        else:
            limit = int(constant(argument))
    return mode, limit


def _frame_bytes(mode: str) -> int:
    return BUILD_ID_BYTES if mode == "build_id" else FRAME_BYTES


def _check_kstack(call: Call, types: tuple[Type, ...], context: CallContext) -> Type:
    return _stack_type(KERNEL_STACK, *_checked(_KERNEL_MODES, call, context))


def _check_ustack(call: Call, types: tuple[Type, ...], context: CallContext) -> Type:
    return _stack_type(USER_STACK, *_checked(_USER_MODES, call, context))


def _check_dw_ustack(call: Call, types: tuple[Type, ...], context: CallContext) -> Type:
    hint = "config = { unstable_dw_ustack = enable } allows it"
    match context.config.unstable_dw_ustack:
        case "error":
            context.error(call.span, "dw_ustack is not allowed: it is unstable", hint)
        case "warn":
            context.warning(call.span, "dw_ustack is unstable: it may change", hint)
    mode, _ = _checked(_KERNEL_MODES, call, context)
    size = sample_bytes(context.place.machine) if context.place else 0
    return SymbolicType(SAMPLED_STACK, size, mode)


def _checked(modes: tuple[str, ...], call: Call, context: CallContext) -> tuple[str, int]:
    """The mode and the limit, after complaints about them."""
    mode, limit = _wanted(call, context.config, context.constant)
    named = call.args[0] if call.args else call
    if len(call.args) > 1 and not isinstance(named, Name):
        hint = f"write {call.name}({mode}, {limit})"
        context.error(named.span, f"the mode of {call.name}() comes before the limit", hint)
    if mode not in modes:
        hint = did_you_mean(mode, modes) or f"its modes are {', '.join(modes)}"
        context.error(named.span, f"{call.name} has no mode '{mode}'", hint)
    if not 0 < limit <= _MOST_FRAMES:
        hint = f"it can be 1 to {_MOST_FRAMES}"
        context.error(call.args[-1].span, f"the limit of {call.name}() is {limit} frames", hint)
        limit = _DEFAULT_LIMIT
    if context.probe_kind in _OUTSIDE:
        hint = "it runs on its own, not where the kernel or a process was"
        message = f"there is no stack in a probe of kind {context.probe_kind}"
        context.error(call.span, message, hint)
    return mode, limit


def _stack_type(kind: str, mode: str, limit: int) -> SymbolicType:
    return SymbolicType(kind, HEADER_BYTES + limit * _frame_bytes(mode), mode)


def _lower_kstack(low: Lowering, call: Call) -> Writer:
    return _stack_writer(low, call, low.b.const(0), 0)


def _lower_ustack(low: Lowering, call: Call) -> Writer:
    return _stack_writer(low, call, _process(low, call), _BPF_F_USER_STACK)


def _lower_dw_ustack(low: Lowering, call: Call) -> Writer:
    _, limit = _wanted(call, low.config, low.constant)
    return sample_writer(low, _process(low, call), limit, call.span)


def _stack_writer(low: Lowering, call: Call, pid: Value, flags: int) -> Writer:
    """The helper writes where the stack belongs, with zeros behind the last frame; where it fails,
    it leaves zeros alone (kernel/bpf/stackmap.c: __bpf_get_stack())."""
    mode, limit = _wanted(call, low.config, low.constant)
    if mode == "build_id":
        flags |= _BPF_F_USER_BUILD_ID
    frame_bytes = _frame_bytes(mode)
    size = limit * frame_bytes
    is_never_empty = not flags and low.place.kind.name not in _OUTSIDE_KERNEL

    def write(to: Address) -> Value:
        b, used = low.b, low.fresh("frames")
        b.span = call.span
        frames = low.address(to.at(HEADER_BYTES))
        written = b.call("get_stack", b.context, frames, b.const(size), b.const(flags))
        b.write(used, written)

        def failed() -> None:
            low.fault("stack" if is_never_empty else "helper", "get_stack", written, call.span)
            b.write(used, b.const(0))

        b.when(Cond.SLE if is_never_empty else Cond.SLT, written, b.const(0), failed)
        count = b.binary(BinaryKind.DIV, b.read(used), b.const(frame_bytes))
        b.store(to.base, to.offset, pid, _PID_BYTES)
        b.store(to.base, to.offset + _PID_BYTES, count, HEADER_BYTES - _PID_BYTES)
        return b.add(b.read(used), b.const(HEADER_BYTES))

    return write


def _process(low: Lowering, call: Call) -> Value:
    """The id of the process as user space sees it, to look its symbols up by."""
    pid = PID.lower(low, Call(PID.name, (), call.span, call.span))
    if not isinstance(pid, Value):
        raise CompilerBug("types", f"{PID.name} does not fit a register")
    return pid


def _lower_usym(low: Lowering, call: Call) -> Writer:
    address, pid = low.scalar(call.args[0]), _process(low, call)

    def write(to: Address) -> Value:
        low.b.store(to.base, to.offset, address, 8)
        low.b.store(to.base, to.offset + 8, pid, 8)
        return low.b.const(_USYM_BYTES)

    return write


def _signature(
    name: str, kind: str, check: CheckCall, *, is_only_printed: bool = False
) -> Signature:
    return Signature(
        name=name,
        params=(
            Param("mode", ("word", "int"), optional=True, literal=True),
            Param("limit", ("word", "int"), optional=True, literal=True),
        ),
        returns=SymbolicType(kind, HEADER_BYTES + _DEFAULT_LIMIT * FRAME_BYTES),
        check=check,
        is_variable=True,
        needs_context=True,
        is_only_printed=is_only_printed,
    )


_FORMS = (
    "As `name(limit)` it has that many frames at most (127; no more than the sysctl "
    "kernel.perf_event_max_stack allows), as `name(mode)` or `name(mode, limit)` it is written in "
    "another mode than the setting stack_mode says"
)

KSTACK = Builtin(
    _signature("kstack", KERNEL_STACK, _check_kstack),
    "The stack of the kernel, innermost function first; symbols are looked up where it is printed. "
    f"{_FORMS.replace('name', 'kstack')}: `bpftrace`, `perf` or `raw`. Since Linux 4.18.",
    _lower_kstack,
    "tracepoint:sched:sched_switch { @[kstack(3)] = count(); }",
)
USTACK = Builtin(
    _signature("ustack", USER_STACK, _check_ustack),
    "The stack of the current process, found by frame pointers: programs and libraries compiled "
    f"without them end it early. {_FORMS.replace('name', 'ustack')}: `bpftrace`, `perf`, `raw` or "
    "`build_id`. Symbols are those of the files that the process had mapped, also when it has "
    "ended meanwhile. Since Linux 4.18.",
    _lower_ustack,
    "tracepoint:syscalls:sys_enter_write { @[comm, ustack(perf, 8)] = count(); }",
)
DW_USTACK = Builtin(
    _signature("dw_ustack", SAMPLED_STACK, _check_dw_ustack, is_only_printed=True),
    "The stack of the current thread as the call frame information of its files (`.eh_frame`) "
    "tells it, which compilers write whether or not there are frame pointers. The program copies "
    f"the registers and {STACK_LEAST_BYTES >> 10} to {STACK_MOST_BYTES >> 10} KiB of the stack, "
    "and user space finds the frames in that: each use costs as much room in the ring, and time; "
    "what is deeper is not seen, nor what is behind code that tells nothing of its frames. So "
    "it can only be printed, by itself or in a tuple; it is no key and no value. "
    f"{_FORMS.replace('name', 'dw_ustack')}: `bpftrace`, `perf` or `raw`. The setting "
    "unstable_dw_ustack allows it, warns or refuses it. Since Linux 5.15.",
    _lower_dw_ustack,
    'uprobe:libc:malloc /comm == "cc1"/ { print(dw_ustack); }',
)
USYM = Builtin(
    Signature(
        name="usym",
        params=(Param("address", ("int", "pointer")),),
        returns=SymbolicType("usym_t", _USYM_BYTES),
    ),
    "The symbol that an address in the current process belongs to, looked up where it is printed.",
    _lower_usym,
    "tracepoint:syscalls:sys_enter_write { @[usym(args.buf)] = count(); }",
)

BUILTINS = (KSTACK, USTACK, DW_USTACK, USYM)
