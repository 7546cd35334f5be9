"""bpftrace wants tracefs and debugfs at their usual places; this mounts them for us alone.

The whole benchmark moves into a mount namespace of its own, so that both tools find the same and
no wrapper stands between a measured process and its parent. The mounts end with the processes.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

__all__ = ("enter_namespace",)

_MARK = "BENCH_HAS_MOUNTS"
_MOUNT = """
[ -e /sys/kernel/debug/tracing/README ] || mount -t debugfs debugfs /sys/kernel/debug
[ -e /sys/kernel/tracing/README ] || mount -t tracefs tracefs /sys/kernel/tracing
exec "$@"
"""


def enter_namespace(arguments: Sequence[str]) -> None:
    """Run `python -m bench` again with the mounts; returns only there."""
    if _MARK in os.environ:
        return
    bench = [sys.executable, "-m", "bench", *arguments]
    os.chdir(Path(__file__).resolve().parents[1])
    environment = os.environ | {_MARK: "1"}
    # An installed package has its bytecode; ours is to be kept after the first run, too.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    os.execvpe("unshare", ["unshare", "-m", "sh", "-c", _MOUNT, "sh", *bench], environment)
