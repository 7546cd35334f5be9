"""Reads that may fail, and the counting of what failed: by place in the script."""

from __future__ import annotations

from seismo.base.layout import S32
from seismo.base.source import Span
from seismo.builtin.record import Address, value_writer
from seismo.events.kinds import Action
from seismo.ir.ops import Cond, Value
from seismo.lower.context import FuncContext
from seismo.lower.resources import COUNTER_BYTES, LOST_MAP, Resources

__all__ = ("count", "count_fault", "load_checked", "read_checked")


def count(low: FuncContext, counter: int) -> None:
    """Add one to a counter of the `lost` map."""
    b = low.b
    b.atomic_add(b.map_value(LOST_MAP), counter * COUNTER_BYTES, b.const(1))


def count_fault(
    low: FuncContext, shared: Resources, kind: str, helper: str, result: Value, span: Span
) -> None:
    """See `Lowering.fault`; with -k every failure is reported by itself, too."""
    count(low, shared.fault(kind, helper, span).index)
    if shared.options.reports_helper_errors:
        code = value_writer(low, result, S32.size)
        low.event(Action.HELPER_ERROR, helper, [(S32, code)], span)


def read_checked(low: FuncContext, to: Address, size: Value, pointer: Value, space: str) -> Value:
    """See `Lowering.read_memory`."""
    b = low.b
    helper = "probe_read_user" if space == "user" else "probe_read_kernel"
    span = b.span
    result = b.call(helper, low.address(to), size, pointer)
    b.when(Cond.SLT, result, b.const(0), lambda: low.fault("memory", helper, result, span))
    return result


def load_checked(
    low: FuncContext, pointer: Value, space: str, size: int, *, signed: bool = False
) -> Value:
    """See `Lowering.load`: the helpers clear the target when they fail
    (kernel/trace/bpf_trace.c)."""
    to = low.temporary("read", 8)
    read_checked(low, to, low.b.const(size), pointer, space)
    return low.b.load(to.base, to.offset, size, signed=signed)
