"""`seismo replay`: a script over a recording, without a kernel and without privilege."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial

from seismo.base.source import Source
from seismo.compiler import Compiled, Inputs, OnStage, compile_script
from seismo.engine.listed import ListedSource
from seismo.engine.recording import Recording, read_recording
from seismo.engine.recording_line import format_hit
from seismo.engine.replay import recorded_source, run_hits
from seismo.engine.run import lower_options
from seismo.engine.view import EngineView
from seismo.output.jsonl import JsonSink
from seismo.output.text import TextSink
from seismo.ui.cli.errors import InputError, RunError
from seismo.ui.cli.options import TraceOptions
from seismo.ui.cli.parser import parser_for
from seismo.ui.cli.stages import VERIFIER, stage_printer, wanted_stages
from seismo.ui.cli.target import open_output
from seismo.ui.cli.trace import inputs_of, read_source

__all__ = ("compile_for", "replay_parser", "run_replay")

_USAGE = "seismo replay [options] FILE [SCRIPT.bt | -e PROGRAM] [PARAMETER ...] [-- --NAME=VALUE]"
_EXAMPLES = """examples:
  seismo replay seismo.rec.gz                     list what was recorded, a line each
  seismo replay seismo.rec.gz opens.bt            a script over it
  seismo replay web.rec.gz -e 'tracepoint:syscalls:sys_enter_* { @[probe] = count(); }'
"""


def run_replay(arguments: Sequence[str]) -> int:
    """Run a script over a recording, or list the recording; the exit status."""
    options, file = _parsed(arguments)
    recording = read_recording(file)
    if recording.accounts is None:
        hint = "the recorder was ended, or its disk was full"
        print(f"warning: {file} ends before its last line: {hint}", file=sys.stderr)
    elif recording.accounts.lost:
        print(f"warning: {file} lacks {recording.accounts.lost} events", file=sys.stderr)
    if options.program is None and not options.file:
        return _list(recording, options)
    source = recorded_source(recording)
    stages = wanted_stages(options.stages)
    if VERIFIER in stages:
        raise InputError("-d verifier asks the kernel's, and there is none here")
    tell = stage_printer(stages, sys.stdout) if stages else None
    compiled = compile_for(source, read_source(options), inputs_of(options), tell)
    for warning in compiled.warnings if options.has_warnings else ():
        print(warning, file=sys.stderr)
    return 0 if stages else _run(compiled, source, options)


def compile_for(
    source: ListedSource, script: Source, inputs: Inputs, on_stage: OnStage | None = None
) -> Compiled:
    """Compile a script for the places of `source`. Raises as `compile_script`, and RunError for a
    script without a probe."""
    view = EngineView(source.places)
    compiled = compile_script(script, view, lower_options(source), inputs, on_stage)
    if not compiled.plan.probe_count:
        raise RunError("the script has nothing to run\nhint: it needs a probe that is no test")
    return compiled


def replay_parser() -> argparse.ArgumentParser:
    """What reads the command line of `seismo replay`."""
    parser = parser_for("seismo replay", "Run scripts over a recording.", _EXAMPLES)
    parser.usage = _USAGE
    add = parser.add_argument
    add("recording", metavar="FILE", help="what `seismo record` made")
    add("words", nargs="*", metavar="SCRIPT, PARAMETER", help="the script; then its $1, $2, …")
    add("-e", dest="program", metavar="PROGRAM", help="script text")
    add("-f", dest="format", choices=("text", "json"), default="text", help="JSON: one a line")
    add("-o", "--output", default="", metavar="FILE", help="write the output to FILE")
    add("-q", "--quiet", dest="is_quiet", action="store_true", help="no 'Attached N probes'")
    add("--no-warnings", dest="has_warnings", action="store_false", help="no warnings")
    add("--unsafe", dest="is_unsafe", action="store_true", help="allow system(), signal() …")
    text = "print stages of the compilation instead: ast, types, ir, asm … (a comma between them)"
    add("-d", "--debug", dest="stages", action="append", default=[], metavar="STAGES", help=text)
    return parser


def _parsed(arguments: Sequence[str]) -> tuple[TraceOptions, str]:
    """What the tracing command would have been told, and the recording's file."""
    words = list(arguments)
    at = words.index("--") if "--" in words else len(words)
    given = vars(replay_parser().parse_intermixed_args(words[:at]))
    file, before = given.pop("recording"), given.pop("words")
    script = "" if given["program"] is not None or not before else before.pop(0)
    parameters = (*before, *words[at + 1 :])
    stages = tuple(given.pop("stages"))
    return TraceOptions(**given, file=script, parameters=parameters, stages=stages), str(file)


def _list(recording: Recording, options: TraceOptions) -> int:
    with open_output(options.output) as stream:
        for hit in recording.hits:
            stream.write(f"{format_hit(hit)}\n".encode())
    return 0


def _run(compiled: Compiled, source: ListedSource, options: TraceOptions) -> int:
    with ExitStack() as owned:
        stream = owned.enter_context(open_output(options.output))
        make = JsonSink if options.format == "json" else partial(TextSink, errors=sys.stderr.buffer)
        sink = make(stream, is_quiet=options.is_quiet, has_warnings=options.has_warnings)
        return run_hits(compiled.plan, source, sink)
