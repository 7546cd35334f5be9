"""`seismo -e/FILE/-`: a script as the command line says."""

from __future__ import annotations

import sys
from functools import partial

from seismo.base.source import Source
from seismo.output.jsonl import JsonSink
from seismo.output.text import TextSink
from seismo.session import as_text
from seismo.ui.cli.options import TraceOptions
from seismo.ui.cli.run import InputError, Job, run_job
from seismo.ui.cli.stages import check_stages

__all__ = ("run_trace",)


def run_trace(options: TraceOptions) -> int:
    """Run a script as the options say; the exit status."""
    check_stages(options.stages)
    text_sink = partial(TextSink, errors=sys.stderr.buffer, is_quiet=options.is_quiet)
    job = Job(
        source=read_source(options),
        make_sink=JsonSink if options.format == "json" else text_sink,
        render=as_text,
        parameters=options.parameters,
        command=options.command,
        pid=options.pid,
        is_tree=options.is_tree,
        ring_bytes=options.ring_bytes,
        output=options.output,
        stages=options.stages,
        is_dry_run=options.is_dry_run,
        is_verbose=options.is_verbose,
    )
    return run_job(job)


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
