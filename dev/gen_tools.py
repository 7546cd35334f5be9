"""The pages about the tools: docs/tools.md, one each in docs/tools/, and for man(1) in docs/man/.

All is taken from the tools' records and parsers, but for what real runs gave: what a tool printed
stands in `dev/docs/tools/<name>.txt`, and which script ran on which kernel in
`tests/recorded/tools/<series>.json`; `tests/tool_records.py` tells how tests keep both.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path

from man_page import Page, markdown, roff
from seismo.tools.table import NAMES, TOOLS, find_tool, tools_of
from seismo.tools.tool import Area, Option, Tool
from seismo.ui.cli.tool import tool_parser

__all__ = ("PAGES", "matrix")

ROOT = Path(__file__).resolve().parents[1]
_RECORDED = ROOT / "tests" / "recorded" / "tools"
_OUTPUTS = ROOT / "dev" / "docs" / "tools"
_TEMPLATE = ROOT / "dev" / "docs" / "tools.md"
_SECTION = 8
_SEE_ALSO = "seismo tools lists all tools; seismo doctor tells what works on this kernel."


def tools_page() -> str:
    """The list of tools, and where each works."""
    text = _TEMPLATE.read_text(encoding="utf-8")
    lists = "\n\n".join(_list(area) for area in TOOLS)
    for name, part in {"tools": lists, "matrix": _matrix_table()}.items():
        text = text.replace(f"{{{{{name}}}}}", part)
    return text


def matrix() -> dict[str, dict[str, str]]:
    """Kernel -> tool -> the script that ran there, '' if none does."""
    files = sorted(_RECORDED.glob("*.json"), key=lambda path: [*map(int, path.stem.split("."))])
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in files}


def manual(tool: Tool) -> Page:
    """A tool's manual page."""
    sections = [("Description", _paragraphs(tool.about)), ("Options", _options(tool))]
    if tool.rows is not None or tool.reports:
        sections.append(("Columns", _columns(tool)))
    sections += [("Examples", _code(tool.example)), *_output(tool.name)]
    sections += [("Kernel", tool.kernel), ("See also", _SEE_ALSO)]
    return Page(
        name=f"seismo-{tool.name}",
        summary=tool.summary,
        synopsis=_usage(tool),
        sections=tuple(sections),
    )


def _list(area: Area) -> str:
    rows = [f"| [`{one.name}`](tools/{one.name}.md) | {one.summary} |" for one in tools_of(area)]
    return "\n".join([f"### {area.value.capitalize()}", "", "| | |", "|---|---|", *rows])


def _matrix_table() -> str:
    kernels = matrix()
    head = [f"| tool | {' | '.join(kernels)} |", f"|---|{'---|' * len(kernels)}"]
    return "\n".join([*head, *(_matrix_row(name, kernels.values()) for name in sorted(NAMES))])


def _matrix_row(name: str, kernels: Iterable[Mapping[str, str]]) -> str:
    cells = [f"`{script}`" if (script := one.get(name, "")) else "–" for one in kernels]
    return f"| {name} | {' | '.join(cells)} |"


def _usage(tool: Tool) -> str:
    words = [_word(one) for one in tool.options if one.is_positional]
    return " ".join([f"seismo {tool.name} [options]", *words])


def _word(one: Option) -> str:
    """An argument, in brackets if it may be left out."""
    text = one.metavar + (" …" if one.is_many else "")
    return text if one.is_required else f"[{text}]"


def _options(tool: Tool) -> str:
    """A line for each option, in the parser's own order."""
    actions = [
        action
        for group in tool_parser(tool)._action_groups
        for action in group._group_actions
        if action.help is not argparse.SUPPRESS
    ]
    return "\n\n".join(f"`{_flags(action)}`\n    {action.help}" for action in actions)


def _flags(action: argparse.Action) -> str:
    value = f" {action.metavar or action.dest.upper()}" if action.nargs != 0 else ""
    flags = ", ".join(action.option_strings)
    return f"{flags}{value}" if flags else str(action.metavar or action.dest)


def _columns(tool: Tool) -> str:
    parts = []
    if tool.rows is not None:
        parts.append("A row: " + ", ".join(f"`{one.name}`" for one in tool.rows.columns) + ".")
    for report in tool.reports:
        keys = [f"`{one.name}`" for one in report.keys]
        values = getattr(report, "values", ())
        what = [f"`{column.name}`" for _, column in values] or [f"in {getattr(report, 'unit', '')}"]
        kind = type(report).__name__.lower()
        parts.append(f"{kind.capitalize()}: {', '.join([*keys, *what])}.")
    return "\n\n".join(parts)


def _output(name: str) -> list[tuple[str, str]]:
    path = _OUTPUTS / f"{name}.txt"
    return [("Output", _code(path.read_text(encoding="utf-8")))] if path.exists() else []


def _paragraphs(text: str) -> str:
    return "\n\n".join(" ".join(one.split()) for one in text.split("\n\n"))


def _code(text: str) -> str:
    lines = text.removeprefix("examples:\n").rstrip().split("\n")
    return "\n".join(f"    {line}".rstrip() for line in lines)


def _of_tool(name: str, write: Callable[[Page], str]) -> str:
    return write(manual(find_tool(name)))


def _manual_text(page: Page) -> str:
    return roff(page, section=_SECTION)


PAGES: Mapping[str, Callable[[], str]] = {
    "docs/tools.md": tools_page,
    **{f"docs/tools/{name}.md": partial(_of_tool, name, markdown) for name in sorted(NAMES)},
    **{
        f"docs/man/seismo-{name}.{_SECTION}": partial(_of_tool, name, _manual_text)
        for name in sorted(NAMES)
    },
}
"""What makes each page."""
