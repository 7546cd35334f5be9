"""The command while it traces: its output line by line, signals to it, its end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ("Tracing", "tracing")

_ATTACHED = "__BPFTRACE_NOTIFY_PROBES_ATTACHED"


class Tracing:
    """A run of the command; `pid` is its process."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.pid = process.pid

    def until(self, line: str) -> list[str]:
        """The lines of its output up to this one, which is left out; fails where that ends."""
        assert self._process.stdout is not None
        lines: list[str] = []
        for one in self._process.stdout:
            if one.rstrip("\n") == line:
                return lines
            lines.append(one.rstrip("\n"))
        raise AssertionError(f"no '{line}' in {lines}")

    def end(self) -> list[str]:
        """The rest of its output, after a Ctrl-C; blank lines are left out."""
        self._process.send_signal(signal.SIGINT)
        rest, _ = self._process.communicate(timeout=60)
        assert self._process.returncode == 0
        return [line for line in rest.splitlines() if line]


@contextmanager
def tracing(*arguments: str) -> Iterator[Tracing]:
    """The command with these arguments, when all is attached."""
    with subprocess.Popen(
        [sys.executable, "-m", "seismo", "-B", "line", *arguments],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
        env=os.environ | {_ATTACHED: "1"},
    ) as process:  # fmt: skip
        try:
            run = Tracing(process)
            run.until(_ATTACHED)
            yield run
        finally:
            process.kill()
