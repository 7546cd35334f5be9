"""Test files of scripts: what happens, and what the script must print.

    -- script
    tracepoint:syscalls:sys_enter_openat { @[comm] = count(); }
    -- case opens are counted by command
    -- events
    tracepoint:syscalls:sys_enter_openat pid=7 comm=cat filename="/etc/hostname"
    -- expect
    @[cat]: 1

A line `-- name` opens a section; what stands before the first is a remark, and what stands before
the first `-- case` holds for every case. Without one the file is a single case. Text that begins
like such a line itself has a backslash before it. Empty lines at a section's ends do not count.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from seismo.base.dataclass import dataclass
from seismo.base.diagnostics import did_you_mean
from seismo.base.errors import FormatError, SourceError
from seismo.base.source import Source, Span
from seismo.engine.checks import check_format
from seismo.engine.hit import Hit
from seismo.engine.recording_line import parse_hit
from seismo.probes.format import TracepointFormat, parse_format

__all__ = ("Case", "Outcome", "Section", "parse_cases", "updated")

_HEADER = re.compile(r"^-- (?P<name>[a-z]+)(?P<argument>[^\n]*)$", re.MULTILINE)
_ESCAPED = re.compile(r"^\\(?=\\*-- )", re.MULTILINE)
_LIKE_HEADER = re.compile(r"^(?=\\*-- )", re.MULTILINE)
_COMMENT = "#"

_ARGUMENTS = {
    "case": "what it is about",
    "recording": "a file that `seismo record` made",
    "format": "the tracepoint, CATEGORY:NAME",
}
"""Sections whose header says something, and what."""

_NAMES = ("script", "args", "events", "expect", "errors", "exit", *_ARGUMENTS)
_FOR_ALL = ("script", "args", "events", "recording", "format")
"""Sections that may stand before the first case."""


@dataclass(frozen=True, slots=True)
class Section:
    """A section: its header at `span`, and the `body` below it as it stands in the file."""

    name: str
    argument: str
    span: Span
    body: Span

    @property
    def text(self) -> str:
        """What it holds, without the empty lines at its ends."""
        return _ESCAPED.sub("", self.body.text).strip("\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a run of a script has given: text without empty lines at its ends."""

    output: str = ""
    errors: str = ""
    status: int = 0


@dataclass(frozen=True, slots=True)
class Case:
    """One case of a file; `span` is its header's, and `name` may be '' in a file of one case."""

    name: str
    span: Span
    sections: Sequence[Section]

    def find(self, name: str) -> Section | None:
        """The section of that name: of several the last, for a case's own stands behind what holds
        for all."""
        return next((one for one in reversed(self.sections) if one.name == name), None)

    def text(self, name: str) -> str:
        """What a section holds; '' if it is not there."""
        found = self.find(name)
        return found.text if found else ""

    def hits(self) -> tuple[Hit, ...]:
        """Those of the section `events`, or SourceError at a line that is none."""
        found = self.find("events")
        hits: list[Hit] = []
        for line in _lines(found.body) if found else ():
            hits.append(parse_hit(line, hits[-1].ns if hits else 0))
        return tuple(hits)

    def formats(self) -> Mapping[str, TracepointFormat]:
        """The tracepoints of the sections `format`, or SourceError for what tells of none."""
        return {one.argument: _format(one) for one in self.sections if one.name == "format"}

    def expected(self) -> Outcome:
        """What must come out. SourceError for a status that is no number, and where it is not
        said what."""
        if not any(map(self.find, ("expect", "errors", "exit"))):
            hint = "`seismo test --update` writes down what comes out"
            raise SourceError(self.span, "the case expects nothing", hint)
        status = self.find("exit")
        if status and not status.text.strip().isdecimal():
            raise SourceError(status.span, "an exit status is a number", "exit(3) in a script: 3")
        return Outcome(
            output=self.text("expect"),
            errors=self.text("errors"),
            status=int(status.text) if status else 0,
        )


def parse_cases(source: Source) -> tuple[Case, ...]:
    """The cases of a file; SourceError with the line for what is none."""
    sections = list(_sections(source))
    if not sections:
        hint = "a case is `-- events` and `-- expect`, the script stands beside or in `-- script`"
        raise SourceError(Span(source, 0, 0), "this file has no section", hint)
    begins = [index for index, one in enumerate(sections) if one.name == "case"]
    if not begins:
        return (_case("", sections[0].span, sections),)
    shared = sections[: begins[0]]
    for one in shared:
        if one.name not in _FOR_ALL:
            raise SourceError(one.span, f"`-- {one.name}` is a case's", "put it behind a `-- case`")
    cases: list[Case] = []
    for begin, end in zip(begins, (*begins[1:], len(sections)), strict=True):
        header = sections[begin]
        if any(one.name == header.argument for one in cases):
            message = f"there is another case '{header.argument}'"
            raise SourceError(header.span, message, "give each case a name of its own")
        own = _case(header.argument, header.span, sections[begin + 1 : end])
        cases.append(Case(own.name, own.span, (*_not_replaced(shared, own), *own.sections)))
    return tuple(cases)


