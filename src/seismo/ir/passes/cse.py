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

from collections.abc import Hashable

from seismo.ir.addressing import addressing_values
from seismo.ir.func import Block, Func
from seismo.ir.graph import Dominators, Graph
from seismo.ir.ops import (
    Binary,
    Call,
    Compare,
    Const,
    Extend,
    MapAddress,
    Op,
    SlotAddress,
    Swap,
    Value,
)
from seismo.ir.passes.rewrite import rename

__all__ = ("cse",)


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
            key = _key(op)
            if key is None or op.result is None or (op.uses and op.result in addressing):
                kept.append(op)
                continue
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


def _key(op: Op) -> Hashable | None:
    """What makes two ops equal; None for an op that is never equal to another."""
    match op:
        case Const(_, value):
            return Const, value
        case Binary(_, kind, left, right, width):
            return kind, left, right, width
        case Extend(_, value, bits, signed):
            return Extend, value, bits, signed
        case Compare(_, cond, left, right, width):
            return cond, left, right, width
        case Swap(_, value, bits):
            return Swap, value, bits
        case SlotAddress(_, slot):
            return slot
        case MapAddress(_, name):
            return name
        case Call(_, helper, args, pure) if pure:
            return helper, args
        case _:
            return None
