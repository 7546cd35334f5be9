"""Tools as their users run them: while they trace, something is made to happen, and rows come."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable
from typing import Any

from tool_records import keep

__all__ = ("ToolRun", "tool_rows", "tool_run", "tool_text")

_ATTACHED = "__BPFTRACE_NOTIFY_PROBES_ATTACHED"
_SECONDS = 120


class ToolRun:
    """What a tool wrote to standard output and standard error, and its exit status."""

    def __init__(self, output: str, errors: str, status: int) -> None:
        self.output = output
        self.errors = errors
        self.status = status

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The objects of `--json`."""
        return [json.loads(line) for line in self.output.splitlines()]


def tool_run(
    name: str,
    *arguments: str,
    act: Callable[[], object] | None = None,
    status: int = 0,
) -> ToolRun:
    """Run a tool; `act` while it is attached, and end it then with a Ctrl-C. Without `act` it must
    end by itself (-c, --duration). Fails unless it ends with this status."""
    environment = os.environ | ({_ATTACHED: "1"} if act is not None else {})
    with subprocess.Popen(
        [sys.executable, "-m", "seismo", name, "-q", *arguments],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, errors="surrogateescape", env=environment,
    ) as process:  # fmt: skip
        try:
            before = ""
            if act is not None:
                before = _until_attached(process)
                act()
                process.send_signal(signal.SIGINT)
            output, errors = process.communicate(timeout=_SECONDS)
        finally:
            process.kill()
    run = ToolRun(before + output, errors, process.returncode)
    assert run.status == status, run.errors
    if run.output and "--json" not in arguments and "/" not in name:
        keep(f"{name}.txt", f"# seismo {shlex.join([name, *arguments])}\n{run.output}")
    return run


def tool_rows(
    name: str, *arguments: str, act: Callable[[], object] | None = None
) -> list[dict[str, Any]]:
    """The rows of `--json`; nothing may be lost, and nothing may be wrong."""
    run = tool_run(name, "--json", *arguments, act=act)
    assert run.errors == "", run.errors
    return run.rows


def tool_text(name: str, *arguments: str, act: Callable[[], object] | None = None) -> str:
    """What people read."""
    return tool_run(name, *arguments, act=act).output


def _until_attached(process: subprocess.Popen[str]) -> str:
    """Its output up to the line that says that all is attached, which is left out."""
    assert process.stdout is not None
    lines: list[str] = []
    for line in process.stdout:
        if line.rstrip("\n") == _ATTACHED:
            return "".join(lines)
        lines.append(line)
    assert process.stderr is not None
    raise AssertionError(process.stderr.read())
