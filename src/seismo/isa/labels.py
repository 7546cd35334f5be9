"""Labels and what refers to them: fills in distances, and widens jumps that do not reach.

An s16 distance reaches 32,767 slots. A jump that needs more takes another shape:

    goto L                  ->  gotol L
    if r1 == r2 goto L      ->  if r1 != r2 goto pc+1;  gotol L
    if r1 & r2 goto L       ->  if r1 & r2 goto pc+1;  goto pc+1;  gotol L

The last is for what has no inverse: `&` and may_goto.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from seismo.base.bits import U32_MAX, fits_signed
from seismo.base.dataclass import replace
from seismo.isa.errors import EncodeError
from seismo.isa.insn import Insn, Reg, slot_starts
from seismo.isa.opcode import INVERSE, LD_IMM64, OPERATION_MASK, Class, JumpOp

__all__ = ("Label", "resolve")

_UNBOUND = -1
_GOTO = Insn(Class.JMP | JumpOp.JA, Reg.R0, Reg.R0)
_GOTOL = Insn(Class.JMP32 | JumpOp.JA, Reg.R0, Reg.R0)


class Label:
    """A place in a program; `position` is the index of the instruction that it precedes."""

    __slots__ = ("name", "position")

    def __init__(self, name: str = "") -> None:
        self.name = name
        self.position = _UNBOUND

    @property
    def is_bound(self) -> bool:
        """Whether its place is known."""
        return self.position != _UNBOUND

    def __repr__(self) -> str:
        return f"Label({self.name!r})"


def resolve(
    insns: Sequence[Insn], references: Mapping[int, Label]
) -> tuple[tuple[Insn, ...], tuple[int, ...]]:
    """The program with all distances filled in, and the new index of every old one (and the end).

    `references` holds, by index, the label that an instruction refers to. Raises EncodeError for a
    label that is not bound.
    """
    for label in references.values():
        if not label.is_bound:
            raise EncodeError(f"{label!r} is used but never bound")
    shapes: list[tuple[Insn, ...]] = [(insn,) for insn in insns]
    starts = slot_starts(insns)
    while far := [at for at in references if not _reaches(at, references[at], shapes, starts)]:
        for at in far:
            shapes[at] = _far_shape(insns[at])
        starts = _starts(shapes)
    for at, label in references.items():
        *detour, insn = shapes[at]
        distance = starts[label.position] - _origin(at, insn, starts)
        shapes[at] = (*detour, _with_distance(insn, distance))
    indexes = [0]
    for shape in shapes:
        indexes.append(indexes[-1] + len(shape))
    return tuple(insn for shape in shapes for insn in shape), tuple(indexes)


def _starts(shapes: Sequence[tuple[Insn, ...]]) -> tuple[int, ...]:
    """The slot at which each shape starts, then the count of all slots."""
    starts = [0]
    for shape in shapes:
        starts.append(starts[-1] + sum(insn.slots for insn in shape))
    return tuple(starts)


def _origin(at: int, insn: Insn, starts: Sequence[int]) -> int:
    """The slot that `insn`, the last of the shape at `at`, counts its distance from."""
    return starts[at + 1] - insn.slots + 1


def _reaches(
    at: int, label: Label, shapes: Sequence[tuple[Insn, ...]], starts: Sequence[int]
) -> bool:
    """Whether the distance fits the instruction that holds it, the last of its shape."""
    insn = shapes[at][-1]
    if not insn.is_jump or insn.op == _GOTOL.op:
        return True
    return fits_signed(starts[label.position] - _origin(at, insn, starts), 16)


def _far_shape(insn: Insn) -> tuple[Insn, ...]:
    """The same jump by way of a gotol, whose distance is still to fill in."""
    if insn.op == _GOTO.op:
        return (_GOTOL,)
    operation = JumpOp(insn.op & OPERATION_MASK)
    if operation not in INVERSE:
        return replace(insn, off=1), replace(_GOTO, off=1), _GOTOL
    inverse = insn.op & ~OPERATION_MASK | INVERSE[operation]
    return replace(insn, op=inverse, off=1), _GOTOL


def _with_distance(insn: Insn, distance: int) -> Insn:
    """The instruction with its distance, in the field where it has its distance."""
    if insn.is_jump and insn.op != _GOTOL.op:
        return replace(insn, off=distance)
    return replace(insn, imm=distance & U32_MAX if insn.op == LD_IMM64 else distance)
