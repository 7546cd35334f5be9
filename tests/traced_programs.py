"""What kernel tests of probes in programs share: the command, and a program that waits for it."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

__all__ = ("Tracer", "WaitingProgram", "printed_maps", "seismo")

_MAP = re.compile(r"(@.*): (-?\d+)")
_SECONDS = 60


def seismo(*arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    command = [sys.executable, "-m", "seismo", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)
    assert not check or done.returncode == 0, done.stderr
    return done


def printed_maps(done: subprocess.CompletedProcess[str]) -> dict[str, int]:
    """The maps, or their entries, that the command has printed."""
    return _maps(done.stdout)


def _maps(text: str) -> dict[str, int]:
    found = [_MAP.fullmatch(line) for line in text.splitlines()]
    return {match[1]: int(match[2]) for match in found if match}


class Tracer:
    """The command while it runs; with -p it ends with the process."""

    def __init__(self, arguments: Sequence[str]) -> None:
        command = [sys.executable, "-m", "seismo", *arguments]
        self._process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def wait_until_attached(self) -> None:
        assert self._process.stderr is not None
        lines = []
        for line in self._process.stderr:
            lines.append(line)
            if line.startswith("Attached "):
                return
        raise AssertionError("".join(lines))

    def output(self) -> str:
        """What it prints to its end."""
        text, errors = self._process.communicate(timeout=_SECONDS)
        assert self._process.returncode == 0, errors
        return text

    def maps(self) -> dict[str, int]:
        return _maps(self.output())

    def interrupt(self) -> None:
        """End it as Ctrl-C does."""
        self._process.send_signal(signal.SIGINT)

    def close(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.communicate()


class WaitingProgram:
    """A program that reads a line before its work, says that it is done, and reads another."""

    def __init__(self, command: Sequence[str]) -> None:
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    def __enter__(self) -> WaitingProgram:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.communicate()

    def wait_for_program(self, name: str) -> None:
        """Until the process runs the program that it was started for, and waits for its line.

        The kernel names the process before it maps the program, so its name alone is too early.
        """
        deadline = time.monotonic() + _SECONDS
        while f"({name[:15]}) S " not in Path(f"/proc/{self.pid}/stat").read_text():
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def memory(self, address: int, size: int) -> bytes:
        """Bytes of its memory."""
        with open(f"/proc/{self.pid}/mem", "rb", buffering=0) as file:
            file.seek(address)
            return file.read(size)

    def go(self) -> str:
        """Let it work; the line that it says when it is done."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return self._process.stdout.readline().strip()

    def end(self) -> None:
        """Let it end."""
        self._process.communicate("\n", timeout=_SECONDS)

    @contextmanager
    def traced(self, *arguments: str) -> Iterator[Tracer]:
        """The command with these arguments, attached."""
        tracer = Tracer(arguments)
        try:
            tracer.wait_until_attached()
            yield tracer
        finally:
            tracer.close()
