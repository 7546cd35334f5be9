"""Gives spilled values their homes: few, and shared along edges.

Values that live at the same time need different homes. A block parameter shares the home of the
arguments that it is passed, if they do not: then passing it moves nothing. Beyond that any two
values that are never alive together may have the same home, so that a program's homes are about as
many as it has spilled values at its worst point.

Sets of values are bit masks.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from seismo.base.bits import set_bits
from seismo.base.dataclass import dataclass
from seismo.codegen.places import Prepared
from seismo.ir.func import Block
from seismo.ir.liveness import Liveness
from seismo.ir.ops import Slot, Value

__all__ = ("HOME_BYTES", "assign_homes")

HOME_BYTES = 8


def assign_homes(
    prepared: Prepared, liveness: Liveness, values: Iterable[Value]
) -> dict[Value, Slot]:
    """A home for each of `values`, which are values of `prepared` that have no place yet."""
    spilled = list(values)
    groups = _Groups(prepared, liveness, spilled)
    groups.join_over_edges()
    homes: list[Slot] = []
    taken: list[int] = []
    found: dict[Value, Slot] = {}
    for group in groups.all():
        number = next((n for n, mask in enumerate(taken) if not mask & group.conflicts), len(homes))
        if number == len(homes):
            homes.append(Slot(f"home{number}", HOME_BYTES))
            taken.append(0)
        taken[number] |= group.members
        found.update((value, homes[number]) for value in group.values)
    return found


@dataclass(slots=True, eq=False)
class _Group:
    """Values that share a home; `conflicts` are the values that may not join them."""

    values: list[Value]
    members: int
    conflicts: int


class _Groups:
    """The groups, at first one for each value."""

    def __init__(self, prepared: Prepared, liveness: Liveness, spilled: Sequence[Value]) -> None:
        self.prepared = prepared
        self.graph = prepared.graph
        self.bits = {value: 1 << index for index, value in enumerate(spilled)}
        self.of = {value: _Group([value], bit, 0) for value, bit in self.bits.items()}
        for block in self.graph.order:
            self._find_conflicts(block, self._mask(liveness.live_out[block.label]))
        for value, bit in self.bits.items():
            for other in set_bits(self.of[value].conflicts):
                self.of[spilled[other]].conflicts |= bit

    def all(self) -> Iterable[_Group]:
        """Each group once, in the order of its first value."""
        return {id(group): group for group in self.of.values()}.values()

    def join_over_edges(self) -> None:
        """Let parameters and their arguments share homes, wherever they may."""
        for block in self.graph.order:
            for edge in block.end.edges:
                params = self.graph.blocks[edge.target].params
                for param, arg in zip(params, edge.args, strict=True):
                    if param in self.of and arg in self.of:
                        self._join(self.of[param], self.of[arg])

    def _join(self, left: _Group, right: _Group) -> None:
        if left is right or left.conflicts & right.members:
            return
        if len(left.values) < len(right.values):
            left, right = right, left
        left.values += right.values
        left.members |= right.members
        left.conflicts |= right.conflicts
        self.of.update(dict.fromkeys(right.values, left))

    def _find_conflicts(self, block: Block, live: int) -> None:
        """A value conflicts with those that are alive where it is defined."""
        live |= self._mask(block.end.uses)
        for op in reversed(block.ops):
            if op.result in self.bits:
                bit = self.bits[op.result]
                live &= ~bit
                self.of[op.result].conflicts |= live
            live |= self._mask(op.uses)
        params = [param for param in self.prepared.params_at(block) if param in self.bits]
        live |= self._mask(params)
        for param in params:
            self.of[param].conflicts |= live & ~self.bits[param]

    def _mask(self, values: Iterable[Value]) -> int:
        mask = 0
        for value in values:
            mask |= self.bits.get(value, 0)
        return mask
