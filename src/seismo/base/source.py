"""Where text came from: `Source`, `Span`, `Location`, and the caret picture of a span.

>>> span = Span(Source("stdin", "BEGIN { $x = 1 }"), 8, 10)
>>> str(span.location)
'stdin:1:9'
"""

from __future__ import annotations

from seismo.base.dataclass import dataclass

__all__ = ("NOWHERE", "Location", "Source", "Span")


@dataclass(frozen=True, slots=True)
class Location:
    """A place for people: `line` and `column` count from 1, in characters."""

    name: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.name}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """One script text and the name to show for it (`stdin` for `-e` and `-`)."""

    name: str
    text: str

    def __repr__(self) -> str:
        return f"Source({self.name!r}, {len(self.text)} chars)"

    def locate(self, offset: int) -> Location:
        """The location of a character offset; an offset past the end is the end's."""
        before = self.text[:offset]
        line_start = before.rfind("\n") + 1
        return Location(self.name, before.count("\n") + 1, len(before) - line_start + 1)

    def line(self, number: int) -> str:
        """The text of line `number` (from 1), without its newline."""
        lines = self.text.splitlines()
        return lines[number - 1] if 0 < number <= len(lines) else ""


@dataclass(frozen=True, slots=True)
class Span:
    """Characters `start` to `end` (exclusive) of a source; on every token, node and IR op."""

    source: Source
    start: int
    end: int

    def __repr__(self) -> str:
        return f"Span({self.location}, {self.end - self.start})"

    @property
    def location(self) -> Location:
        return self.source.locate(self.start)

    @property
    def text(self) -> str:
        return self.source.text[self.start : self.end]

    def join(self, other: Span) -> Span:
        """The smallest span that holds both; both must be of one source."""
        return Span(self.source, min(self.start, other.start), max(self.end, other.end))

    def picture(self) -> str:
        """The source line with carets below the span, tabs kept as one column each."""
        at = self.location
        line = self.source.line(at.line)
        shown = line.replace("\t", " ")
        width = max(1, min(self.end - self.start, len(line) - at.column + 1))
        return f"    {shown}\n    {' ' * (at.column - 1)}{'^' * width}"


NOWHERE = Span(Source("<generated>", ""), 0, 0)
