"""Lays out the stack frames: at most 512 bytes for a program and all that it calls.

Slots stand side by side if they fit so. If not, those that are never in use together share bytes
(`slot_usage.py`), so a script of a hundred statements, each with its key and its value, fits where
one of them does.

A function's frame lies below its caller's, a callback's below that of the function that handed it
out. What counts is the chain of frames that takes most (kernel/bpf/verifier.c,
check_max_stack_depth).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from seismo.base.bits import align_up, set_bits
from seismo.base.dataclass import dataclass
from seismo.base.errors import SourceError
from seismo.base.source import NOWHERE
from seismo.codegen.regalloc import Allocation
from seismo.codegen.slot_usage import conflicts
from seismo.codegen.transfers import Transfers
from seismo.ir.func import Func
from seismo.ir.ops import Reference, Slot, SlotAddress

__all__ = ("MAX_FRAMES", "MAX_STACK", "Frame", "Frames", "Placed", "StackOverflow", "lay_out")

Placed: TypeAlias = tuple[Allocation, Transfers]
"""A function whose values have their registers and homes."""

ALIGNMENT = 8
FRAME_ALIGNMENT = 32
"""What a frame is rounded up to when others lie below it; 16 with the JIT since Linux 6.8."""
MAX_STACK = 512
"""Bytes of stack that a program has: `MAX_BPF_STACK` in linux/filter.h."""
MAX_FRAMES = 8
"""How many functions may be under way at once: `MAX_CALL_FRAMES` in linux/bpf_verifier.h."""


class StackOverflow(SourceError):
    """The program does not fit the stack; `span` is what needs the largest slot, or a call."""


@dataclass(frozen=True, slots=True)
class Frame:
    """`offsets` are from r10, so below zero; `size` is how far down the frame reaches."""

    offsets: Mapping[Slot, int]
    size: int


@dataclass(frozen=True, slots=True)
class Frames:
    """The frame of each function, in their order; `depth` is what the deepest chain takes."""

    of: Sequence[Frame]
    depth: int


def lay_out(functions: Sequence[Placed]) -> Frames:
    """An 8-byte aligned offset for every slot and home of a program and then its subprograms.

    StackOverflow when 512 bytes are few, or 8 frames.
    """
    if len(functions) > 1:
        _check_nesting([allocation.prepared.func for allocation, _ in functions])
    slots = [_slots(*placed) for placed in functions]
    frames = [_side_by_side(one) for one in slots]
    depth, _ = _deepest(functions, frames)
    if depth > MAX_STACK:
        frames = [
            _packed(one, conflicts(one, *placed))
            for one, placed in zip(slots, functions, strict=True)
        ]
        depth, chain = _deepest(functions, frames)
        if depth > MAX_STACK:
            raise _overflow(chain, depth)
    return Frames(frames, depth)


def _slots(allocation: Allocation, transfers: Transfers) -> list[Slot]:
    homes = {home.slot: None for home in transfers.homes}
    return list({**dict.fromkeys(allocation.prepared.func.slots), **homes})


def _deepest(functions: Sequence[Placed], frames: Sequence[Frame]) -> tuple[int, list[Func]]:
    """How many bytes the deepest chain of calls takes, and the functions in it."""
    funcs = [allocation.prepared.func for allocation, _ in functions]
    if len(funcs) == 1:
        return frames[0].size, funcs
    bytes_of = [align_up(max(frame.size, 1), FRAME_ALIGNMENT) for frame in frames]
    depth, calls = _heaviest_chain(funcs, bytes_of)
    called = {call.func for call in calls}
    return depth, [funcs[0], *(func for func in funcs[1:] if func.name in called)]


def _check_nesting(funcs: Sequence[Func]) -> None:
    """StackOverflow when more functions call one another than the kernel keeps frames of."""
    deep, calls = _heaviest_chain(funcs, [1] * len(funcs))
    if deep > MAX_FRAMES:
        raise StackOverflow(
            calls[MAX_FRAMES - 1].span,
            f"functions call one another {deep} deep, the kernel allows {MAX_FRAMES}",
            "a loop over a map or a range counts as a call",
        )


def _heaviest_chain(funcs: Sequence[Func], weights: Sequence[int]) -> tuple[int, list[Reference]]:
    """The most that functions weigh which are under way at once, and the calls between them."""
    chains: dict[str, tuple[int, list[Reference]]] = {}
    program, *subprograms = zip(funcs, weights, strict=True)
    for func, weight in (*subprograms, program):
        below, calls = 0, list[Reference]()
        for op in func.references:
            deep, further = chains[op.func]
            if deep > below:
                below, calls = deep, [op, *further]
        chains[func.name] = weight + below, calls
    return chains[funcs[0].name]


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


def _overflow(chain: Iterable[Func], depth: int) -> StackOverflow:
    """Names the largest slot that the script asked for."""
    ops = [
        op
        for func in chain
        for block in func.blocks
        for op in block.ops
        if isinstance(op, SlotAddress)
    ]
    largest = max(ops, key=lambda op: (op.slot.size, op.span is not NOWHERE))
    return StackOverflow(
        largest.span,
        f"the program needs {depth} bytes of stack, the kernel has {MAX_STACK}",
        f"this takes {largest.slot.size} of them: use shorter strings or fewer variables",
    )
