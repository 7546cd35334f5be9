"""A shipped script's run: `seismo obj run name.bo`, and what a bundle does.

Nothing here knows the compiler: the modules that this one imports are what a bundle carries.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, BinaryIO

from seismo.base.dataclass import dataclass, replace
from seismo.kernel.live import LiveKernel
from seismo.kernel.pid_namespace import pid_namespace
from seismo.kernel.tracefs import Tracefs
from seismo.output.sink import Sink
from seismo.output.stream import Buffering
from seismo.output.text import TextSink
from seismo.plan import Plan
from seismo.runtime.actions import MakeRender, as_text
from seismo.session import Session
from seismo.ship.model import Manifest, Shipped
from seismo.ship.read import read_shipped
from seismo.ship.run import live_plan
from seismo.ui.cli.command import Command
from seismo.ui.cli.ending import ended
from seismo.ui.cli.errors import InputError
from seismo.ui.cli.loop import Run, refusals, require_privilege, run_session
from seismo.ui.cli.notes import Notes
from seismo.ui.cli.parser import parser_for
from seismo.ui.cli.schedule import Schedule, add_schedule_options, take_schedule
from seismo.ui.cli.target import open_output
from seismo.ui.cli.terminal import has_color

if TYPE_CHECKING:
    from seismo.ui.cli.shipped_tool import ToolShow

__all__ = ("run_bundle", "run_file", "run_shipped")

_DESCRIPTION = "Run a script that `seismo build` compiled; its own options were built in."
_EXAMPLES = """examples:
  {program} --duration 10 -o seen.txt
  {program} -f json -c 'ls /'
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Options:
    """What may still be chosen when a shipped script runs."""

    command: str
    output: str
    format: str
    buffering: str
    btf: str
    schedule: Schedule
    is_quiet: bool
    is_verbose: bool


def run_bundle(data: bytes) -> None:
    """The entry of a bundle: run the script `data` as the command line says, and end."""
    # As in `seismo.__main__`: what is made until tracing begins stays.
    gc.disable()
    program = os.path.basename(sys.argv[0])
    status = ended(partial(run_shipped, data, program, sys.argv[1:]))
    os._exit(status)


def run_file(arguments: Sequence[str]) -> int:
    """`FILE [options]`: run the shipped script in a file; the exit status."""
    path, *rest = arguments
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error
    return run_shipped(data, path, rest)


def run_shipped(data: bytes, name: str, arguments: Sequence[str]) -> int:
    """Run the script in the object file `data`, which is called `name`; the exit status."""
    shipped = read_shipped(data, name)
    show = _show_of(shipped.manifest)
    maps = show.maps if show is not None else ()
    parser = _parser(name, has_maps=bool(maps))
    given = vars(parser.parse_args(list(arguments)))
    schedule = take_schedule(parser, given, maps)
    return _run(shipped, _Options(**given, schedule=schedule), show)


def _show_of(manifest: Manifest) -> ToolShow | None:
    """What shows what a tool finds; None for a script, which says by itself."""
    if not manifest.tool:
        return None
    from seismo.ui.cli.shipped_tool import ToolShow  # noqa: PLC0415 (lazy: docs/architecture.md)

    return ToolShow(manifest.tool, dict(manifest.options))


def _run(shipped: Shipped, options: _Options, show: ToolShow | None) -> int:
    """Fit, load, attach, print until it ends, and clean up."""
    kernel = LiveKernel()
    require_privilege(kernel)
    notes = Notes(is_on=options.is_verbose)
    with ExitStack() as owned:
        tracefs = owned.enter_context(Tracefs(kernel))
        command = owned.enter_context(Command(options.command)) if options.command else None
        plan = live_plan(
            shipped,
            kernel,
            tracefs,
            btf=options.btf,
            command_pid=command.pid if command else 0,
            namespace=pid_namespace(),
        )
        plan = _without_demangling(plan)
        notes.say_plan(plan)
        make_sink, render = _form(options, show)
        sink = make_sink(owned.enter_context(open_output(options.output)))
        run = Run(
            plan=plan,
            schedule=options.schedule,
            command=command,
            ended_fd=command.exit_fd if command else -1,
        )
        with refusals(notes):
            session = owned.enter_context(Session(plan, kernel, tracefs, sink, render=render))
            run_session(session, run)
        notes.say_session(session)
        if command:
            command.check()
            notes.say_command(command)
        return session.exit_code


def _form(
    options: _Options, show: ToolShow | None
) -> tuple[Callable[[BinaryIO], Sink], MakeRender]:
    """What makes the sink of a stream, and how a printf becomes text."""
    is_json, is_quiet = options.format == "json", options.is_quiet
    if show is not None:
        return show.form(is_json=is_json, is_quiet=is_quiet)
    buffering = Buffering(options.buffering)
    if is_json:
        from seismo.output.jsonl import JsonSink  # noqa: PLC0415 (lazy: docs/architecture.md)

        return partial(JsonSink, is_quiet=is_quiet, buffering=buffering), as_text
    errors, has_colors = sys.stderr.buffer, has_color(os.environ)
    return partial(
        TextSink, errors=errors, has_color=has_colors, is_quiet=is_quiet, buffering=buffering
    ), as_text


def _without_demangling(plan: Plan) -> Plan:
    """The plan that leaves names of C++ and Rust as they are, where nothing here can read them."""
    if not plan.settings.cpp_demangle or find_spec("demangle") is not None:
        return plan
    note = "names of C++ and Rust stay as compilers spell them: there is no package demangle here"
    settings = replace(plan.settings, cpp_demangle=False)
    return replace(plan, settings=settings, notes=(*plan.notes, note))


def _parser(program: str, *, has_maps: bool) -> argparse.ArgumentParser:
    parser = parser_for(program, _DESCRIPTION, _EXAMPLES.format(program=program))
    add = parser.add_argument
    text = "run CMD, and end when it ends; cpid is its process id"
    add("-c", "--cmd", dest="command", default="", metavar="CMD", help=text)
    add("-o", "--output", default="", metavar="FILE", help="write the output to FILE")
    add("-f", dest="format", choices=("text", "json"), default="text", help="JSON: one a line")
    add("-B", dest="buffering", choices=("line", "full", "none"), default="line", help="of output")
    text = "the kernel's types, where it does not have them itself"
    add("--btf", default="", metavar="FILE", help=text)
    add("-q", "--quiet", dest="is_quiet", action="store_true", help="no 'Attached N probes'")
    text = "say what is loaded and attached"
    add("-v", "--verbose", dest="is_verbose", action="store_true", help=text)
    add_schedule_options(parser, has_maps=has_maps)
    return parser
