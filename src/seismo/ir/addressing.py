"""Which values decide where memory is touched, and how much of it.

The kernel's verifier must know bounds for these, and learns them from the comparisons on the way.
Whoever moves, merges or spills such a value may part it from its bound.
"""

from __future__ import annotations

from seismo.ir.func import Func
from seismo.ir.ops import AnyCall, Binary, Extend, Kind, Value

__all__ = ("addressing_values",)


def addressing_values(func: Func) -> set[Value]:
    """Integers that flow into pointer arithmetic or a call's arguments, through arithmetic.

    Loads and calls end the flow: what they give has no bound to lose.
    """
    sources: dict[Value, list[Value]] = {}
    pending: list[Value] = []
    params = {block.label: block.params for block in func.blocks}
    for block in func.blocks:
        for op in block.ops:
            if isinstance(op, AnyCall):
                pending += op.args
            elif isinstance(op, Extend):
                sources[op.result] = [op.value]
            elif isinstance(op, Binary):
                sources[op.result] = operands = [op.left, op.right]
                if op.left.kind is Kind.PTR or op.right.kind is Kind.PTR:
                    pending += operands
        for edge in block.end.edges:
            for param, arg in zip(params[edge.target], edge.args, strict=True):
                sources.setdefault(param, []).append(arg)
    found: set[Value] = set()
    while pending:
        value = pending.pop()
        if value not in found and value.kind is Kind.INT:
            found.add(value)
            pending.extend(sources.get(value, ()))
    return found
