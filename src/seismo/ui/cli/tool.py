"""`seismo TOOL`: a ready-made tool, with its own options and those that all tools share."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from seismo.base.dataclass import replace
from seismo.base.source import Source
from seismo.compiler import Inputs
from seismo.tools.extra import EXTRAS, Extra, with_columns
from seismo.tools.reports.found import Found, ReportWriter
from seismo.tools.reports.heat import HeatWriter
from seismo.tools.reports.writer import writer_of
from seismo.tools.rows import RowWriter
from seismo.tools.sink import ToolSink
from seismo.tools.tool import Histograms, Option, Report, Stacks, Tool
from seismo.ui.cli.engine import add_engine_option
from seismo.ui.cli.parser import add_output_options, parser_for
from seismo.ui.cli.progress import Progress, has_progress_line
from seismo.ui.cli.run import Job, run_job, taken_source
from seismo.ui.cli.schedule import (
    OPEN_END,
    Schedule,
    add_schedule_options,
    add_schedule_words,
    take_schedule,
)
from seismo.ui.cli.stack_files import FORMS, StackFiles
from seismo.ui.cli.tasks import EVERYBODY, Tasks, add_task_options, take_tasks
from seismo.ui.cli.terminal import has_color, terminal_width

__all__ = ("run_tool", "tool_parser")

_HEAT_SECONDS = 1.0
_ARGUMENTS = {
    (True, False): None,
    (False, False): "?",
    (True, True): "+",
    (False, True): "*",
}
"""How many words an argument takes, by whether it must be there and may be there often."""


def run_tool(tool: Tool, arguments: Sequence[str]) -> int:
    """Run a tool; with `-c` it traces the command and all that it starts. The exit status."""
    parser = tool_parser(tool)
    given = vars(parser.parse_args(list(arguments)))
    try:
        sources = tool.sources(given)
    except argparse.ArgumentTypeError as error:
        parser.error(str(error))
    if given["shows_script"]:
        job = _job(tool, given, sources, EVERYBODY, OPEN_END)
        print(taken_source(replace(job, is_verbose=False, has_warnings=False)).text, end="")
        return 0
    reports = tool.reported(given)
    tasks = take_tasks(parser, given)
    if tasks.command:
        tasks = replace(tasks, is_tree=True)
    maps = tuple(name for one in reports for name in one.maps)
    schedule = take_schedule(parser, given, maps)
    if given.get("is_heat_map") and not schedule.interval:
        schedule = replace(schedule, interval=_HEAT_SECONDS)
    wanted = {kind: path for kind in FORMS if (path := given.get(kind))}
    if not wanted:
        return run_job(_job(tool, given, sources, tasks, schedule))
    if schedule.interval:
        parser.error(f"-i begins anew each time, and --{next(iter(wanted))} is of the whole run")
    with StackFiles(tool.name, reports, wanted) as files:
        return run_job(_job(tool, given, sources, tasks, schedule, files.keep))


def tool_parser(tool: Tool) -> argparse.ArgumentParser:
    """What reads the command line of a tool."""
    parser = parser_for(f"seismo {tool.name}", tool.summary, tool.example)
    for one in tool.options:
        _add_option(parser, one)
    if tool.reports and not any(one.is_positional for one in tool.options):
        add_schedule_words(parser, is_duration=_has_stacks(tool))
    add_task_options(parser)
    add_engine_option(parser)
    add_schedule_options(parser, has_maps=bool(tool.reports))
    _add_form_options(parser, tool)
    add_output_options(parser)
    return parser


def _add_option(parser: argparse.ArgumentParser, one: Option) -> None:
    if one.is_positional:
        parser.add_argument(
            one.name,
            metavar=one.metavar,
            type=one.type,
            nargs=_ARGUMENTS[one.is_required, one.is_many],
            choices=one.choices or None,
            help=one.help,
        )
        return
    flags = [*filter(None, [one.short]), f"--{one.name.replace('_', '-')}"]
    if one.metavar:
        parser.add_argument(
            *flags,
            dest=one.name,
            action="append" if one.is_many else "store",
            metavar=one.metavar,
            type=one.type,
            choices=one.choices or None,
            help=one.help,
        )
    else:
        parser.add_argument(*flags, dest=one.name, action="store_true", help=one.help)


def _add_form_options(parser: argparse.ArgumentParser, tool: Tool) -> None:
    add = parser.add_argument_group("form of the output").add_argument
    add("--json", action="store_true", help="a JSON object a line")
    if tool.rows is not None:
        known = [one.name for one in _extras(tool)]
        text = f"more columns: {', '.join(known)}"
        add("--with", dest="extras", type=partial(_columns, known), default=[], metavar="COLUMNS",
            help=text)  # fmt: skip
        text = "the local time of every row"
        add("-T", "--time", dest="has_time", action="store_true", help=text)
    if tool.reports:
        text = "no more than N rows or stacks, the largest"
        add("--top", type=_positive, default=0, metavar="N", help=text)
    if any(isinstance(one, Histograms) for one in tool.reports):
        text = "a heat map: a line for each histogram, every second or what -i says"
        add("--heatmap", dest="is_heat_map", action="store_true", help=text)
    if _has_stacks(tool):
        for name, text in FORMS.items():
            add(f"--{name}", metavar="FILE", help=text)
    text = "print the script and end"
    add("--script", dest="shows_script", action="store_true", help=text)


def _has_stacks(tool: Tool) -> bool:
    return any(isinstance(one, Stacks) for one in tool.reports)


def _extras(tool: Tool) -> list[Extra]:
    is_current = tool.rows is not None and tool.rows.is_current
    return [one for one in EXTRAS.values() if is_current or not one.is_of_task]


def _job(
    tool: Tool,
    given: Mapping[str, Any],
    sources: Sequence[Source],
    tasks: Tasks,
    schedule: Schedule,
    keep: Callable[[Found], object] | None = None,
) -> Job:
    extras = [EXTRAS[name] for name in given.get("extras", ())]
    if given.get("has_time") and EXTRAS["time"] not in extras:
        extras.insert(0, EXTRAS["time"])
    own = tool.rows.columns if tool.rows is not None else ()
    if tool.rows is not None and extras:
        least, or_more = tool.rows.least, own[-1].is_rest
        sources = [with_columns(one, least, extras, or_more=or_more) for one in sources]
    rows = RowWriter((*(one.column for one in extras), *own), is_json=given["json"])
    # A command has the terminal to itself.
    is_shown = bool(tool.reports) and not given["is_quiet"] and not tasks.command
    progress = Progress(is_on=is_shown and has_progress_line(os.environ))
    make_sink = partial(
        ToolSink,
        errors=sys.stderr.buffer,
        rows=rows,
        reports=[_writer(one, given) for one in tool.reported(given)],
        maps=schedule.maps,
        is_json=given["json"],
        top=given.get("top", 0),
        label=_local_time if schedule.interval and not given.get("is_heat_map") else str,
        keep=keep,
        is_quiet=given["is_quiet"],
        before_write=progress.wipe,
    )
    return Job(
        source=sources[0],
        others=tuple(sources[1:]),
        tells_last=tool.make is not None,
        make_sink=make_sink,
        render=rows.render,
        inputs=Inputs(named=tool.parameters(given), is_unsafe=tool.is_unsafe),
        schedule=schedule,
        progress=progress,
        tasks=tasks,
        ring_bytes=given["ring_bytes"],
        output=given["output"],
        is_verbose=given["is_verbose"],
        engine=given["engine"],
        kernel_only="" if tool.user_engine else f"{tool.name} takes {tool.kernel}",
    )


def _writer(report: Report, given: Mapping[str, Any]) -> ReportWriter:
    if given.get("is_heat_map") and isinstance(report, Histograms) and not given["json"]:
        return HeatWriter(report, width=terminal_width(), has_color=has_color(os.environ))
    return writer_of(report)


def _local_time() -> str:
    return time.strftime("%H:%M:%S")


def _columns(known: Sequence[str], text: str) -> list[str]:
    names = [name.strip() for name in text.split(",")]
    for name in names:
        if name not in known:
            raise argparse.ArgumentTypeError(f"'{name}' is none of {', '.join(known)}")
    return names


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of rows")
    return int(text)