def updated(source: Source, outcomes: Mapping[str, Outcome]) -> str:
    """The text of a file whose cases have these outcomes, by their names."""
    text = source.text
    for case in reversed(parse_cases(source)):
        if case.name in outcomes:
            for span, replacement in sorted(
                _changes(case, outcomes[case.name]), key=lambda one: one[0].start, reverse=True
            ):
                text = text[: span.start] + replacement + text[span.end :]
    return text


def _format(section: Section) -> TracepointFormat:
    category, colon, name = section.argument.partition(":")
    hint = "it holds the `field:` lines of events/CATEGORY/NAME/format in tracefs"
    if not colon:
        raise SourceError(section.span, f"'{section.argument}' is not CATEGORY:NAME", hint)
    lines = [f"\t{line}\n" for line in section.text.splitlines()]
    try:
        told = parse_format(category, f"name: {name}\n{''.join(lines)}")
        check_format(told)
    except (FormatError, ValueError) as error:
        what = error.what if isinstance(error, FormatError) else str(error)
        raise SourceError(section.span, what, hint) from None
    return told


def _changes(case: Case, outcome: Outcome) -> Iterator[tuple[Span, str]]:
    """What is to be put where; sections that are new come behind the case's last, in one piece."""
    status = str(outcome.status) if outcome.status else ""
    texts = {"expect": outcome.output, "errors": outcome.errors, "exit": status}
    end = case.sections[-1].body if case.sections else case.span
    new = ""
    for name, text in texts.items():
        found = case.find(name)
        is_needed = name == "expect" and not outcome.errors
        written = _written(text)
        if found is None:
            new += f"-- {name}\n{written}" if text or is_needed else ""
        elif found.text != text:
            yield _filled(found.body), written or ("0\n" if name == "exit" else "")
    if new:
        at = _filled(end).end if case.sections else end.end + 1
        before = "" if end.source.text[:at].endswith("\n") else "\n"
        yield Span(end.source, at, at), before + new


def _filled(body: Span) -> Span:
    """A section's body without the empty lines at its end."""
    length = len(body.text.rstrip("\n"))
    return Span(
        body.source, body.start, min(body.end, body.start + length + 1 if length else body.start)
    )


def _written(text: str) -> str:
    return _LIKE_HEADER.sub(r"\\", text) + "\n" if text else ""


def _sections(source: Source) -> Iterator[Section]:
    headers = list(_HEADER.finditer(source.text))
    ends = [*[one.start() for one in headers], len(source.text)][1:]
    for header, end in zip(headers, ends, strict=True):
        name, argument = header["name"], header["argument"].strip()
        span = Span(source, *header.span())
        if name not in _NAMES:
            hint = did_you_mean(name, _NAMES) or f"there are {', '.join(_NAMES)}"
            raise SourceError(span, f"there is no section '{name}'", hint)
        if bool(argument) != (name in _ARGUMENTS):
            message = (
                f"`-- {name}` needs {_ARGUMENTS[name]}"
                if name in _ARGUMENTS
                else (f"behind `-- {name}` stands nothing")
            )
            raise SourceError(span, message, "what it holds stands below")
        yield Section(name, argument, span, Span(source, min(header.end() + 1, end), end))


def _case(name: str, span: Span, sections: Sequence[Section]) -> Case:
    """A case of these sections, each there once; it has one kind of events."""
    seen: set[tuple[str, str]] = set()
    for one in sections:
        key = one.name, one.argument if one.name == "format" else ""
        if key in seen:
            raise SourceError(
                one.span, f"there is another `-- {one.name}` in this case", "keep one"
            )
        seen.add(key)
        if {("events", ""), ("recording", "")} <= seen:
            raise SourceError(one.span, "a case has events or a recording, not both", "keep one")
    return Case(name, span, sections)


def _not_replaced(shared: Sequence[Section], own: Case) -> Iterator[Section]:
    """What holds for all and the case has nothing of its own for."""
    names = {one.name for one in own.sections if one.name != "format"}
    replaced = names | ({"events", "recording"} if names & {"events", "recording"} else set())
    return (one for one in shared if one.name not in replaced)


def _lines(body: Span) -> Iterator[Span]:
    """The lines of a body that hold something, comments left out."""
    start = body.start
    for line in body.text.splitlines(keepends=True):
        text = line.strip()
        if text and not text.startswith(_COMMENT):
            begin = start + len(line) - len(line.lstrip())
            yield Span(body.source, begin, begin + len(text))
        start += len(line)
