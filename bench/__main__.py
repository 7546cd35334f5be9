"""`python -m bench`: measures, prints tables, and with `--write` puts them into the document.

Needs root, as tracing does. Without bpftrace its columns say `not installed`.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from bench.audit_load import measure_audit
from bench.bcc_beside import measure_bcc
from bench.cost import measure_cost
from bench.engines import measure_engines
from bench.errors import BenchError
from bench.isolation import alone, enter_namespace
from bench.machine import describe
from bench.options import Effort, parse_options
from bench.printing import measure_printing
from bench.producer import build_producer
from bench.reader import measure_reader
from bench.start import measure_start
from bench.strace_beside import measure_strace
from bench.table import Section, format_section, replace_block
from bench.tracer import BPFTRACE

__all__ = ("main",)

_DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "performance.md"


def main(arguments: Sequence[str]) -> int:
    """Runs what the command line names and returns the exit status."""
    options = parse_options(arguments)
    if os.geteuid() != 0:
        print("bench: tracing needs root", file=sys.stderr)
        return 2
    enter_namespace(arguments)
    machine = describe(BPFTRACE.version)
    print(f"{machine}\n", flush=True)
    try:
        with alone(), tempfile.TemporaryDirectory(prefix="bench.") as folder:
            command = build_producer(Path(folder))
            measurements = _measurements(options.parts, options.effort, command)
            done = [_report(measure, machine, write=options.write) for measure in measurements]
    except BenchError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    return 0 if all(done) else 1


def _measurements(
    parts: Sequence[str], effort: Effort, command: tuple[str, ...]
) -> Iterator[Callable[[], Section]]:
    if "start" in parts:
        yield lambda: measure_start(effort.start_rounds)
    if "reader" in parts:
        yield lambda: measure_reader(command, effort.reader_calls, effort.reader_rounds)
        yield lambda: measure_printing(command, effort.printing_calls, effort.reader_rounds)
    if "kernel" in parts:
        yield lambda: measure_cost(command, effort.kernel_calls, effort.kernel_rounds)
    if "engines" in parts:
        yield lambda: measure_engines(effort.engine_rounds)
    if "bcc" in parts:
        yield lambda: measure_bcc(command, effort.bcc_calls, effort.bcc_rounds)
    if "strace" in parts:
        yield lambda: measure_strace(command, effort.strace_calls, effort.strace_rounds)
    if "audit" in parts:
        yield lambda: measure_audit(effort.audit_calls)


def _report(measure: Callable[[], Section], machine: str, *, write: bool) -> bool:
    """Print, and write, one section; whether it could be measured: the others can all the same."""
    try:
        section = measure()
    except BenchError as error:
        print(f"bench: {error}", file=sys.stderr, flush=True)
        return False
    text = format_section(section)
    print(f"{text}\n", flush=True)
    if write:
        document = _DOCUMENT.read_text()
        machine_line = f"Machine: {machine}."
        _DOCUMENT.write_text(replace_block(document, section.name, f"{text}\n\n{machine_line}"))
    return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
