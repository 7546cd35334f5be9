"""Golden tests: case files that hold a stage's input and the text that must come out of it.

A case file lies at `tests/golden/<stage>/<name>.test`. A line `-- name` opens a section; what
stands before the first one is a remark. A file may hold several cases, each opened by a line
`== title`. Text that itself begins like such a line is stored with a backslash before it.

    == a constant
    -- script
    BEGIN { @ = 1 + 2 }
    -- tree
    (map @ (int 3))

A test names its files and receives one case after the other:

    @pytest.mark.golden("fold/*.test")
    def test_fold(case: GoldenCase) -> None:
        case.expect("tree", str(fold(parse(case["script"]))))

`pytest --update` (or `./check --update`) writes what came out into the files; review the diff.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import pytest

__all__ = (
    "CaseFile",
    "GoldenCase",
    "collect_cases",
    "pytest_addoption",
    "pytest_generate_tests",
)

Value = TypeVar("Value")

_HEADER = re.compile(r"(--|==) (\S.*)")
_ESCAPED = re.compile(r"\\+(--|==) ")


@dataclass(slots=True)
class CaseFile:
    """The text of a case file, taken apart: section text by section name by case title.

    The title of a file's only case, when it has no `==` line, is empty.
    """

    remark: str = ""
    cases: dict[str, dict[str, str]] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> CaseFile:
        """Reads a file's text; raises `ValueError` at a title or section that occurs twice."""
        remark = body = list[str]()
        cases: dict[str, dict[str, list[str]]] = {}
        title = ""
        for line in text.splitlines():
            header = _HEADER.fullmatch(line)
            if header is None:
                body.append(_unescape(line))
                continue
            body = []
            if header[1] == "==":
                title = header[2]
                _add(cases, title, {})
            else:
                _add(cases.setdefault(title, {}), header[2], body)
        return cls(
            _joined(remark),
            {name: {s: _joined(b) for s, b in case.items()} for name, case in cases.items()},
        )

    def __str__(self) -> str:
        return "".join(self._blocks())

    def _blocks(self) -> Iterator[str]:
        if self.remark:
            yield f"{self.remark}\n\n"
        for position, (title, sections) in enumerate(self.cases.items()):
            if title:
                yield f"{'' if position == 0 else chr(10)}== {title}\n"
            for name, text in sections.items():
                lines = [_escape(line) for line in text.splitlines()]
                yield "\n".join([f"-- {name}", *lines]) + "\n"


@dataclass(frozen=True, slots=True)
class GoldenCase:
    """One case of a case file, as a test receives it."""

    path: Path
    title: str
    sections: Mapping[str, str]
    update: bool = False

    def __str__(self) -> str:
        stem = f"{self.path.parent.name}/{self.path.stem}"
        return f"{stem}:{self.title}" if self.title else stem

    def __contains__(self, name: str) -> bool:
        return name in self.sections

    def __getitem__(self, name: str) -> str:
        """The text of a section, without empty lines at its ends."""
        if name not in self.sections:
            raise KeyError(f"{self.path}: case '{self.title}' has no section '-- {name}'")
        return self.sections[name]

    def expect(self, name: str, actual: str) -> None:
        """Fails with a diff unless the section holds this text; with `--update`, stores it."""
        text = "\n".join(line.rstrip() for line in actual.strip("\n").splitlines())
        if self.update:
            self._store(name, text)
            return
        expected = self.sections.get(name, "")
        if text != expected:
            lines = expected.splitlines(), text.splitlines()
            diff = difflib.unified_diff(*lines, f"{self.path} -- {name}", "actual", lineterm="")
            pytest.fail("\n".join([*diff, "if this is right: ./check --update"]), pytrace=False)

    def _store(self, name: str, text: str) -> None:
        file = CaseFile.parse(self.path.read_text())
        file.cases[self.title][name] = text
        if (stored := str(file)) != self.path.read_text():
            self.path.write_text(stored)


def collect_cases(root: Path, pattern: str, *, update: bool = False) -> list[GoldenCase]:
    """Every case of the files below `root` that a glob pattern names, in order."""
    return [
        GoldenCase(path, title, sections, update)
        for path in sorted(root.glob(pattern))
        for title, sections in CaseFile.parse(path.read_text()).cases.items()
    ]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds `--update`."""
    parser.addoption("--update", action="store_true", help="rewrite the golden files")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Hands each case to a test marked `golden(pattern)`; a pattern without cases is an error."""
    marker = metafunc.definition.get_closest_marker("golden")
    if marker is None:
        return
    (pattern,) = marker.args
    root = metafunc.config.rootpath / "tests" / "golden"
    cases = collect_cases(root, pattern, update=metafunc.config.getoption("--update"))
    if not cases:
        raise pytest.UsageError(f"no golden case matches tests/golden/{pattern}")
    metafunc.parametrize("case", cases, ids=str)


def _add(table: dict[str, Value], name: str, value: Value) -> None:
    if name in table:
        raise ValueError(f"'{name}' occurs twice in one case file")
    table[name] = value


def _joined(lines: list[str]) -> str:
    return "\n".join(lines).strip("\n")


def _escape(line: str) -> str:
    return f"\\{line}" if _HEADER.fullmatch(line) or _ESCAPED.match(line) else line


def _unescape(line: str) -> str:
    return line[1:] if _ESCAPED.match(line) else line
