"""Which stack slots are in use at the same time, and so cannot share bytes.

A slot is in use at a point if some op that touches it may have come before, and some op may come
that touches it without writing all of it anew. Ops touch a slot by its address or by an address
computed from that; a slot whose address goes into memory counts as in use everywhere, for nobody
sees any more who touches it.

Sets of slots are bit masks: the analysis is two data-flow problems over the blocks.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from seismo.base.bits import set_bits
from seismo.codegen.moves import Move
from seismo.codegen.places import FrameAddress, Home
from seismo.codegen.regalloc import Allocation
from seismo.codegen.transfers import Transfers
from seismo.ir.func import Block
from seismo.ir.ops import AnyCall, Atomic, Binary, Op, Slot, SlotAddress, Store, Value

__all__ = ("conflicts",)

Touch: TypeAlias = tuple[int, int]
"""The slots that a step touches, and those of them that it writes whole without reading them."""


def conflicts(
    slots: Sequence[Slot], allocation: Allocation, transfers: Transfers
) -> dict[Slot, int]:
    """For each slot a mask of the slots, by index, that it must not share bytes with."""
    bits = {slot: 1 << index for index, slot in enumerate(slots)}
    steps = _Steps(bits, allocation)
    touches = {
        block.label: list(steps.of_block(block, transfers))
        for block in allocation.prepared.graph.order
    }
    found = [0] * len(slots)
    for index in set_bits(steps.escaped):
        found[index] = (1 << len(slots)) - 1
    reached, needed = _reached(touches, allocation), _needed(touches, allocation)
    for label, in_order in touches.items():
        _add_conflicts(found, in_order, reached[label], needed[label])
    for index, mask in enumerate(found):
        for other in set_bits(mask):
            found[other] |= 1 << index
    return dict(zip(slots, found, strict=True))


class _Steps:
    """Says what each op touches; `addressed` are the slots that a value may point into."""

    def __init__(self, bits: Mapping[Slot, int], allocation: Allocation) -> None:
        self.bits = bits
        self.allocation = allocation
        self.places = allocation.prepared.places
        self.addressed: defaultdict[Value, int] = defaultdict(int)
        self.escaped = 0
        for value, place in self.places.items():
            if isinstance(place, FrameAddress):
                self.addressed[value] = bits.get(place.slot, 0)
        while sum(self._follow_addresses(block) for block in allocation.prepared.graph.order):
            pass

    def of_block(self, block: Block, transfers: Transfers) -> list[Touch]:
        """What the block's steps touch, in order; moves between registers touch nothing."""
        touches: list[Touch] = []
        overwriting: dict[int, tuple[int, int]] = {}
        if block is self.allocation.prepared.func.blocks[0]:
            touches.append(self._of_moves(transfers.entry))
        for op in block.ops:
            touched = self._touched_by(op)
            if isinstance(op, AnyCall):
                touches.append(self._of_moves(transfers.calls[op]))
            if touched:
                touches.append((touched, 0))
                self._note_overwriting(op, touches, overwriting)
        touches.append(self._of_moves(transfers.ends[block.label]))
        return touches

    def _note_overwriting(
        self, op: Op, touches: list[Touch], overwriting: dict[int, tuple[int, int]]
    ) -> None:
        """Stores that follow one another and cover a slot write it whole: from the first one on.

        `overwriting` has, for each such run, the place of its first store and the bytes so far.
        """
        touched = touches[-1][0]
        part = self._stored_part(op)
        if part is None:
            for index in set_bits(touched):
                overwriting.pop(1 << index, None)
            return
        slot, stored = part
        bit = self.bits[slot]
        first, covered = overwriting.get(bit, (len(touches) - 1, 0))
        overwriting[bit] = first, covered | stored
        if covered | stored == (1 << slot.size) - 1:
            before, written = touches[first]
            touches[first] = before, written | bit
            del overwriting[bit]

    def _stored_part(self, op: Op) -> tuple[Slot, int] | None:
        """The slot that `op` stores to, and a mask of the bytes; None if it does more or else."""
        if not isinstance(op, Store) or self.addressed[op.value]:
            return None
        place = self.places.get(op.base)
        if not isinstance(place, FrameAddress):
            return None
        return place.slot, ((1 << op.size) - 1) << (place.offset + op.offset)

    def _follow_addresses(self, block: Block) -> bool:
        """Note where computed addresses point; whether a parameter was found to point further."""
        for op in block.ops:
            match op:
                case SlotAddress(result, slot):
                    self.addressed[result] |= self.bits.get(slot, 0)
                case Binary(result, _, left, right):
                    self.addressed[result] |= self.addressed[left] | self.addressed[right]
                case Store(value=value) | Atomic(value=value):
                    self.escaped |= self.addressed[value]
                case _:
                    pass
        grew = False
        for edge in block.end.edges:
            params = self.allocation.prepared.graph.blocks[edge.target].params
            for param, arg in zip(params, edge.args, strict=True):
                if isinstance(self.places.get(param), Home):
                    self.escaped |= self.addressed[arg]
                grew |= bool(self.addressed[arg] & ~self.addressed[param])
                self.addressed[param] |= self.addressed[arg]
        return grew

    def _touched_by(self, op: Op) -> int:
        """Computing an address touches nothing."""
        if isinstance(op, SlotAddress | Binary):
            return 0
        touched = 0
        for value in op.uses:
            touched |= self.addressed[value]
        return touched

    def _of_moves(self, moves: Iterable[Move]) -> Touch:
        """A home that is only a target is written whole."""
        targets = self._homes(target for target, _ in moves)
        sources = self._homes(source for _, source in moves)
        return targets | sources, targets & ~sources

    def _homes(self, locations: Iterable[object]) -> int:
        mask = 0
        for location in locations:
            if isinstance(location, Home):
                mask |= self.bits[location.slot]
        return mask


