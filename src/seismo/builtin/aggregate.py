"""Functions that aggregate into a map: `count`."""

from __future__ import annotations

from seismo.builtin.record import Aggregate, Lowering
from seismo.ir.ops import Value
from seismo.lang.ast import Call
from seismo.lang.signature import Signature
from seismo.lang.types import UINT64, AggregateType

__all__ = ("AGGREGATES", "COUNT")


def _update_count(low: Lowering, _: Call, share: Value) -> None:
    # Atomic although the share is this CPU's own: another program may interrupt this one between
    # a plain load and store (a timer on the same CPU), and counts must be exact.
    low.b.atomic_add(share, 0, low.b.const(1))


COUNT = Aggregate(
    Signature(name="count", returns=AggregateType("count", UINT64), is_aggregate=True),
    "Counts how often it runs: `@m[key] = count()`. Exact, whatever the number of CPUs.",
    "sum",
    _update_count,
)

AGGREGATES = (COUNT,)
