"""Gives every branch edge that passes values a block of its own, where the moves can stand.

    branch.eq64 %1, %2 ? join(%3) : b       branch.eq64 %1, %2 ? entry.then : b
                                        entry.then:
                                            jump join(%3)

If all that the target does is to return, the new block returns.
"""

from __future__ import annotations

from seismo.base.dataclass import replace
from seismo.ir.func import Block, Func
from seismo.ir.ops import Branch, Edge, Jump, Return, Terminator

__all__ = ("split_edges",)


def split_edges(func: Func) -> Func:
    """The function with branches that pass no values."""
    targets = {block.label: block for block in func.blocks}
    blocks: list[Block] = []
    added: list[Block] = []
    for block in func.blocks:
        end = block.end
        if isinstance(end, Branch) and (end.then.args or end.other.args):
            then, other = end.then, end.other
            if then.args:
                added.append(_passing(f"{block.label}.then", then, end, targets[then.target]))
                then = Edge(added[-1].label)
            if other.args:
                added.append(_passing(f"{block.label}.else", other, end, targets[other.target]))
                other = Edge(added[-1].label)
            block = replace(block, terminator=replace(end, then=then, other=other))
        blocks.append(block)
    return replace(func, blocks=blocks + added)


def _passing(label: str, edge: Edge, branch: Branch, target: Block) -> Block:
    """A block that passes the values of `edge` on, or returns one of them."""
    end: Terminator = Jump(edge, span=branch.span)
    if isinstance(target.end, Return) and not target.ops:
        end = target.end.with_uses(dict(zip(target.params, edge.args, strict=True)))
    return Block(label, terminator=end)
