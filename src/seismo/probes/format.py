"""A tracepoint's argument layout, parsed from the `format` file that tracefs shows."""

from __future__ import annotations

import re

from seismo.base.dataclass import dataclass
from seismo.base.errors import FormatError

__all__ = ("FormatField", "TracepointFormat", "parse_format")

_FIELD = re.compile(
    r"\s+field:(?P<declaration>[^;]+);"
    r"\s*offset:(?P<offset>\d+);\s*size:(?P<size>\d+);\s*signed:(?P<signed>[01]);"
)
_DECLARATION = re.compile(r"(?P<type>.*?)\s*(?P<name>\w+)\s*(?P<array>(?:\[[^\]]*\])*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class FormatField:
    """One `field:` line. `c_type` is the declaration without the name (`const char *`, `char[16]`,
    `__data_loc char[]`); `offset` and `size` are bytes in the program's context."""

    name: str
    c_type: str
    offset: int
    size: int
    signed: bool


@dataclass(frozen=True, slots=True)
class TracepointFormat:
    """`category:name` and its fields, the common ones (`common_pid` …) left out."""

    category: str
    name: str
    fields: tuple[FormatField, ...]


def parse_format(category: str, text: str) -> TracepointFormat:
    """The layout that a `format` file tells; FormatError, with the offset, for a line that is none.

    The kernel writes the file in f_show() of kernel/trace/trace_events.c.
    """
    name = ""
    fields: list[FormatField] = []
    offset = 0
    for line in text.splitlines(keepends=True):
        if line.startswith("name: "):
            name = line.removeprefix("name: ").strip()
        elif line.startswith("print fmt:"):
            break
        elif line.lstrip().startswith("field:"):
            field = _parse_field(line, offset)
            if not field.name.startswith("common_"):
                fields.append(field)
        offset += len(line)
    if not name:
        raise FormatError("a tracepoint format without a name", 0)
    return TracepointFormat(category, name, tuple(fields))


def _parse_field(line: str, offset: int) -> FormatField:
    match = _FIELD.match(line)
    declaration = _DECLARATION.fullmatch(match["declaration"].strip()) if match else None
    if match is None or declaration is None:
        raise FormatError(f"'{line.strip()}' is no field of a tracepoint", offset)
    return FormatField(
        name=declaration["name"],
        c_type=(declaration["type"] + declaration["array"]).strip(),
        offset=int(match["offset"]),
        size=int(match["size"]),
        signed=match["signed"] == "1",
    )
