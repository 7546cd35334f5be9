"""Programs of the laboratory, written as listings with names for places and maps.

>>> print(Specimen("two", "r1 = map counts\\ngoto out\\nout:\\nr0 = 2\\nexit", (counts,)))
    0  r1 = map counts
    2  goto out
       out:
    3  r0 = 2
    4  exit

Numbers count slots. Instructions are as the kernel's log has them, but that jumps name labels;
`; …` is a remark.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from seismo.base.dataclass import dataclass, replace
from seismo.isa.insn import slot_starts
from seismo.isa.parse import parse_insn
from seismo.isa.prog_types import ProgType
from seismo.spec.types import MapSpec, ProgramSpec

__all__ = ("Specimen",)

_LABEL = re.compile(r"(\w+):")
_GOTO = re.compile(r"goto (\w+)$")
_MAP = re.compile(r"map (\w+)$")


@dataclass(frozen=True, slots=True)
class Specimen:
    """A program, the maps that it names, and its kind."""

    name: str
    text: str
    maps: tuple[MapSpec, ...] = ()
    type: ProgType = ProgType.RAW_TRACEPOINT

    @property
    def program(self) -> ProgramSpec:
        """The program to verify or to run; AsmError for what is no instruction."""
        lines = [text for text, is_instruction in self._lines() if is_instruction]
        insns = [parse_insn(_GOTO.sub("goto pc+0", _MAP.sub("map[fd:0]", one))) for one in lines]
        starts = slot_starts(insns)
        places = self._places()
        refs: list[tuple[int, str]] = []
        for index, line in enumerate(lines):
            if found := _MAP.search(line):
                refs.append((index, found[1]))
            if found := _GOTO.search(line):
                distance = starts[places[found[1]]] - starts[index] - 1
                insns[index] = replace(insns[index], off=distance)
        return ProgramSpec(name=self.name, type=self.type, insns=tuple(insns), map_refs=tuple(refs))

    def __str__(self) -> str:
        """The listing, each instruction with the slot that it begins at."""
        slots = iter(slot_starts(self.program.insns))
        return "\n".join(
            f"{next(slots):5}  {text}" if is_instruction else f"       {text}"
            for text, is_instruction in self._lines()
        )

    def _lines(self) -> Iterator[tuple[str, bool]]:
        """Each line, and whether it is an instruction."""
        for line in filter(None, self.text.splitlines()):
            yield line, not line.startswith(";") and not _LABEL.fullmatch(line)

    def _places(self) -> dict[str, int]:
        """The index of what stands behind each label."""
        places: dict[str, int] = {}
        index = 0
        for line, is_instruction in self._lines():
            if found := _LABEL.fullmatch(line):
                places[found[1]] = index
            index += is_instruction
        return places
