"""Collects a stage's complaints so that one run reports them all.

>>> diagnostics = Diagnostics()
>>> diagnostics.error(span, "unknown field 'pidd'", hint="did you mean 'pid'?")
>>> diagnostics.stop_on_errors()     # raises DiagnosticsError, which prints every one
"""

from __future__ import annotations

from collections.abc import Iterable

from seismo.base.dataclass import dataclass, field
from seismo.base.errors import BpfError
from seismo.base.source import Span

__all__ = ("Diagnostic", "Diagnostics", "DiagnosticsError", "did_you_mean")


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One complaint: `severity` is `error` or `warning`."""

    severity: str
    span: Span
    message: str
    hint: str = ""

    def __str__(self) -> str:
        hint = f"\nhint: {self.hint}" if self.hint else ""
        where = self.span.location
        return f"{where}: {self.severity}: {self.message}\n{self.span.picture()}{hint}"


class DiagnosticsError(BpfError):
    """A stage found errors; `diagnostics` holds all of them, `str()` prints them in order."""

    def __init__(self, diagnostics: tuple[Diagnostic, ...]) -> None:
        super().__init__("\n".join(str(one) for one in diagnostics))
        self.diagnostics = diagnostics


@dataclass(slots=True)
class Diagnostics:
    """What the stages have complained about so far."""

    found: list[Diagnostic] = field(default_factory=list)

    def error(self, span: Span, message: str, hint: str = "") -> None:
        self.found.append(Diagnostic("error", span, message, hint))

    def warning(self, span: Span, message: str, hint: str = "") -> None:
        self.found.append(Diagnostic("warning", span, message, hint))

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        return tuple(one for one in self.found if one.severity == "error")

    @property
    def warnings(self) -> tuple[Diagnostic, ...]:
        return tuple(one for one in self.found if one.severity == "warning")

    def stop_on_errors(self) -> None:
        """Raise `DiagnosticsError` with every error so far, if there is one."""
        if errors := self.errors:
            raise DiagnosticsError(errors)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A hint that names the nearest known word, or '' when none is near."""
    best, best_distance = "", max(2, len(word) // 3) + 1
    for candidate in sorted(known):
        distance = edit_distance(word, candidate, best_distance)
        if distance < best_distance:
            best, best_distance = candidate, distance
    return f"did you mean '{best}'?" if best else ""


def edit_distance(left: str, right: str, limit: int) -> int:
    """Levenshtein distance, given up (as `limit`) once no row can come below it.

    difflib would do, but costs 5 ms to import on the start path.
    """
    if abs(len(left) - len(right)) >= limit:
        return limit
    previous = list(range(len(right) + 1))
    for row, a in enumerate(left, 1):
        current = [row]
        for column, b in enumerate(right, 1):
            change = previous[column - 1] + (a != b)
            current.append(min(change, previous[column] + 1, current[-1] + 1))
        if min(current) >= limit:
            return limit
        previous = current
    return previous[-1]
