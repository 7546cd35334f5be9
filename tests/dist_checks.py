"""What the tools about one file system's operations must show of a program's calls."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from disk_setup import disk, mounted, worker
from seismo.tools.tool import Tool
from tool_runs import tool_rows, tool_text

__all__ = ("check_rows", "check_script_of_calls", "check_text")

CALLS = """
    path = sys.argv[1]
    fds = [os.open(path, os.O_RDWR | os.O_CREAT) for _ in range(4)]
    os.open(os.path.dirname(path), os.O_RDONLY)
    for _ in range(5):
        os.write(fds[0], bytes(4096))
    os.pwritev(fds[0], [b"x", b"y"], 0)
    for _ in range(2):
        os.pread(fds[0], 100, 0)
    os.preadv(fds[0], [bytearray(7)], 0)
    os.fsync(fds[0])
    os.fdatasync(fds[0])
    synced = os.open(path, os.O_WRONLY | os.O_SYNC)
    os.write(synced, b"z")
    elsewhere = os.open(sys.argv[2], os.O_RDWR | os.O_CREAT)
    os.write(elsewhere, b"w")
    os.pread(elsewhere, 1, 0)
    os.fsync(elsewhere)
    os.unlink(sys.argv[2])
"""
COUNTS = {"open": 5, "read": 3, "write": 7, "fsync": 2}


def totals(rows: list[dict[str, Any]]) -> dict[str, int]:
    assert {row["unit"] for row in rows} <= {"us"}
    return {row["operation"]: sum(one["count"] for one in row["buckets"]) for row in rows}


def check_rows(tool: Tool, kind: str, tmp_path: Path) -> None:
    """Not those on another file system, nor the neighbour's."""
    mine = tmp_path / "mine"
    with disk(tmp_path, kind) as device:
        at = mounted(device, mine)
        files = [mine / "file", Path("/dev/shm/elsewhere")]
        with worker(CALLS, *files, at=at) as one, worker(CALLS, *files, at=at) as other:
            act = [one.go, other.go]
            rows = tool_rows(tool.name, "-p", str(one.pid), act=lambda: [do() for do in act])
    assert totals(rows) == COUNTS


def check_text(tool: Tool, kind: str, tmp_path: Path) -> None:
    """A histogram for each operation."""
    mine = tmp_path / "mine"
    with disk(tmp_path, kind) as device:
        files = [mine / "file", Path("/dev/shm/elsewhere")]
        with worker(CALLS, *files, at=mounted(device, mine)) as one:
            text = tool_text(tool.name, "-p", str(one.pid), act=one.go)
    headings = {line for line in text.splitlines() if line.startswith("operation")}
    assert headings == {f"operation = {name} (us):" for name in COUNTS}


def check_script_of_calls(tool: Tool, kind: str, tmp_path: Path) -> None:
    """Gives the same, whatever this kernel has."""
    mine, script = tmp_path / "mine", tool.path(f"{tool.name}_calls")
    with disk(tmp_path, kind) as device:
        files = [mine / "file", Path("/dev/shm/elsewhere")]
        program = worker(CALLS, *files, at=mounted(device, mine))
        with program as one, one.traced("-p", str(one.pid), script) as tracer:
            one.go()
            tracer.interrupt()
            text = tracer.output()
    counts: dict[str, int] = {}
    for name, histogram in re.findall(r"@us\[(\w+)\]: *\n((?:\[.*\n)+)", text):
        counts[name] = sum(map(int, re.findall(r"^\S+(?: \S+\))? +(\d+) \|", histogram, re.M)))
    assert counts == COUNTS
