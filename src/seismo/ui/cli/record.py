"""`seismo record`: what comes by on this kernel, into a file that scripts can be run over."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import BinaryIO

from seismo.base.dataclass import dataclass, replace
from seismo.base.diagnostics import Diagnostics
from seismo.base.source import Source
from seismo.compiler import Inputs
from seismo.engine.places import system_call_places
from seismo.engine.record import DEFAULT_PROBES, Recorder, is_recordable
from seismo.engine.recording import Accounts, Header, RecordingWriter, writing_stream
from seismo.engine.recording_sink import RecordingSink
from seismo.engine.view import EngineView
from seismo.kernel.live import LiveKernel
from seismo.kernel.tracefs import Tracefs
from seismo.lang.ast import Script
from seismo.lang.config import read_config
from seismo.lang.expand import attach_points
from seismo.lang.imports import resolve_imports
from seismo.lang.parse_probe import parse
from seismo.probes.spec import AttachPoint
from seismo.probes.table import find_kind
from seismo.probes.view import KernelView
from seismo.session import as_text
from seismo.ui.cli.engine import add_engine_option
from seismo.ui.cli.errors import InputError
from seismo.ui.cli.loop import bpf_refusal, require_privilege
from seismo.ui.cli.machine import AS_IT_IS, live_view
from seismo.ui.cli.options import TraceOptions
from seismo.ui.cli.parser import add_output_options, parser_for
from seismo.ui.cli.run import Job, run_job
from seismo.ui.cli.schedule import Schedule, seconds
from seismo.ui.cli.target import open_output
from seismo.ui.cli.tasks import EVERYBODY, Tasks, add_task_options, take_tasks
from seismo.ui.cli.trace import inputs_of, read_source

__all__ = ("record_parser", "run_record")

_USAGE = "seismo record [options] [PROBE ... | SCRIPT.bt | -e PROGRAM]"
_EXAMPLES = """examples:
  seismo record -c 'ls /'                    system calls, forks, execs and exits of a command
  seismo record -o web.rec.gz -p 4711 -d 10  of a process, for 10 seconds
  seismo record tracepoint:sched:sched_switch tracepoint:irq:* -d 1
  seismo record script.bt -c make            what a script would have been told
  seismo replay seismo.rec.gz script.bt      … and that script over it, as often as you like
"""
_DEFAULT_FILE = "seismo.rec.gz"
_STANDARD_OUTPUT = "-"
_RING_BYTES = 32 << 20
_SHORTEST, _LONGEST = 16, 4096


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What is to be recorded: places, and the attach points and wildcards that named them."""

    points: Sequence[AttachPoint]
    probes: tuple[str, ...]


def run_record(arguments: Sequence[str]) -> int:
    """Record until it ends; the exit status."""
    parser = record_parser()
    given = vars(parser.parse_args(list(arguments)))
    tasks = take_tasks(parser, given)
    if tasks == EVERYBODY and not (given["duration"] or given["words"] or given["program"]):
        # All system calls of a machine would fill its disk before anybody looked.
        parser.error("say whom to record: -c CMD, -p PID …; or for how long: -d SECONDS")
    # A recording with -c is of the command, not of the machine while the command runs.
    tasks = replace(tasks, is_tree=tasks.is_tree or bool(tasks.command))
    options = _script_options(parser, given)
    with _view(given["engine"], tasks) as (engine, view):
        wanted = _wanted(options, view)
        recorder = Recorder(
            wanted.points,
            view,
            own_pid=os.getpid(),
            string_bytes=given["string_bytes"],
            has_stacks=given["has_stacks"],
            sees_kernel=engine == "kernel",
        )
        header = _header(wanted, view, tasks.command)
    path = given["output"] or _DEFAULT_FILE
    with _writer(path, header) as writer:
        for told in recorder.formats:
            writer.format(told)
        sink = RecordingSink(recorder, writer)
        status = run_job(
            Job(
                source=Source("recorder", recorder.script),
                make_sink=lambda _: sink,
                render=as_text,
                inputs=Inputs(),
                schedule=Schedule(given["duration"]),
                tasks=tasks,
                ring_bytes=given["ring_bytes"] or _RING_BYTES,
                is_verbose=given["is_verbose"],
                has_warnings=False,
                # `auto` says why the kernel is not asked.
                engine=given["engine"],
            )
        )
        accounts = sink.finish()
    _tell(accounts, "" if given["is_quiet"] else path, sink.warnings)
    return status


