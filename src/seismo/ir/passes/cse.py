"""Common subexpressions: what was computed on every path to here is not computed again.

Before:                                             After:
    entry:                                              entry:
        %1 = pure get_current_pid_tgid()                    %1 = pure get_current_pid_tgid()
        %2 = shr64 %1, %9                                   %2 = shr64 %1, %9
        branch.eq64 %2, %8 ? a : b                          branch.eq64 %2, %8 ? a : b
    a:                                                  a:
        %3 = pure get_current_pid_tgid()                    call report(%2)
        %4 = shr64 %3, %9                                   jump b
        call report(%4)
        jump b

Only ops without an effect on memory and without a view of it take part: no loads. And no value
that decides where memory is touched: between two equal indices there may be the bounds check that
the kernel's verifier asks for, and it knows the bound only of what was computed after the check.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Hashable, Mapping
from operator import attrgetter

from seismo.ir.addressing import addressing_values
from seismo.ir.func import Block, Func
from seismo.ir.graph import Dominators, Graph
from seismo.ir.ops import (
    Binary,
    Call,
    Compare,
    Const,
    Extend,
    FuncAddress,
    MapAddress,
    Op,
    SlotAddress,
    Swap,
    Symbol,
    Value,
)
from seismo.ir.passes.rewrite import rename

__all__ = ("cse",)

IDENTITY: Mapping[type[Op], Callable[[Op], Hashable]] = {
    Const: attrgetter("value"),
    Symbol: attrgetter("relocation"),
    Binary: attrgetter("op", "left", "right", "width"),
    Extend: attrgetter("value", "bits", "signed"),
    Compare: attrgetter("cond", "left", "right", "width"),
    Swap: attrgetter("value", "bits"),
    SlotAddress: attrgetter("slot"),
    MapAddress: attrgetter("map", "is_value"),
    FuncAddress: attrgetter("func"),
    Call: attrgetter("helper", "args"),
}
"""What makes two ops of one sort equal; ops of other sorts never are."""


def cse(func: Func) -> Func:
    """The function with equal pure ops merged where one dominates the other."""
    graph = Graph.of(func)
    dominators = Dominators.of(graph)
    addressing = addressing_values(func)
    first: dict[Hashable, tuple[Value, str]] = {}
    renamed: dict[Value, Value] = {}
    stale = renamed.keys()
    blocks: list[Block] = []
    for block in graph.order:
        kept: list[Op] = []
        for op in block.ops:
            if not stale.isdisjoint(op.uses):
                op = op.with_uses(renamed)
            identity = IDENTITY.get(type(op))
            if identity is None or op.result is None or _may_differ(op, addressing):
                kept.append(op)
                continue
            key = type(op), identity(op)
            known = first.get(key)
            if known is not None and dominators.dominates(known[1], block.label):
                renamed[op.result] = known[0]
            else:
                first[key] = op.result, block.label
                kept.append(op)
        blocks.append(Block(block.label, block.params, kept, block.terminator))
    for block in blocks:
        block.terminator = rename(block.end, renamed)
    return Func(func.name, func.params, blocks, func.next_id)


def _may_differ(op: Op, addressing: Container[Value]) -> bool:
    """Whether equal ops of this sort may give different values, or different bounds."""
    if isinstance(op, Call) and not op.pure:
        return True
    return op.result in addressing and bool(op.uses)
