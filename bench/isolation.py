"""A private place for the benchmark: it runs alone, and with the file systems bpftrace wants.

The whole benchmark moves into a mount namespace of its own, so that both tools find tracefs and
debugfs at their usual places and no wrapper stands between a measured process and its parent. The
mounts end with the processes.
"""

from __future__ import annotations

import fcntl
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench.errors import BenchError

__all__ = ("alone", "enter_namespace")

_HERE = Path(__file__).parent
_MARK = "BENCH_HAS_MOUNTS"
_MOUNT = """
[ -e /sys/kernel/debug/tracing/README ] || mount -t debugfs debugfs /sys/kernel/debug
[ -e /sys/kernel/tracing/README ] || mount -t tracefs tracefs /sys/kernel/tracing
exec "$@"
"""


@contextmanager
def alone() -> Iterator[None]:
    """Only one benchmark at a time; `BenchError` when another is running.

    Each would see the calls of the other's producer and take its processor.
    """
    folder = os.open(_HERE, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        _lock(folder)
        yield
    finally:
        os.close(folder)


def _lock(folder: int) -> None:
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise BenchError("another benchmark is running: wait until it has ended") from None


def enter_namespace(arguments: Sequence[str]) -> None:
    """Run `python -m bench` again with the mounts; returns only there."""
    if _MARK in os.environ:
        return
    bench = [sys.executable, "-m", "bench", *arguments]
    os.chdir(_HERE.resolve().parent)
    environment = os.environ | {_MARK: "1"}
    # An installed package has its bytecode; ours is to be kept after the first run, too.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    os.execvpe("unshare", ["unshare", "-m", "sh", "-c", _MOUNT, "sh", *bench], environment)
