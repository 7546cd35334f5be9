"""What the kernel could not run a program for is counted: function returns that too many threads
await at once."""

from __future__ import annotations

import os
import re
import threading
from pathlib import Path

import pytest

from script_runs import run_script
from seismo.builtin.options import TaskFilter

pytestmark = [pytest.mark.kernel, pytest.mark.guest]

_THREADS = 40


def _block_and_release(function: str) -> None:
    """Let each thread wait in a read of an empty pipe, until all are there, and then go on."""
    reader, writer = os.pipe()
    threads = [threading.Thread(target=os.read, args=(reader, 1)) for _ in range(_THREADS)]
    for one in threads:
        one.start()
    tasks = Path("/proc/self/task")
    while sum(_waits(one, function) for one in tasks.iterdir()) < _THREADS:
        pass
    os.write(writer, bytes(_THREADS))
    for one in threads:
        one.join()
    os.close(reader)
    os.close(writer)


def _waits(task: Path, function: str) -> bool:
    try:
        return function in (task / "stack").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def _ran(script: str) -> tuple[int, int]:
    """(how often the probe ran, how many of its runs were reported as missed)."""
    done = run_script(
        script, lambda: _block_and_release("pipe_read"), filter=TaskFilter(os.getpid())
    )
    count = re.search(r"@: (\d+)", done.output)
    missed = re.search(r"(\d+) runs? missed", done.errors)
    return int(count[1]) if count else 0, int(missed[1]) if missed else 0


def test_fexit_misses_no_return() -> None:
    assert _ran("fexit:pipe_read { @ = count(); }") == (_THREADS, 0)


def test_kretprobe_tells_what_it_missed() -> None:
    """Whoever asks for registers is served by a kretprobe, which has few instances."""
    seen, missed = _ran('kretprobe:pipe_read { @ = count(); $ip = reg("ip"); }')
    assert 0 < missed < _THREADS
    assert seen + missed == _THREADS


def test_kretprobe_that_needs_no_registers_misses_none() -> None:
    assert _ran("kretprobe:pipe_read { @ = count(); }") == (_THREADS, 0)


def test_more_instances_miss_none() -> None:
    script = (
        "config = { kretprobe_max_active = 64 } "
        'kretprobe:pipe_read { @ = count(); $ip = reg("ip"); }'
    )
    assert _ran(script) == (_THREADS, 0)
