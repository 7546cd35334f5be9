"""Clocks: `nsecs`, `elapsed`; times as text: `strftime`, `time`."""

from __future__ import annotations

from seismo.base.dataclass import replace
from seismo.base.diagnostics import did_you_mean
from seismo.builtin.portable import run_value
from seismo.builtin.record import Builtin, Lowering, Writer, value_writer
from seismo.events.kinds import Action
from seismo.ir.ops import BinaryKind, Value
from seismo.lang.ast import Call, Name
from seismo.lang.signature import CallContext, Param, Signature
from seismo.lang.types import UINT64, VOID, IntType, SymbolicType, Type

__all__ = ("BUILTINS", "ELAPSED", "NSECS", "STRFTIME", "TIME", "lower_clock")

_BOOT, _MONOTONIC, _TAI, _SW_TAI = _CLOCKS = ("boot", "monotonic", "tai", "sw_tai")
_HELPERS = {_BOOT: "ktime_get_boot_ns", _MONOTONIC: "ktime_get_ns", _TAI: "ktime_get_tai_ns"}
_DEFAULT_TIME = "%H:%M:%S\n"


def lower_clock(low: Lowering, clock: str) -> Value:
    """The time now in ns, by a clock that `nsecs` knows."""
    if clock != _SW_TAI:
        return low.b.call(_HELPERS[clock])
    boot = low.b.call(_HELPERS[_BOOT])
    return low.b.add(boot, run_value(low.b, low.options, "tai_offset_ns"))


def _clock(call: Call) -> str:
    match call.args:
        case (Name(name), *_):
            return name
        case _:
            return _BOOT


def _check_nsecs(call: Call, types: tuple[Type, ...], context: CallContext) -> Type:
    clock = _clock(call)
    if clock in _CLOCKS:
        return UINT64 if clock == _BOOT else replace(UINT64, clock=clock)
    hint = did_you_mean(clock, _CLOCKS) or f"the clocks are {', '.join(_CLOCKS)}"
    context.error(call.args[0].span, f"unknown clock '{clock}'", hint)
    return UINT64


def _lower_nsecs(low: Lowering, call: Call) -> Value:
    return lower_clock(low, _clock(call))


def _lower_elapsed(low: Lowering, _: Call) -> Value:
    started = run_value(low.b, low.options, "started_ns")
    return low.b.binary(BinaryKind.SUB, lower_clock(low, _BOOT), started)


def _check_strftime(call: Call, types: tuple[Type, ...], context: CallContext) -> Type:
    clock = types[1].clock if isinstance(types[1], IntType) else ""
    format_ = call.args[0]
    text = context.constant(format_) if context.is_constant(format_) else ""
    return SymbolicType("timestamp", 8, f"{clock or _BOOT}\0{text}")


def _lower_strftime(low: Lowering, call: Call) -> Writer:
    return value_writer(low, low.scalar(call.args[1]), 8)


def _lower_time(low: Lowering, call: Call) -> None:
    text = str(low.constant(call.args[0])) if call.args else _DEFAULT_TIME
    low.event(Action.TIME, text, [], call.span)


NSECS = Builtin(
    Signature(
        name="nsecs",
        params=(Param("clock", ("word",), optional=True),),
        returns=UINT64,
        check=_check_nsecs,
        is_variable=True,
    ),
    "Nanoseconds by a clock of the kernel's: `boot` (since boot, time asleep included; the "
    "default; Linux 5.8), `monotonic` (without time asleep), `tai` (International Atomic Time; "
    "Linux 6.1), `sw_tai` (the same on any kernel: `boot` and the difference at seismo's start).",
    _lower_nsecs,
    "tracepoint:raw_syscalls:sys_enter { @start[tid] = nsecs; }\n"
    "tracepoint:raw_syscalls:sys_exit /@start[tid]/ {\n"
    "    @ns = hist(nsecs - @start[tid]);\n"
    "    delete(@start, tid);\n"
    "}",
)
ELAPSED = Builtin(
    Signature(name="elapsed", returns=UINT64, is_variable=True),
    "Nanoseconds since seismo started, time asleep included.",
    _lower_elapsed,
    'interval:s:1 { printf("%d ms\\n", elapsed / 1ms); }',
)
STRFTIME = Builtin(
    Signature(
        name="strftime",
        params=(Param("format", ("string",), literal=True), Param("time", ("int",))),
        returns=SymbolicType("timestamp", 8),
        check=_check_strftime,
    ),
    "A time of `nsecs`, of whatever clock, as local time by a format of strftime(3); `%f` is "
    "microseconds. Made where it is printed.",
    _lower_strftime,
    'interval:s:1 { printf("%s\\n", strftime("%H:%M:%S.%f", nsecs)); }',
)
TIME = Builtin(
    Signature(
        name="time",
        params=(Param("format", ("string",), optional=True, literal=True),),
        returns=VOID,
        is_statement=True,
    ),
    "Prints the local time at which user space comes to it, by a format of strftime(3), "
    '"%H:%M:%S\\n" unless given.',
    _lower_time,
    'interval:s:1 { time("%H:%M:%S  "); print(@); @ = 0; }',
)

BUILTINS = (NSECS, ELAPSED, STRFTIME, TIME)
