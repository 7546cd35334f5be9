"""SIGUSR1: maps, unless the script has a probe for it."""

from __future__ import annotations

import os
import signal

import pytest
from live_command import tracing

pytestmark = pytest.mark.kernel


def test_the_probe_runs_for_every_signal() -> None:
    script = 'self:signal:SIGUSR1 { @ = count(); printf("%d %s\\n", pid, probe); }'
    with tracing("-e", script) as run:
        for _ in range(3):
            os.kill(run.pid, signal.SIGUSR1)
            assert run.until(f"{run.pid} self:signal:SIGUSR1") == []
        assert run.end() == ["@: 3"]


def test_without_one_the_maps_are_printed() -> None:
    with tracing("-e", "BEGIN { @ = 5; } interval:s:1000 { }") as run:
        for _ in range(2):
            os.kill(run.pid, signal.SIGUSR1)
            assert [line for line in run.until("@: 5") if line] == []
        assert run.end() == ["@: 5"]
