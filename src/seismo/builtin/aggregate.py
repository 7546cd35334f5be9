"""Functions that aggregate numbers in a map: `count sum min max avg stats`.

Each CPU has a share of its own, so that updates need no locks; user space, or a program that reads
the map, makes one value of the shares. Additions are atomic all the same: another program may
interrupt this one between a plain load and store (a timer on the same CPU), and counts must be
exact.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from seismo.base.layout import S64, U64, FieldType, Layout
from seismo.builtin.record import Aggregate, Lowering, Update
from seismo.ir.ops import Cond, Value
from seismo.lang.ast import Call
from seismo.lang.signature import CallContext, CheckCall, Param, Signature
from seismo.lang.types import INT64, UINT64, AggregateType, IntType, Type

__all__ = (
    "AGGREGATES",
    "AVG",
    "COMBINE",
    "COUNT",
    "MAX",
    "MIN",
    "NUMBER",
    "STATS",
    "SUM",
    "Combine",
    "is_signed",
    "number_form",
    "number_type",
)

NUMBER = Param("value", ("int",))
"""What is aggregated."""

Combine: TypeAlias = Callable[[Lowering, Value, Value, bool], None]
"""Makes a number part of a share of two words, whether or not it is signed."""

_AMOUNT, _NUMBER = 0, 8
"""The offsets of the share's words: the total or extreme, and how many, or whether any."""


def number_type(type_: Type) -> IntType:
    """The 64-bit type that aggregates of such values have: int64 where it holds them all, so that
    numbers of several types go well together."""
    match type_:
        case IntType(bits=64, signed=False):
            return UINT64
        case _:
            return INT64


def number_form(type_: AggregateType) -> FieldType:
    """The word that holds an aggregate of such values."""
    return S64 if type_.value == INT64 else U64


def is_signed(low: Lowering, call: Call) -> bool:
    """Whether the numbers of the map that a call aggregates into are compared as signed ones."""
    type_ = low.type_of(call)
    return isinstance(type_, AggregateType) and type_.value == INT64


def _add(low: Lowering, share: Value, number: Value, signed: bool) -> None:
    low.b.atomic_add(share, _AMOUNT, number)
    low.b.atomic_add(share, _NUMBER, low.b.const(1))


def _keep(better: Mapping[bool, Cond]) -> Combine:
    """What keeps the better one of the share's and the new number."""

    def combine(low: Lowering, share: Value, number: Value, signed: bool) -> None:
        b = low.b

        def put() -> None:
            b.store(share, _AMOUNT, number, 8)
            b.store(share, _NUMBER, b.const(1), 8)

        def compare() -> None:
            b.when(better[signed], number, b.load(share, _AMOUNT, 8), put)

        b.when_set(b.load(share, _NUMBER, 8), compare, put)

    return combine


COMBINE: Mapping[str, Combine] = {
    "sum": _add,
    "avg": _add,
    "min": _keep({False: Cond.LT, True: Cond.SLT}),
    "max": _keep({False: Cond.GT, True: Cond.SGT}),
}
"""By what `tseries` calls them; in the share of a `sum` the second word counts the numbers."""


def _update_count(low: Lowering, _: Call) -> Update:
    return Update(lambda share: low.b.atomic_add(share, 0, low.b.const(1)))


def _update_sum(low: Lowering, call: Call) -> Update:
    number = low.scalar(call.args[0])
    return Update(lambda share: low.b.atomic_add(share, 0, number))


def _update_with(combine: Combine) -> Callable[[Lowering, Call], Update]:
    def update(low: Lowering, call: Call) -> Update:
        number, signed = low.scalar(call.args[0]), is_signed(low, call)
        return Update(lambda share: combine(low, share, number, signed))

    return update


def _check_number(function: str) -> CheckCall:
    def check(call: Call, types: tuple[Type, ...], context: CallContext) -> Type:
        return AggregateType(function, number_type(types[0]))

    return check


def _signature(name: str) -> Signature:
    return Signature(
        name=name,
        params=(NUMBER,),
        returns=AggregateType(name, INT64),
        check=_check_number(name),
        is_aggregate=True,
    )


def _extreme_share(type_: AggregateType) -> Layout:
    return Layout.of(type_.function, [("value", number_form(type_)), ("is_set", U64)])


def _total_share(type_: AggregateType) -> Layout:
    return Layout.of(type_.function, [("total", number_form(type_)), ("count", U64)])


COUNT = Aggregate(
    signature=Signature(name="count", returns=AggregateType("count", UINT64), is_aggregate=True),
    doc="Counts how often it runs: `@m[key] = count()`. Exact, whatever the number of CPUs.",
    reduction="sum",
    share=number_form,
    update=_update_count,
    read="sum",
    example="tracepoint:raw_syscalls:sys_enter { @calls[comm] = count(); }",
)
SUM = Aggregate(
    signature=_signature("sum"),
    doc="Adds up numbers: `@m[key] = sum(n)`. Exact, whatever the number of CPUs.",
    reduction="sum",
    share=number_form,
    update=_update_sum,
    read="sum",
    example="tracepoint:syscalls:sys_exit_read /args.ret > 0/ { @bytes[comm] = sum(args.ret); }",
)
MIN = Aggregate(
    signature=_signature("min"),
    doc="Keeps the least number: `@m[key] = min(n)`. The first is always kept.",
    reduction="min",
    share=_extreme_share,
    update=_update_with(COMBINE["min"]),
    read="min",
    example="tracepoint:syscalls:sys_enter_read { @least[comm] = min(args.count); }",
)
MAX = Aggregate(
    signature=_signature("max"),
    doc="Keeps the greatest number: `@m[key] = max(n)`. The first is always kept.",
    reduction="max",
    share=_extreme_share,
    update=_update_with(COMBINE["max"]),
    read="max",
    example="tracepoint:syscalls:sys_enter_read { @most[comm] = max(args.count); }",
)
AVG = Aggregate(
    signature=_signature("avg"),
    doc="The average of numbers, rounded towards zero: `@m[key] = avg(n)`.",
    reduction="avg",
    share=_total_share,
    update=_update_with(COMBINE["avg"]),
    read="avg",
    example="tracepoint:syscalls:sys_enter_read { @mean[comm] = avg(args.count); }",
)
STATS = Aggregate(
    signature=_signature("stats"),
    doc="How many numbers, their average and their total: `@m[key] = stats(n)`.",
    reduction="stats",
    share=_total_share,
    update=_update_with(COMBINE["avg"]),
    example="tracepoint:syscalls:sys_enter_read { @sizes[comm] = stats(args.count); }",
)

AGGREGATES = (COUNT, SUM, MIN, MAX, AVG, STATS)
