"""What the tables of `test_language_*.py` share: a script run in this process, or by the command.

A table maps a row's name to a body of a BEGIN probe and what that prints; rows that need more give
the whole script.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from io import BytesIO
from pathlib import Path

from seismo.base.dataclass import dataclass
from seismo.base.diagnostics import Diagnostic, DiagnosticsError
from seismo.base.source import Source
from seismo.builtin.options import LowerOptions
from seismo.compiler import Inputs, compile_script
from seismo.kernel.live import LiveKernel
from seismo.kernel.tracefs import Tracefs
from seismo.lang.parameters import parse_options
from seismo.output.jsonl import JsonSink
from seismo.output.text import TextSink
from seismo.session import Session
from seismo.views import LiveView, RecordedView

__all__ = ("Run", "command", "events", "mistakes", "printed", "printed_of", "run", "warned")

_RECORDED = RecordedView(Path(__file__).parents[1] / "recorded" / "6.18")
_SILENT = "config = { print_maps_on_exit = false }\n"


@dataclass(frozen=True, slots=True)
class Run:
    """What a script wrote to standard output and standard error, and its exit code."""

    output: str
    errors: str
    code: int


def run(
    script: str,
    *arguments: str,
    environ: Mapping[str, str] | None = None,
    is_unsafe: bool = False,
    is_json: bool = False,
    during: Callable[[], object] = tuple,
) -> Run:
    """Run a script; `arguments` are those after it, `during` what is done while it traces."""
    kernel = LiveKernel()
    stream, errors = BytesIO(), BytesIO()
    given = parse_options(arguments)
    inputs = Inputs(
        parameters=given.positional,
        named=given.named,
        environ=environ or {},
        is_unsafe=is_unsafe,
    )
    with Tracefs(kernel) as tracefs:
        view = LiveView(kernel, tracefs)
        boot_ns = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        lowering = LowerOptions(
            possible_cpus=view.possible_cpus(),
            started_ns=boot_ns,
            tai_offset_ns=time.clock_gettime_ns(time.CLOCK_TAI) - boot_ns,
        )
        plan = compile_script(Source("stdin", script), view, lowering, inputs).plan
        sink = JsonSink(stream) if is_json else TextSink(stream, errors, is_quiet=True)
        with Session(plan, kernel, tracefs, sink) as session:
            session.start()
            during()
            session.finish()
            code = session.exit_code
    return Run(stream.getvalue().decode("utf-8", "replace"), errors.getvalue().decode(), code)


def printed(body: str, *arguments: str) -> str:
    """What a BEGIN body prints, without the maps that are printed at the end."""
    return run(f"{_SILENT}BEGIN {{ {body} }}", *arguments).output.strip("\n")


def printed_of(memory: bytes, body: str, head: str = "") -> str:
    """What a body prints that finds these bytes at `$p`, in the memory of a process.

    `head` stands before the probe: structs and macros.
    """
    with open(os.devnull, "wb", buffering=0) as file:
        filter_ = f"pid == {os.getpid()} && args.fd == {file.fileno()}"
        probe = f"tracepoint:syscalls:sys_enter_write /{filter_}/"
        script = f"{head} {probe} {{ $p = args.buf; {body} }}"
        return run(script, during=lambda: file.write(memory)).output.strip("\n")


def events(script: str, *, is_unsafe: bool = False) -> list[str]:
    """The lines of JSON that a script writes, but for the first: how many probes are attached."""
    return run(script, is_json=True, is_unsafe=is_unsafe).output.splitlines()[1:]


def mistakes(script: str, *arguments: str, is_unsafe: bool = False) -> list[str]:
    """`text: message` of each mistake in a script, `text` being what it is about."""
    try:
        _compile(script, arguments, is_unsafe)
    except DiagnosticsError as error:
        return [_brief(one) for one in error.diagnostics]
    return []


def warned(script: str, *arguments: str, is_unsafe: bool = False) -> list[str]:
    """The warnings about a script that compiles, as `mistakes` are written."""
    return [_brief(one) for one in _compile(script, arguments, is_unsafe)]


def _compile(script: str, arguments: tuple[str, ...], is_unsafe: bool) -> tuple[Diagnostic, ...]:
    given = parse_options(arguments)
    inputs = Inputs(parameters=given.positional, named=given.named, is_unsafe=is_unsafe)
    options = LowerOptions(possible_cpus=2)
    return compile_script(Source("stdin", script), _RECORDED, options, inputs).warnings


def _brief(diagnostic: Diagnostic) -> str:
    return f"{diagnostic.span.text}: {diagnostic.message}"


def command(
    *arguments: str, environ: Mapping[str, str] | None = None, stdin: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run the command with these arguments, and these variables beside those of this process."""
    return subprocess.run(
        [sys.executable, "-m", "seismo", *arguments],
        input=stdin, capture_output=True, text=True, timeout=120, check=False,
        env=os.environ | dict(environ or {}),
    )  # fmt: skip
