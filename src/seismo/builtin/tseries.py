"""`tseries`: numbers by the interval of time in which they came.

Intervals are counted from the epoch of International Atomic Time, which is never set back. One that
is over is forgotten when its bucket is used again, `num` intervals later.
"""

from __future__ import annotations

from collections.abc import Callable

from seismo.base.diagnostics import did_you_mean
from seismo.base.layout import U64, Layout
from seismo.builtin.aggregate import COMBINE, NUMBER, is_signed, number_form, number_type
from seismo.builtin.record import Aggregate, Lowering, Update
from seismo.builtin.time import lower_clock
from seismo.ir.ops import BinaryKind, Cond, Value
from seismo.lang.ast import Call
from seismo.lang.signature import CallContext, Param, Signature
from seismo.lang.types import INT64, AggregateType, Type

__all__ = ("AGGREGATES", "MAX_INTERVALS", "TSERIES")

MAX_INTERVALS = 1_000_000

_VALUE, _META, _EPOCH = 0, 8, 16


def _share(type_: AggregateType) -> Layout:
    """`epoch` is the interval's number. `meta` is when `value` came, if the last one counts, else
    how many numbers `value` is made of (for extremes: 1)."""
    return Layout.of("tseries", [("value", number_form(type_)), ("meta", U64), ("epoch", U64)])


def _check(call: Call, types: tuple[Type, ...], context: CallContext) -> Type:
    _check_stability(call, context)
    value = number_type(types[0])
    if not all(context.is_constant(one) for one in call.args[1:]):
        return AggregateType("tseries", value, (1, 1, ""))  # reported already: they are literals
    interval, intervals = (int(context.constant(one)) for one in call.args[1:3])
    if interval < 1:
        context.error(
            call.args[1].span,
            f"an interval of tseries() must be at least 1 ns, not {interval}",
            hint="durations are written 100ms, 1s",
        )
    if not 1 <= intervals <= MAX_INTERVALS:
        context.error(
            call.args[2].span,
            f"tseries() keeps 1 to {MAX_INTERVALS} intervals, not {intervals}",
        )
    function = str(context.constant(call.args[3])) if len(call.args) > 3 else ""
    if len(call.args) > 3 and function not in COMBINE:
        hint = did_you_mean(function, COMBINE) or f"write one of {', '.join(sorted(COMBINE))}"
        context.error(call.args[3].span, f'tseries() cannot aggregate by "{function}"', hint)
    return AggregateType("tseries", value, (interval, intervals, function))


def _check_stability(call: Call, context: CallContext) -> None:
    hint = "config = { unstable_tseries = enable } allows it"
    match context.config.unstable_tseries:
        case "error":
            context.error(call.name_span, "tseries() is not allowed: it is unstable", hint)
        case "warn":
            context.warning(call.name_span, "tseries() is unstable: it may change", hint)


def _update(low: Lowering, call: Call) -> Update:
    b, signed = low.b, is_signed(low, call)
    number = low.scalar(call.args[0])
    interval, intervals = (low.constant(one) for one in call.args[1:3])
    now = lower_clock(low, "sw_tai")
    epoch = b.binary(BinaryKind.DIV, now, b.const(int(interval)))
    bucket = b.binary(BinaryKind.MOD, epoch, b.const(int(intervals)))

    def restart(share: Value) -> None:
        b.store(share, _VALUE, b.const(0), 8)
        b.store(share, _META, b.const(0), 8)
        b.store(share, _EPOCH, epoch, 8)

    def replace(share: Value) -> None:
        b.store(share, _VALUE, number, 8)
        b.store(share, _META, now, 8)

    def combine(share: Value) -> None:
        COMBINE[str(low.constant(call.args[3]))](low, share, number, signed)

    def apply(share: Value) -> None:
        last = b.load(share, _EPOCH, 8)
        b.when(Cond.LT, last, epoch, lambda: restart(share))
        put(share)

    put: Callable[[Value], None] = combine if len(call.args) > 3 else replace
    return Update(apply, bucket)


TSERIES = Aggregate(
    signature=Signature(
        name="tseries",
        params=(
            NUMBER,
            Param("interval", ("int",), literal=True),
            Param("num", ("int",), literal=True),
            Param("function", ("string",), optional=True, literal=True),
        ),
        returns=AggregateType("tseries", INT64, (1, 1, "")),
        check=_check,
        is_aggregate=True,
    ),
    doc="A time series: `@m[key] = tseries(n, interval_ns, num)` keeps the last number of each of "
    "the `num` latest intervals, or with a fourth argument their `avg`, `max`, `min` or `sum`.",
    reduction="tseries",
    share=_share,
    update=_update,
    has_buckets=True,
    example='interval:ms:10 { @ = tseries(rand % 10, 100ms, 20, "max"); }',
)

AGGREGATES = (TSERIES,)
