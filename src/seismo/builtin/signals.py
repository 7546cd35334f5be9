"""Signals to what is traced: `signal`, `signal_thread`."""

from __future__ import annotations

from collections.abc import Callable

from seismo.base.diagnostics import did_you_mean
from seismo.builtin.record import Builtin, Lowering
from seismo.ir.ops import Cond
from seismo.lang.ast import Call
from seismo.lang.signature import CallContext, Param, Signature
from seismo.lang.types import VOID, Type

__all__ = ("BUILTINS", "SIGNAL", "SIGNAL_THREAD")

_MOST = 64  # include/uapi/asm-generic/signal.h: _NSIG
_NAMES = (
    *("HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2"),
    *("PIPE", "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG"),
    *("XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS"),
)
_NUMBERS = {f"SIG{name}": number for number, name in enumerate(_NAMES, 1)}
_NUMBERS |= {"SIGIOT": _NUMBERS["SIGABRT"], "SIGPOLL": _NUMBERS["SIGIO"]}

_KINDS = (
    *("kprobe", "kretprobe", "fentry", "fexit", "uprobe", "uretprobe", "usdt"),
    *("tracepoint", "rawtracepoint", "profile", "software", "hardware", "watchpoint"),
)
"""Where the current task is what is traced."""


def _number(text: str) -> int:
    """The number of a signal's name, with or without SIG; KeyError."""
    return _NUMBERS[text if text.startswith("SIG") else f"SIG{text}"]


def _check_signal(call: Call, types: tuple[Type, ...], context: CallContext) -> Type:
    signal = call.args[0]
    if not context.is_constant(signal):
        return VOID
    value = context.constant(signal)
    if isinstance(value, str):
        try:
            _number(value)
        except KeyError:
            hint = did_you_mean(value, _NUMBERS) or "kill -l lists the names and numbers"
            context.error(signal.span, f"no signal is called '{value}'", hint)
    elif not 1 <= value <= _MOST:
        context.error(signal.span, f"no signal has the number {value}", f"they are 1 to {_MOST}")
    return VOID


def _lower(helper: str) -> Callable[[Lowering, Call], None]:
    def lower(low: Lowering, call: Call) -> None:
        b, signal = low.b, call.args[0]
        value = low.constant(signal) if low.is_constant(signal) else None
        number = b.const(_number(value)) if isinstance(value, str) else low.scalar(signal)
        result = b.call(helper, number)
        failed = result, b.const(0)
        b.when(Cond.SLT, *failed, lambda: low.fault("helper", helper, result, call.span))

    return lower


def _signature(name: str) -> Signature:
    return Signature(
        name=name,
        params=(Param("signal", ("int", "string")),),
        returns=VOID,
        check=_check_signal,
        is_statement=True,
        is_unsafe=True,
        probe_kinds=_KINDS,
    )


SIGNAL = Builtin(
    _signature("signal"),
    "Sends a signal, by name or number, to the current process: any of its threads may take it. "
    "A failure is counted. Since Linux 5.3 (`bpf_send_signal`).",
    _lower("send_signal"),
    'tracepoint:syscalls:sys_enter_openat /comm == "guinea"/ { signal("SIGSTOP"); }',
)
SIGNAL_THREAD = Builtin(
    _signature("signal_thread"),
    "Sends a signal, by name or number, to the current thread. A failure is counted. Since Linux "
    "5.6 (`bpf_send_signal_thread`).",
    _lower("send_signal_thread"),
    'tracepoint:syscalls:sys_enter_openat /comm == "guinea"/ { signal_thread("SIGUSR1"); }',
)

BUILTINS = (SIGNAL, SIGNAL_THREAD)
