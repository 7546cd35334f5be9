"""`Producer`: the process that is traced; it makes exactly as many system calls as it is told.

>>> with Producer(build_producer(folder), "getppid") as producer:
...     producer.make(1_000_000).rate
"""

from __future__ import annotations

import select
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from bench.errors import BenchError

__all__ = ("Made", "Producer", "build_producer")

_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Made:
    """`count` calls, from `start_ns` to `end_ns` on CLOCK_MONOTONIC."""

    count: int
    start_ns: int
    end_ns: int

    @property
    def rate(self) -> float:
        """Calls per second."""
        return self.count * 1e9 / (self.end_ns - self.start_ns)


def build_producer(folder: Path) -> tuple[str, ...]:
    """The command that makes calls: C compiled into `folder`, or Python where gcc is absent."""
    compiler = shutil.which("gcc")
    if compiler is None:
        return (sys.executable, "-I", "-S", str(_HERE / "calls.py"))
    binary = folder / "calls"
    subprocess.run([compiler, "-O2", "-o", binary, _HERE / "calls.c"], check=True)
    return (str(binary),)


class Producer:
    """Waits for orders; leaving the `with` block ends it."""

    def __init__(self, command: Sequence[str], call: str) -> None:
        self._process = subprocess.Popen(
            [*command, call], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self._process.stdin is not None and self._process.stdout is not None
        self._orders = self._process.stdin
        self._answers = self._process.stdout
        self._ordered = 0

    @property
    def pid(self) -> int:
        return self._process.pid

    def make(self, count: int, burst: int = 0) -> Made:
        """Make `count` calls, with a millisecond's sleep after every `burst` of them (0: none)."""
        self.order(count, burst)
        return self.result()

    def order(self, count: int, burst: int = 0) -> None:
        """Begin what `result` ends."""
        self._ordered = count
        self._orders.write(b"%d %d\n" % (count, burst))
        self._orders.flush()

    @property
    def is_done(self) -> bool:
        """Whether `result` would answer at once."""
        return bool(select.select([self._answers], [], [], 0)[0])

    def result(self) -> Made:
        """Wait until the ordered calls are made."""
        answer = self._answers.readline().split()
        if len(answer) != 2:
            raise BenchError("the producer ended before it had made its calls")
        return Made(self._ordered, int(answer[0]), int(answer[1]))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.communicate()
