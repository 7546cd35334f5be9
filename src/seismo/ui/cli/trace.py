"""`seismo -e/FILE/-`: a script as the command line says."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import partial

from seismo.base.source import Source
from seismo.compiler import Inputs
from seismo.files import LiveFiles
from seismo.lang.parameters import parse_options
from seismo.output.sink import Sink
from seismo.output.stream import Buffering
from seismo.output.text import TextSink
from seismo.session import as_text
from seismo.ui.cli.errors import InputError
from seismo.ui.cli.options import TraceOptions
from seismo.ui.cli.run import Job, run_job
from seismo.ui.cli.schedule import Schedule
from seismo.ui.cli.stages import wanted_stages
from seismo.ui.cli.terminal import has_color

__all__ = ("inputs_of", "read_source", "run_trace")

_HELP = "help"


def run_trace(options: TraceOptions) -> int:
    """Run a script, or do with it what the options say instead; the exit status."""
    for note in options.ignored if options.has_warnings else ():
        print(f"warning: {note}", file=sys.stderr)
    stages = wanted_stages(options.stages)
    job = _job(options)
    asks_for_help = _HELP in parse_options(options.parameters).named
    if not (stages or asks_for_help or options.is_dry_run or options.mode in _REHEARSED):
        return run_job(job)
    from seismo.ui.cli import rehearsal  # noqa: PLC0415 (lazy: docs/architecture.md)

    if asks_for_help:
        return rehearsal.show_options(job)
    if stages:
        return rehearsal.show_stages(job, stages)
    if options.mode == "compiler-bench":
        return rehearsal.time_compiler(job)
    if options.mode == "codegen":
        return rehearsal.compile_only(job)
    return rehearsal.load_only(job)


_REHEARSED = ("codegen", "compiler-bench")


def _job(options: TraceOptions) -> Job:
    sink = partial(
        _json_sink() if options.format == "json" else _text_sink(),
        is_quiet=options.is_quiet,
        has_warnings=options.has_warnings,
        buffering=Buffering(options.buffering),
    )
    return Job(
        source=read_source(options),
        make_sink=sink,
        render=as_text,
        inputs=inputs_of(options),
        schedule=Schedule(options.duration),
        tasks=options.tasks,
        machine=options.machine,
        engine=options.engine,
        ring_bytes=options.ring_bytes,
        reports_helper_errors=options.reports_helper_errors,
        output=options.output,
        is_verbose=options.is_verbose,
        has_warnings=options.has_warnings,
    )


def _json_sink() -> Callable[..., Sink]:
    from seismo.output.jsonl import JsonSink  # noqa: PLC0415 (lazy: docs/architecture.md)

    return JsonSink


def _text_sink() -> Callable[..., Sink]:
    return partial(TextSink, errors=sys.stderr.buffer, has_color=has_color(os.environ))


def inputs_of(options: TraceOptions) -> Inputs:
    """What the options give the compiler beside the script."""
    arguments = parse_options(options.parameters)
    return Inputs(
        parameters=arguments.positional,
        named={name: text for name, text in arguments.named.items() if name != _HELP},
        environ=os.environ,
        files=LiveFiles(),
        include_directories=options.include_directories,
        includes=options.includes,
        is_unsafe=options.is_unsafe,
        mode=options.mode if options.mode in ("test", "bench") else "",
        probe_filter=options.probe_filter,
    )


def read_source(options: TraceOptions) -> Source:
    """The script text; the command line and standard input are both called `stdin`."""
    if options.program is not None:
        return Source("stdin", options.program)
    if options.file == "-":
        return Source("stdin", sys.stdin.buffer.read().decode("utf-8", "surrogateescape"))
    try:
        with open(options.file, encoding="utf-8", errors="surrogateescape") as file:
            return Source(options.file, file.read())
    except OSError as error:
        raise InputError(f"cannot read the script {options.file}: {error.strerror}") from error
