"""Lays out the stack frame: at most 512 bytes below r10.

Slots stand side by side if they fit so. If not, those that are never in use together share bytes
(`slot_usage.py`), so a script of a hundred statements, each with its key and its value, fits where
one of them does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from seismo.base.bits import align_up, set_bits
from seismo.base.dataclass import dataclass
from seismo.base.errors import SourceError
from seismo.codegen.regalloc import Allocation
from seismo.codegen.slot_usage import conflicts
from seismo.codegen.transfers import Transfers
from seismo.ir.ops import Slot, SlotAddress

__all__ = ("MAX_STACK", "Frame", "StackOverflow", "lay_out")

ALIGNMENT = 8
MAX_STACK = 512
"""Bytes of stack that a program has: `MAX_BPF_STACK` in linux/filter.h."""


class StackOverflow(SourceError):
    """The program's slots do not fit the stack; `span` is what needs the largest of them."""


@dataclass(frozen=True, slots=True)
class Frame:
    """`offsets` are from r10, so below zero; `size` is how far down the frame reaches."""

    offsets: Mapping[Slot, int]
    size: int


def lay_out(allocation: Allocation, transfers: Transfers) -> Frame:
    """An 8-byte aligned offset for every slot and home; StackOverflow when 512 bytes are few."""
    homes = {home.slot: None for home in transfers.homes}
    slots = list({**dict.fromkeys(allocation.prepared.func.slots), **homes})
    frame = _side_by_side(slots)
    if frame.size > MAX_STACK:
        frame = _packed(slots, conflicts(slots, allocation, transfers))
    if frame.size > MAX_STACK:
        raise _overflow(allocation, frame)
    return frame


def _side_by_side(slots: Iterable[Slot]) -> Frame:
    offsets: dict[Slot, int] = {}
    depth = 0
    for slot in slots:
        depth = align_up(depth + slot.size, ALIGNMENT)
        offsets[slot] = -depth
    return Frame(offsets, depth)


def _packed(slots: Sequence[Slot], conflicts: Mapping[Slot, int]) -> Frame:
    """Largest first, each as high as the slots in its way let it."""
    offsets: dict[Slot, int] = {}
    taken: dict[int, tuple[int, int]] = {}
    numbers = {slot: index for index, slot in enumerate(slots)}
    placed = 0
    for slot in sorted(slots, key=lambda one: -one.size):
        size, top = align_up(slot.size, ALIGNMENT), 0
        for start, end in sorted(taken[index] for index in set_bits(conflicts[slot] & placed)):
            if start - top >= size:
                break
            top = max(top, end)
        taken[numbers[slot]] = top, top + size
        offsets[slot] = -(top + size)
        placed |= 1 << numbers[slot]
    return Frame(offsets, -min(offsets.values(), default=0))


def _overflow(allocation: Allocation, frame: Frame) -> StackOverflow:
    """Names the largest slot that the script asked for."""
    ops = [
        op
        for block in allocation.prepared.func.blocks
        for op in block.ops
        if isinstance(op, SlotAddress)
    ]
    largest = max(ops, key=lambda op: op.slot.size)
    return StackOverflow(
        largest.span,
        f"the program needs {frame.size} bytes of stack, the kernel has {MAX_STACK}",
        f"this takes {largest.slot.size} of them: use shorter strings or fewer variables",
    )
