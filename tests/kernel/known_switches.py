"""A process that sleeps and is woken a known number of times."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from event_targets import Target, target

__all__ = ("ROUNDS", "Rounds", "rounds")

ROUNDS = 20


class Rounds:
    """Has the process `pid` sleep and be woken, often; `switches` is how often it left its CPU
    meanwhile: it sleeps before that and behind it."""

    def __init__(self, process: Target) -> None:
        self._process = process
        self.pid = process.pid
        self.switches = 0

    def __call__(self) -> None:
        before = self._switches_asleep()
        for _ in range(ROUNDS):
            self._process.do("read", 1)
        self.switches = self._switches_asleep() - before
        assert self.switches >= ROUNDS

    def _switches_asleep(self) -> int:
        """It answers before it sleeps."""
        while Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0] != "S":
            time.sleep(0.001)
        return self._process.switches()


@contextmanager
def rounds(folder: Path) -> Iterator[Rounds]:
    """A process that is called `target`, compiled in `folder`."""
    with target(folder) as process:
        process.do("burn", 0)
        yield Rounds(process)