def _reached(touches: Mapping[str, Sequence[Touch]], allocation: Allocation) -> dict[str, int]:
    """The slots that may have been touched before each block."""
    graph = allocation.prepared.graph
    totals = {label: _union(steps) for label, steps in touches.items()}
    reached = dict.fromkeys(touches, 0)
    changed = True
    while changed:
        changed = False
        for block in graph.order:
            before = 0
            for predecessor in graph.predecessors[block.label]:
                before |= reached[predecessor] | totals[predecessor]
            changed |= before != reached[block.label]
            reached[block.label] = before
    return reached


def _needed(touches: Mapping[str, Sequence[Touch]], allocation: Allocation) -> dict[str, int]:
    """The slots whose content may be needed after each block."""
    graph = allocation.prepared.graph
    before = dict.fromkeys(touches, 0)
    after = dict.fromkeys(touches, 0)
    changed = True
    while changed:
        changed = False
        for block in reversed(graph.order):
            needed = 0
            for edge in block.end.edges:
                needed |= before[edge.target]
            after[block.label] = needed
            for touched, written in reversed(touches[block.label]):
                needed = (needed | touched) & ~written
            changed |= needed != before[block.label]
            before[block.label] = needed
    return after


def _union(steps: Iterable[Touch]) -> int:
    mask = 0
    for touched, _ in steps:
        mask |= touched
    return mask


def _add_conflicts(found: list[int], touches: Sequence[Touch], reached: int, needed: int) -> None:
    """Each step's slots conflict with one another and with what is in use after the step."""
    in_use = [needed]
    for touched, written in reversed(touches[1:]):
        needed = (needed | touched) & ~written
        in_use.append(needed)
    for (touched, _), needed_after in zip(touches, reversed(in_use), strict=False):
        reached |= touched
        together = touched | (needed_after & reached)
        for index in set_bits(touched):
            found[index] |= together
