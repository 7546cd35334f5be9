"""`seismo TOOL`: a ready-made tool with the options that all tools share."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import ExitStack

from seismo.compiler import compile_script
from seismo.kernel.live import LiveKernel
from seismo.kernel.tracefs import Tracefs
from seismo.lower.resources import LowerOptions
from seismo.output.rows import RowSink, row_renderer
from seismo.output.text import TextSink
from seismo.session import Session, as_text
from seismo.tools.tool import Tool
from seismo.ui.cli.command import Command
from seismo.ui.cli.notes import Notes
from seismo.ui.cli.options import add_target_options, parser_for, task_filter
from seismo.ui.cli.trace import open_output, require_privilege, run_session
from seismo.views import LiveView

__all__ = ("run_tool",)


def run_tool(tool: Tool, arguments: Sequence[str]) -> int:
    """Run a tool; with `-c` it traces the command and all that it starts. The exit status."""
    parser = parser_for(f"seismo {tool.name}", tool.summary, tool.example)
    for one in tool.flags:
        parser.add_argument(one.flag, dest=one.flag, action="store_true", help=one.help)
    parser.add_argument("--json", action="store_true", help="a JSON object a line")
    add_target_options(parser)
    given = vars(parser.parse_args(list(arguments)))
    kernel = LiveKernel()
    require_privilege(kernel)
    with ExitStack() as owned:
        tracefs = owned.enter_context(Tracefs(kernel))
        view = LiveView(kernel, tracefs)
        command = owned.enter_context(Command(given["command"])) if given["command"] else None
        command_pid = command.pid if command else 0
        is_tree = given["is_tree"] or command is not None
        options = LowerOptions(
            possible_cpus=view.possible_cpus(),
            filter=task_filter(given["pid"], command_pid, is_tree=is_tree),
            command_pid=command_pid,
            ring_bytes=given["ring_bytes"],
        )
        plan = compile_script(tool.source(), view, options, tool.parameters(given)).plan
        stream = owned.enter_context(open_output(given["output"]))
        make = RowSink if given["json"] else TextSink
        sink = make(stream, sys.stderr.buffer, is_quiet=given["is_quiet"])
        render = row_renderer(tool.columns) if given["json"] else as_text
        notes = Notes(is_on=given["is_verbose"])
        notes.say_plan(plan)
        with notes.explaining():
            session = owned.enter_context(Session(plan, kernel, tracefs, sink, render=render))
        status = run_session(session, command, given["pid"])
        notes.say_session(session)
        return status
