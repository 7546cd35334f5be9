"""`seismo tools`: the list of tools."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterable, Sequence

from seismo.tools.table import TOOLS, tools_of
from seismo.tools.tool import Area
from seismo.ui.cli.parser import parser_for

__all__ = ("run_tools", "tools_parser")

_EXAMPLES = """examples:
  seismo tools             all tools, by what they are about
  seismo tools network     the tools of one area
  seismo execsnoop --help  what a tool shows, and its options
"""


def run_tools(arguments: Sequence[str]) -> int:
    """Print the tools of an area, or of all, a line each; the exit status."""
    wanted = tools_parser().parse_args(list(arguments)).area
    print("\n\n".join(_section(one) for one in TOOLS if wanted in (None, one.value)))
    return 0


def tools_parser() -> ArgumentParser:
    """What reads the command line of `seismo tools`."""
    parser = parser_for("seismo tools", "List the ready-made tools.", _EXAMPLES)
    areas = [one.value for one in Area]
    parser.add_argument("area", nargs="?", choices=areas, metavar="AREA", help=", ".join(areas))
    return parser


def _section(area: Area) -> str:
    return "\n".join([f"{area.value}:", *_lines(area)])


def _lines(area: Area) -> Iterable[str]:
    return (f"  {one.name:<16}{one.summary}" for one in tools_of(area))
