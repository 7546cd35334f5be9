"""Every tool's record agrees with its scripts, with the other tools, and with the list."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import seismo.tools
from seismo.base.diagnostics import Diagnostics
from seismo.events.printf import parse_format
from seismo.lang.lexer import tokenize
from seismo.lang.literals import string_value
from seismo.lang.parse_probe import parse
from seismo.tools.extra import argument_count
from seismo.tools.table import NAMES, TOOLS, find_tool
from seismo.tools.tool import Stacks, Tool
from seismo.ui.cli.tool import tool_parser

FOLDER = Path(seismo.tools.__file__).parent
ALL = [find_tool(name) for name in sorted(NAMES)]


def named(tool: Tool) -> str:
    return tool.name


def test_the_list_is_sorted_and_names_each_tool_once() -> None:
    assert sum(map(len, TOOLS.values())) == len(NAMES)
    assert all(list(names) == sorted(names) for names in TOOLS.values())


def test_no_file_is_without_a_tool() -> None:
    """Every script is one of some tool: of its list, or by its name where the tool makes it."""
    used = {Path(tool.path(script)) for tool in ALL for script in tool.scripts}
    making = tuple(tool.name for tool in ALL if tool.make is not None)
    left = set(FOLDER.glob("*/*.bt")) - used
    assert used <= set(FOLDER.glob("*/*.bt"))
    assert [path for path in left if not path.name.startswith(making)] == []


@pytest.mark.parametrize("tool", ALL, ids=named)
def test_the_record_is_in_its_area_and_complete(tool: Tool) -> None:
    (area,) = [area for area, names in TOOLS.items() if tool.name in names]
    assert tool.area is area
    assert tool.summary.endswith(".") and len(tool.summary) <= 90
    assert bool(tool.scripts) != (tool.make is not None)
    assert tool.rows is not None or tool.reports
    assert tool.example.startswith("examples:\n") and tool.example.count("seismo ") >= 2
    assert len(tool.about) > 60 and tool.kernel.startswith("Linux ")


@pytest.mark.parametrize("tool", ALL, ids=named)
def test_the_command_line_can_be_read(tool: Tool) -> None:
    """No option clashes with those that all tools share."""
    text = tool_parser(tool).format_help()
    for one in tool.options:
        assert one.metavar or not one.is_positional
        assert (one.metavar or one.name) in text.replace("-", "_") or one.short in text
    assert ("--flame" in text) == any(isinstance(one, Stacks) for one in tool.reports)


@pytest.mark.parametrize("tool", [one for one in ALL if one.scripts], ids=named)
def test_every_script_parses_and_takes_the_options_of_the_record(tool: Tool) -> None:
    for source in tool.sources({}):
        diagnostics = Diagnostics()
        parse(source, diagnostics, ())
        assert not diagnostics.found, str(diagnostics.found[0])
        asked = set(re.findall(r'getopt\(\s*"([a-z_0-9]+)"', source.text))
        assert asked == {one.name for one in tool.options}, source.name


def formats_of(tool: Tool) -> set[str]:
    """The formats of the rows in all of its scripts."""
    assert tool.rows is not None
    least = tool.rows.least
    wanted = range(least, 100 if tool.rows.columns[-1].is_rest else least + 1)
    return {
        string_value(tokens[at + 2])
        for source in tool.sources({})
        for tokens in (tokenize(source),)
        for at, token in enumerate(tokens)
        if token.text == "printf" and argument_count(tokens, at + 3) in wanted
    }


@pytest.mark.parametrize("tool", [one for one in ALL if one.rows and one.scripts], ids=named)
def test_all_scripts_print_rows_of_one_form(tool: Tool) -> None:
    """The same format in all scripts, wide enough for the heading."""
    assert tool.rows is not None
    columns = tool.rows.columns
    (format_,) = formats_of(tool)
    conversions = parse_format(format_)
    in_line = [one for one in columns if not one.is_stack]
    pairs = [*zip(conversions, in_line[:-1], strict=False)]
    has_widths = any(one.width for one, _ in pairs)
    assert all((one.width or 0) >= len(column.name) for one, column in pairs) or not has_widths
