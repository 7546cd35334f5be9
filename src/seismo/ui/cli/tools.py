"""`seismo tools`: the list of tools; and which tool a word is the name of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from seismo.base.diagnostics import did_you_mean
from seismo.tools.table import NAMES, TOOLS, find_tool, tools_of
from seismo.tools.tool import Area
from seismo.ui.cli.errors import InputError
from seismo.ui.cli.parser import parser_for
from seismo.ui.cli.tool import run_tool

__all__ = ("list_tools", "run_verb")

_EXAMPLES = """examples:
  seismo tools             all tools, by what they are about
  seismo tools network     the tools of one area
  seismo execsnoop --help  what a tool shows, and its options
"""


def run_verb(verb: str, arguments: Sequence[str]) -> int:
    """Run the tool of this name, or list all; the exit status. InputError for no tool's name."""
    if verb == "tools":
        return list_tools(arguments)
    if verb in NAMES:
        return run_tool(find_tool(verb), arguments)
    hint = did_you_mean(verb, (*NAMES, "tools", "doctor")) or "`seismo tools` lists them"
    raise InputError(f"there is no tool, and no file, called '{verb}'\nhint: {hint}")


def list_tools(arguments: Sequence[str]) -> int:
    """Print the tools of an area, or of all, a line each."""
    parser = parser_for("seismo tools", "List the ready-made tools.", _EXAMPLES)
    areas = [one.value for one in Area]
    parser.add_argument("area", nargs="?", choices=areas, metavar="AREA", help=", ".join(areas))
    wanted = parser.parse_args(list(arguments)).area
    print("\n\n".join(_section(one) for one in TOOLS if wanted in (None, one.value)))
    return 0


def _section(area: Area) -> str:
    return "\n".join([f"{area.value}:", *_lines(area)])


def _lines(area: Area) -> Iterable[str]:
    return (f"  {one.name:<16}{one.summary}" for one in tools_of(area))
