"""Tidies control flow: decided branches, unreachable blocks, detours, blocks that only follow one.

Before:                                     After:
    entry:                                  entry:
        %1 = const 0                            %1 = const 0
        %2 = load.u64 %p0+0                     %2 = load.u64 %p0+0
        branch.eq64 %2, %1 ? join(%1) : rest    branch.eq64 %2, %1 ? no : yes
    rest:
        %3 = const 1
        jump join(%3)
    join(%4):
        branch.ne64 %4, %1 ? yes : no

The detour over `join` is how `&&` and `||` come out of lowering: every way into it already knows
which way it leaves. Blocks come out in the order of `graph.py`.
"""

from __future__ import annotations

from collections.abc import Mapping

from seismo.base.dataclass import replace
from seismo.ir import arithmetic
from seismo.ir.func import Block, Func
from seismo.ir.graph import Graph
from seismo.ir.ops import Branch, Const, Edge, Jump, Return, Terminator, Value
from seismo.ir.passes.rewrite import map_edges, rename, rename_all

__all__ = ("branch",)


def branch(func: Func) -> Func:
    """The function with decided branches gone and straight lines in one block."""
    threaded = _Threader(func)
    blocks = [
        Block(block.label, block.params, block.ops, threaded.end(block.end))
        for block in func.blocks
    ]
    return _merge(replace(func, blocks=blocks))


class _Threader:
    """Follows edges through blocks that do nothing but choose the next block."""

    def __init__(self, func: Func) -> None:
        self.constants: dict[Value, int] = {
            op.result: op.value
            for block in func.blocks
            for op in block.ops
            if isinstance(op, Const)
        }
        self.detours = _detours(func)

    def end(self, end: Terminator) -> Terminator:
        """The terminator with its edges leading where they lead in the end."""
        end = map_edges(self._decided(end), self._follow)
        if isinstance(end, Branch) and _same(end.then, end.other):
            end = Jump(end.then, span=end.span)
        if isinstance(end, Jump) and end.edge.target in self.detours:
            last = self.detours[end.edge.target]
            if isinstance(last.end, Return):
                return rename(last.end, _given(last, end.edge))
        return end

    def _follow(self, edge: Edge) -> Edge:
        """The edge past every detour whose way on is known; an empty endless loop stays one."""
        if edge.target not in self.detours:
            return edge
        seen = {edge.target}
        while edge.target in self.detours:
            block = self.detours[edge.target]
            end = self._decided(rename(block.end, _given(block, edge)))
            if not isinstance(end, Jump) or end.edge.target in seen:
                return edge
            edge = end.edge
            seen.add(edge.target)
        return edge

    def _decided(self, end: Terminator) -> Terminator:
        """A jump instead of a branch on constants."""
        if not isinstance(end, Branch):
            return end
        left, right = self.constants.get(end.left), self.constants.get(end.right)
        if left is None or right is None:
            return end
        holds = arithmetic.compare(end.cond, left, right, end.width)
        return Jump(end.then if holds else end.other, span=end.span)


def _given(block: Block, edge: Edge) -> Mapping[Value, Value]:
    """What the block's parameters are when control comes by `edge`."""
    return dict(zip(block.params, edge.args, strict=True))


def _same(left: Edge, right: Edge) -> bool:
    return left.target == right.target and left.args == right.args


def _detours(func: Func) -> dict[str, Block]:
    """Blocks without ops whose parameters nobody else uses, by label: an edge may go past them."""
    empty = {block.label: block for block in func.blocks[1:] if not block.ops}
    homes = {param: label for label, block in empty.items() for param in block.params}
    if homes:
        for block in func.blocks:
            for op in (*block.ops, block.end):
                for value in op.uses:
                    if homes.get(value, block.label) != block.label:
                        empty.pop(homes[value], None)
    return empty


def _merge(func: Func) -> Func:
    """Append each block that follows only one jump to the block that jumps."""
    graph = Graph.of(func)
    renamed: dict[Value, Value] = {}
    absorbed: set[str] = set()
    blocks: list[Block] = []
    for block in graph.order:
        if block.label in absorbed:
            continue
        ops, end = list(block.ops), block.end
        while isinstance(end, Jump) and len(graph.predecessors[end.edge.target]) == 1:
            following = graph.blocks[end.edge.target]
            absorbed.add(following.label)
            for param, arg in _given(following, end.edge).items():
                renamed[param] = renamed.get(arg, arg)
            ops += following.ops
            end = following.end
        blocks.append(Block(block.label, block.params, ops, end))
    merged = replace(func, blocks=blocks)
    return rename_all(merged, renamed) if renamed else merged
