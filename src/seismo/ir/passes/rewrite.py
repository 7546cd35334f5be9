"""The rewriting steps that passes share: rename values, drop block parameters."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from typing import overload

from seismo.base.dataclass import replace
from seismo.ir.func import Block, Func
from seismo.ir.ops import Branch, Edge, Jump, Op, Return, Terminator, Value

__all__ = ("drop_params", "map_edges", "rename", "rename_all")


@overload
def rename(op: Op, renamed: Mapping[Value, Value]) -> Op: ...
@overload
def rename(op: Terminator, renamed: Mapping[Value, Value]) -> Terminator: ...
def rename(op: Op | Terminator, renamed: Mapping[Value, Value]) -> Op | Terminator:
    """`op` with its operands renamed; `op` itself when none is concerned."""
    return op if renamed.keys().isdisjoint(op.uses) else op.with_uses(renamed)


def map_edges(end: Terminator, change: Callable[[Edge], Edge]) -> Terminator:
    """The terminator with each of its edges changed."""
    match end:
        case Jump(edge):
            changed = change(edge)
            return end if changed is edge else Jump(changed, span=end.span)
        case Branch(then=then, other=other):
            new_then, new_other = change(then), change(other)
            if new_then is then and new_other is other:
                return end
            test = end.cond, end.left, end.right
            return Branch(*test, new_then, new_other, end.width, span=end.span)
        case Return():
            return end


def rename_all(func: Func, renamed: Mapping[Value, Value]) -> Func:
    """The function with all operands renamed."""
    stale = renamed.keys()
    blocks = [
        Block(
            block.label,
            block.params,
            [op if stale.isdisjoint(op.uses) else op.with_uses(renamed) for op in block.ops],
            rename(block.end, renamed),
        )
        for block in func.blocks
    ]
    return replace(func, blocks=blocks)


def drop_params(func: Func, dropped: Container[Value]) -> Func:
    """The function without these block parameters and the arguments passed to them."""
    kept = {
        block.label: [index for index, param in enumerate(block.params) if param not in dropped]
        for block in func.blocks
    }

    def thinned(edge: Edge) -> Edge:
        indices = kept[edge.target]
        if len(indices) == len(edge.args):
            return edge
        return Edge(edge.target, tuple(edge.args[index] for index in indices))

    blocks = [
        Block(
            block.label,
            [block.params[index] for index in kept[block.label]],
            block.ops,
            map_edges(block.end, thinned),
        )
        for block in func.blocks
    ]
    return replace(func, blocks=blocks)
