"""`Tool`: seismo or bpftrace; `Tracer`: one of them while it runs a script."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from bench.errors import BenchError
from bench.programs import Runs, read_runs

__all__ = ("BPFTRACE", "SEISMO", "Tool", "Tracer", "alternating", "lost_events")

_ATTACH_SECONDS = 60
_STOP_SECONDS = 60
_LOST = re.compile(r"^Lost (\d+) events$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Tool:
    """A tracer by the path of its program."""

    name: str
    path: str

    @property
    def is_installed(self) -> bool:
        return bool(self.path)

    @property
    def version(self) -> str:
        """`bpftrace 0.17.0`; `bpftrace not installed`."""
        if not self.is_installed:
            return f"{self.name} not installed"
        said = subprocess.run([self.path, "--version"], capture_output=True, text=True, check=True)
        return f"{self.name} {said.stdout.split()[-1].removeprefix('v')}"

    def command(self, script: str) -> tuple[str, ...]:
        """What runs `script`."""
        return (self.path, "-e", script)


SEISMO = Tool("seismo", str(Path(sys.executable).with_name("seismo")))
BPFTRACE = Tool("bpftrace", shutil.which("bpftrace") or "")


def alternating(round_: int) -> tuple[Tool, ...]:
    """The tools there are, in turn the one first and the other."""
    tools = tuple(tool for tool in (SEISMO, BPFTRACE) if tool.is_installed)
    return tools if round_ % 2 == 0 else tools[::-1]


def lost_events(output: str) -> int:
    """How many events a tool says it lost; both say so in the same words."""
    return sum(int(count) for count in _LOST.findall(output))


class Tracer:
    """Runs a script; leaving the `with` block ends it, whatever happened."""

    def __init__(self, tool: Tool, script: str) -> None:
        self._tool = tool
        with ExitStack() as owned:
            self._output = owned.enter_context(tempfile.TemporaryFile())
            self._errors = owned.enter_context(tempfile.TemporaryFile())
            self._process = subprocess.Popen(
                tool.command(script),
                stdin=subprocess.DEVNULL,
                stdout=self._output,
                stderr=self._errors,
            )
            owned.callback(self._end)
            self._owned = owned.pop_all()

    def wait_attached(self, programs: int, calls: Sequence[Callable[[], object]]) -> None:
        """Make `calls` until each of so many programs has run; run statistics must be enabled.

        The calls are this process's own, which the scripts' predicates reject.
        """
        deadline = time.monotonic() + _ATTACH_SECONDS
        while True:
            for call in calls:
                call()
            runs = self.read_runs()
            if len(runs) >= programs and all(one.count for one in runs.values()):
                return
            if time.monotonic() > deadline:
                raise BenchError(f"{self._tool.name} attached nothing in {_ATTACH_SECONDS} s")
            time.sleep(0.01)

    def read_runs(self) -> dict[int, Runs]:
        """The runs of each of its programs, by their ids; `BenchError` when it has ended."""
        runs = read_runs(self._process.pid)
        if self._process.poll() is not None:
            raise BenchError(f"{self._tool.name} ended by itself: {_text(self._errors)}")
        return runs

    def stop(self) -> int:
        """Interrupt it, wait until it has printed everything; CLOCK_MONOTONIC ns of its end."""
        self._process.send_signal(signal.SIGINT)
        try:
            status = self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            late = f"{self._tool.name} did not end within {_STOP_SECONDS} s of its interrupt"
            raise BenchError(late) from None
        end = time.monotonic_ns()
        if status:
            errors = _text(self._errors)
            raise BenchError(f"{self._tool.name} ended with status {status}: {errors}")
        return end

    def count_lines(self, start: bytes) -> int:
        """How many lines of its output begin with `start`."""
        self._output.seek(0)
        return sum(line.startswith(start) for line in self._output)

    @property
    def lost(self) -> int:
        """How many events it said it lost, in all it said."""
        return lost_events(_text(self._errors)) + lost_events(_text(self._output))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._owned.close()

    def _end(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")
