"""Removes what has no use and no effect: ops, pure calls, block parameters and their arguments.

Before:                                     After:
    entry:                                  entry:
        %1 = pure get_current_uid_gid()         %3 = const 0
        %2 = shr64 %1, %3                       jump done
        %3 = const 0                        done:
        jump done(%2)                           return %3
    done(%4):
        return %3

Works from the effects backwards, so a loop that only feeds itself goes as well. Loads go too: a
load without a use has no effect.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from seismo.base.dataclass import replace
from seismo.ir.func import Block, Func
from seismo.ir.ops import (
    Atomic,
    Branch,
    Call,
    CallFunc,
    CopyBytes,
    Fill,
    Op,
    Return,
    Store,
    Value,
)
from seismo.ir.passes.rewrite import drop_params

__all__ = ("dce",)

Effect: TypeAlias = Store | Atomic | Fill | CopyBytes | CallFunc


def dce(func: Func) -> Func:
    """The function without dead ops, block parameters and results."""
    used = _used(func)
    blocks = [
        Block(block.label, block.params, list(_live_ops(block, used)), block.terminator)
        for block in func.blocks
    ]
    dead = {param for block in blocks for param in block.params if param not in used}
    result = replace(func, blocks=blocks)
    return drop_params(result, dead) if dead else result


def _live_ops(block: Block, used: set[Value]) -> Iterator[Op]:
    """What the block still has to do; a result that nobody reads is not named."""
    for op in block.ops:
        if op.result in used or op.result is None:
            yield op
        elif isinstance(op, Atomic | Call | CallFunc) and _has_effect(op):
            yield replace(op, result=None)


def _used(func: Func) -> set[Value]:
    """The values that some effect depends on."""
    needs: dict[Value, list[Value]] = {}
    pending: list[Value] = []
    params = {block.label: block.params for block in func.blocks}
    for block in func.blocks:
        for op in block.ops:
            if op.result is not None:
                needs[op.result] = list(op.uses)
            if _has_effect(op):
                pending.extend(op.uses)
        end = block.end
        if isinstance(end, Branch):
            pending += (end.left, end.right)
        elif isinstance(end, Return):
            pending.append(end.value)
        for edge in end.edges:
            for param, arg in zip(params[edge.target], edge.args, strict=True):
                needs.setdefault(param, []).append(arg)
    used: set[Value] = set()
    while pending:
        value = pending.pop()
        if value not in used:
            used.add(value)
            pending.extend(needs.get(value, ()))
    return used


def _has_effect(op: Op) -> bool:
    """Whether the op must stay though nothing uses its result."""
    if isinstance(op, Call):
        return not op.pure
    return isinstance(op, Effect)
