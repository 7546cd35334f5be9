"""A verdict drawn for people: the source with carets, the way there, what would make it pass.

>>> print("\\n".join(explain(spec, verdict, Lines(spec))))
accepted (12 instructions walked, 2 states, 8 bytes of stack)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TypeAlias

from seismo.isa.format import format_insn
from seismo.isa.insn import Insn, slot_starts
from seismo.spec.types import ProgramSpec
from seismo.verifier.lines import Lines
from seismo.verifier.report import Complaint, Verdict

__all__ = ("Branch", "branches", "explain")

Branch: TypeAlias = tuple[int, bool]
"""Where a path has a conditional jump, as an index into the path, and whether it was taken."""

_SHOWN = 12


def explain(
    spec: ProgramSpec, verdict: Verdict, lines: Lines, *, is_verbose: bool = False
) -> Iterator[str]:
    """The lines of a report; `is_verbose` lists all instructions of the way, not only branches."""
    complaint = verdict.complaint
    if complaint is None:
        yield (
            f"accepted ({verdict.explored} instructions walked, {verdict.kept} states, "
            f"{verdict.stack} bytes of stack)"
        )
        return
    yield f"refused ({verdict.explored} instructions walked): {complaint.rule.value}"
    line = lines.at(complaint.index)
    if line is not None:
        yield f"{line.place}: error: {complaint.message}"
        yield from line.picture().splitlines()
    else:
        yield f"error: {complaint.message}"
    if complaint.index >= 0:
        slot = slot_starts(spec.insns)[complaint.index]
        yield f"at {slot}: {format_insn(spec.insns[complaint.index])}"
        yield f"with {complaint.registers}"
    way = _instructions(spec, complaint, lines) if is_verbose else _turns(spec, complaint, lines)
    yield from _under("the way there:", way)
    yield f"to make it pass: {complaint.hint}"


def branches(insns: Sequence[Insn], path: Sequence[int]) -> Iterator[Branch]:
    """The conditional jumps on a path, in its order, and which side it took."""
    for at, (index, following) in enumerate(pairwise(path)):
        if insns[index].is_conditional:
            yield at, following != index + 1


def _turns(spec: ProgramSpec, complaint: Complaint, lines: Lines) -> Iterator[str]:
    """The branches, each below its line."""
    found = tuple(branches(spec.insns, complaint.path))
    if len(found) > _SHOWN:
        yield f"… {len(found) - _SHOWN} branches before"
    starts = slot_starts(spec.insns)
    shown = ""
    for at, is_taken in found[-_SHOWN:]:
        index = complaint.path[at]
        line = lines.at(index)
        text = f"{line.place}: {line.text}" if line is not None else ""
        if text != shown:
            shown = text
            yield text
        took = "taken" if is_taken else "not taken"
        yield f"{starts[index]}: {format_insn(spec.insns[index])}  ({took})"


def _instructions(spec: ProgramSpec, complaint: Complaint, lines: Lines) -> Iterator[str]:
    """All that was run, source lines between."""
    starts = slot_starts(spec.insns)
    sides = dict(branches(spec.insns, complaint.path))
    shown = ""
    for at, index in enumerate(complaint.path):
        line = lines.at(index)
        text = f"; {line.place}: {line.text}" if line is not None else ""
        if text and text != shown:
            shown = text
            yield text
        took = "  (taken)" if sides.get(at) else ""
        yield f"{starts[index]}: {format_insn(spec.insns[index])}{took}"


def _under(title: str, lines: Iterator[str]) -> Iterator[str]:
    """Indented below a title, which does not stand alone."""
    for at, line in enumerate(lines):
        if not at:
            yield title
        yield f"  {line}"
