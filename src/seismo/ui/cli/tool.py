"""`seismo TOOL`: a ready-made tool with the options that all tools share."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from functools import partial

from seismo.base.dataclass import replace
from seismo.compiler import Inputs
from seismo.output.rows import RowSink, row_renderer
from seismo.output.text import TextSink
from seismo.session import as_text
from seismo.tools.tool import Tool
from seismo.ui.cli.parser import add_output_options, parser_for
from seismo.ui.cli.run import Job, run_job
from seismo.ui.cli.tasks import add_task_options, take_tasks

__all__ = ("run_tool", "tool_parser")


def run_tool(tool: Tool, arguments: Sequence[str]) -> int:
    """Run a tool; with `-c` it traces the command and all that it starts. The exit status."""
    parser = tool_parser(tool)
    given = vars(parser.parse_args(list(arguments)))
    tasks = take_tasks(parser, given)
    if tasks.command:
        tasks = replace(tasks, is_tree=True)
    make = RowSink if given["json"] else TextSink
    job = Job(
        source=tool.source(),
        make_sink=partial(make, errors=sys.stderr.buffer, is_quiet=given["is_quiet"]),
        render=row_renderer(tool.columns) if given["json"] else as_text,
        inputs=Inputs(parameters=tool.parameters(given)),
        tasks=tasks,
        ring_bytes=given["ring_bytes"],
        output=given["output"],
        is_verbose=given["is_verbose"],
    )
    return run_job(job)


def tool_parser(tool: Tool) -> ArgumentParser:
    """What reads the command line of a tool."""
    parser = parser_for(f"seismo {tool.name}", tool.summary, tool.example)
    for one in tool.flags:
        parser.add_argument(one.flag, dest=one.flag, action="store_true", help=one.help)
    parser.add_argument("--json", action="store_true", help="a JSON object a line")
    add_task_options(parser)
    add_output_options(parser)
    return parser