def record_parser() -> argparse.ArgumentParser:
    """What reads the command line of `seismo record`."""
    parser = parser_for("seismo record", "Record what scripts would be told.", _EXAMPLES)
    parser.usage = _USAGE
    add = parser.add_argument
    text = "what to record; without any the system calls, forks, execs and exits"
    add("words", nargs="*", metavar="PROBE, SCRIPT", help=text)
    add("-e", dest="program", metavar="PROGRAM", help="record what this script is about")
    text = "end after so many seconds"
    add("-d", "--duration", type=seconds, default=0.0, metavar="SECONDS", help=text)
    text = "keep so many bytes of text (256)"
    add("--strings", dest="string_bytes", type=_size, default=256, metavar="BYTES", help=text)
    text = "the stacks of the kernel and of the program at each hit, as addresses"
    add("--stacks", dest="has_stacks", action="store_true", help=text)
    add_task_options(parser)
    add_engine_option(parser)
    add_output_options(parser)
    return parser


def _script_options(parser: argparse.ArgumentParser, given: dict[str, object]) -> TraceOptions:
    """The script whose attach points are meant."""
    words, program = given["words"], given["program"]
    assert isinstance(words, list), "nargs is *"
    if program is not None:
        if words:
            parser.error("give either probes, a script's file or -e PROGRAM")
        return TraceOptions(program=str(program))
    if len(words) == 1 and (os.path.isfile(words[0]) or ":" not in words[0]):
        return TraceOptions(file=words[0])
    return TraceOptions(program=f"{', '.join(words or DEFAULT_PROBES)} {{ }}")


@contextmanager
def _view(engine: str, tasks: Tasks) -> Iterator[tuple[str, KernelView]]:
    """By what is recorded, and what there is to be recorded by it."""
    kernel = LiveKernel()
    if engine == "user" or (engine == "auto" and tasks.command and bpf_refusal(kernel)):
        machine, cpus = os.uname().machine, os.cpu_count() or 1
        yield "user", EngineView(system_call_places(machine, cpus))
        return
    require_privilege(kernel)
    with Tracefs(kernel) as tracefs:
        yield "kernel", live_view(kernel, tracefs, AS_IT_IS, tasks.pid)


def _wanted(options: TraceOptions, view: KernelView) -> _Wanted:
    """What a script's probes mean on this kernel; DiagnosticsError for mistakes in it."""
    diagnostics, inputs = Diagnostics(), inputs_of(options)
    script = resolve_imports(parse(read_source(options), diagnostics), inputs.files, diagnostics)
    diagnostics.stop_on_errors()
    config = read_config(script.config, inputs.environ, diagnostics)
    points = {
        str(point): point
        for probe in script.probes
        for point in attach_points(probe, view, diagnostics, config.missing_probes)
        if is_recordable(str(point))
    }
    diagnostics.stop_on_errors()
    if not points:
        raise InputError("the script has no probe of which there could be a recording")
    return _Wanted(tuple(points.values()), tuple(dict.fromkeys(_names(script))))


def _names(script: Script) -> Iterator[str]:
    """The recorded attach points of a script, by the full names of their kinds."""
    for probe in script.probes:
        for text in probe.attach_points:
            word, _, rest = text.text.partition(":")
            name = f"{find_kind(word).name}:{rest}"
            if is_recordable(name):
                yield name


def _header(wanted: _Wanted, view: KernelView, command: str) -> Header:
    return Header(
        machine=view.machine(),
        release=os.uname().release,
        cpus=view.possible_cpus(),
        wall_offset_ns=time.time_ns() - time.monotonic_ns(),
        probes=wanted.probes,
        command=command,
    )


@contextmanager
def _writer(path: str, header: Header) -> Iterator[RecordingWriter]:
    """What writes the file; a recording that could not begin leaves it with its first line."""
    with ExitStack() as owned:
        file: BinaryIO = owned.enter_context(open_output("" if path == _STANDARD_OUTPUT else path))
        stream = writing_stream(file, path)
        if stream is not file:
            owned.callback(stream.close)
        yield RecordingWriter(stream, header)


def _tell(accounts: Accounts, path: str, warnings: Sequence[str]) -> None:
    if path:
        counts = f"{accounts.recorded} of {accounts.produced} events"
        where = "" if path == _STANDARD_OUTPUT else f" in {path}"
        print(f"Recorded {counts}{where}", file=sys.stderr)
    for text in warnings:
        print(f"warning: {text}", file=sys.stderr)
    if accounts.unread:
        print(f"warning: text that could not be read: {accounts.unread}", file=sys.stderr)


def _size(text: str) -> int:
    if not text.isdecimal() or not _SHORTEST <= int(text) <= _LONGEST:
        raise argparse.ArgumentTypeError(f"'{text}' is not between {_SHORTEST} and {_LONGEST}")
    return int(text)
