"""Record what `RecordedView` replays: formats of tracepoints, the possible CPUs.

    python dev/record_view.py tests/recorded/6.18 syscalls:sys_enter_openat sched:sched_switch

Needs root; tracefs need not be mounted.
"""

from __future__ import annotations

import sys
from pathlib import Path

from seismo.kernel.live import LiveKernel
from seismo.kernel.tracefs import Tracefs

__all__ = ("main", "record")


def record(directory: Path, tracepoints: list[str]) -> None:
    """Write the formats of `tracepoints` (`category:name` each) below `directory`."""
    kernel = LiveKernel()
    with Tracefs(kernel) as tracefs:
        for tracepoint in tracepoints:
            category, name = tracepoint.split(":")
            path = directory / "events" / category / name / "format"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(tracefs.format_text(category, name))
    possible = kernel.read_file("/sys/devices/system/cpu/possible")
    (directory / "possible_cpus").write_bytes(possible)


def main() -> None:
    """The command line: a directory, then tracepoints."""
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    record(Path(sys.argv[1]), sys.argv[2:])


if __name__ == "__main__":
    main()
