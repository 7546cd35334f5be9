"""Listings of programs, as the verifier's log shows them, with what the log does not know.

    ; @[comm] = count() @ stdin:1
       0: (18) r1 = map[fd:0] <counts>
       2: (85) call bpf_map_lookup_elem#1
       3: (15) if r0 == 0x0 goto pc+1 <L1>

Numbers count slots. What stands in angle brackets, lines that start with a semicolon and lines
`L1:` are for people: `parse_listing` skips them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from seismo.base.source import Span
from seismo.isa.errors import NotFound
from seismo.isa.helpers import helper_name
from seismo.isa.insn import Insn, slot_starts

__all__ = ("format_insn", "format_listing", "jump_labels")


def format_insn(insn: Insn) -> str:
    """The line as the verifier logs it: `str(insn)`, with the name of a helper it calls."""
    if not insn.is_helper_call:
        return str(insn)
    try:
        name = f"bpf_{helper_name(insn.imm)}"
    except NotFound:
        name = "unknown"
    return f"call {name}#{insn.imm}"


def jump_labels(insns: Sequence[Insn]) -> dict[int, str]:
    """A name for each slot that a jump or a call within the program refers to: L1, L2, …"""
    targets = {
        insn.target(start)
        for insn, start in zip(insns, slot_starts(insns), strict=False)
        if insn.has_distance
    }
    return {slot: f"L{number}" for number, slot in enumerate(sorted(targets), 1)}


def format_listing(
    insns: Sequence[Insn],
    *,
    labels: Mapping[int, str] | None = None,
    maps: Mapping[int, str] | None = None,
    spans: Sequence[Span] = (),
) -> str:
    """One line an instruction.

    `labels` names slots (`jump_labels` makes some), `maps` names the map that the instruction at
    an index loads, `spans` holds the script's span of each instruction.
    """
    labels, maps = labels or {}, maps or {}
    lines: list[str] = []
    shown = ""
    for index, (insn, slot) in enumerate(zip(insns, slot_starts(insns), strict=False)):
        if slot in labels:
            lines.append(f"{labels[slot]}:")
        if spans and (script := _script_line(spans[index])) != shown:
            lines.append(script)
            shown = script
        note = maps.get(index, "")
        if insn.has_distance:
            note = labels.get(insn.target(slot), "")
        text = f"{slot:4}: ({insn.op:02x}) {format_insn(insn)}"
        lines.append(f"{text} <{note}>" if note else text)
    return "\n".join(lines)


def _script_line(span: Span) -> str:
    """The script's line as the kernel prints a program's line info. Since Linux 6.9."""
    at = span.location
    return f"; {span.source.line(at.line).strip()} @ {at.name}:{at.line}"
