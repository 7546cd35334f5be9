"""Where the instructions of a program come from: lines of a script, or of C."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from seismo.base.dataclass import dataclass
from seismo.base.source import NOWHERE, Source, Span
from seismo.btf.ext import LineInfo
from seismo.isa.insn import slot_starts
from seismo.spec.types import ProgramSpec

__all__ = ("Line", "Lines")


@dataclass(frozen=True, slots=True)
class Line:
    """A piece of source: `place` is `file:line:column`, `span` what carets are drawn below."""

    place: str
    span: Span

    @property
    def text(self) -> str:
        """The whole line, without what stands around it."""
        return self.span.source.line(self.span.location.line).strip()

    def picture(self) -> str:
        """The line with carets, as `Span.picture`."""
        return self.span.picture()


class Lines:
    """The line of each instruction. `infos` are those of a program that has no script, by slots."""

    def __init__(self, spec: ProgramSpec, infos: Sequence[LineInfo] = ()) -> None:
        self._spans = spec.spans
        self._infos = infos
        self._slots = [one.instruction for one in infos]
        self._starts = slot_starts(spec.insns)

    def at(self, index: int) -> Line | None:
        """Of the instruction at `index` of `ProgramSpec.insns`; None where nothing is known."""
        if 0 <= index < len(self._spans):
            span = self._spans[index]
            return None if span is NOWHERE else Line(str(span.location), span)
        if index < 0 or not self._infos:
            return None
        at = bisect_right(self._slots, self._starts[index]) - 1
        return _of_info(self._infos[at]) if at >= 0 else None


def _of_info(info: LineInfo) -> Line:
    """C has a place in the line, and no end of it."""
    start = max(info.column - 1, 0)
    span = Span(Source(info.file, info.text), start, start + 1)
    return Line(f"{info.file}:{info.line}:{info.column}", span)
