"""Record what `RecordedView` replays: formats of tracepoints, the machine, some types.

    python dev/record_view.py tests/recorded/6.18 syscalls:sys_enter_openat sched:sched_switch

The types are those that the file `types` in the directory lists: a name a line (of a type, a
function or a constant of an enum), and the members of a struct to keep if not all; `#` begins a
comment. Symbols and cgroups are written by hand. Needs root; tracefs need not be mounted.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from reduce_btf import reduced
from seismo.btf.spec import VMLINUX, Btf
from seismo.kernel.live import LiveKernel
from seismo.kernel.tracefs import Tracefs

__all__ = ("main", "record")


def record(directory: Path, tracepoints: list[str]) -> None:
    """Write the formats of `tracepoints` (`category:name` each) and the rest below `directory`."""
    kernel = LiveKernel()
    with Tracefs(kernel) as tracefs:
        for tracepoint in tracepoints:
            category, name = tracepoint.split(":")
            path = directory / "events" / category / name / "format"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(tracefs.format_text(category, name))
    possible = kernel.read_file("/sys/devices/system/cpu/possible")
    (directory / "possible_cpus").write_bytes(possible)
    (directory / "machine").write_text(f"{os.uname().machine}\n")
    wanted = directory / "types"
    if wanted.exists():
        (directory / "btf").write_bytes(reduced(Btf.open(VMLINUX), _types(wanted.read_text())))


def _types(text: str) -> dict[str, tuple[str, ...]]:
    lines = [line.partition("#")[0].split() for line in text.splitlines()]
    return {words[0]: tuple(words[1:]) for words in lines if words}


def main() -> None:
    """The command line: a directory, then tracepoints."""
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    record(Path(sys.argv[1]), sys.argv[2:])


if __name__ == "__main__":
    main()
