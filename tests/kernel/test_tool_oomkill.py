"""`oomkill`: whom the kernel kills for lack of memory, in a control group that is full."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tool_runs import tool_rows, tool_text

pytestmark = [pytest.mark.kernel, pytest.mark.guest]

ROOT = Path("/sys/fs/cgroup")
LIMIT = 24 << 20
EATER = """
import sys
open(sys.argv[1] + "/cgroup.procs", "w").write("0")
open("/proc/self/oom_score_adj", "w").write("321")
open("/proc/self/comm", "w").write("eater")
eaten = []
while True:
    eaten.append(b"x" * (1 << 20))
"""


@pytest.fixture
def group() -> Iterator[Path]:
    """A control group with little memory."""
    if "memory" not in (ROOT / "cgroup.controllers").read_text().split():
        pytest.skip("this kernel has no memory controller of version 2")
    path = ROOT / f"seismo-oom-{os.getpid()}"
    (ROOT / "cgroup.subtree_control").write_text("+memory")
    path.mkdir()
    (path / "memory.max").write_text(str(LIMIT))
    (path / "memory.oom.group").write_text("0")
    yield path
    path.rmdir()


def eat(group: Path) -> int:
    """Have a process eat more than there is: its process id."""
    with subprocess.Popen([sys.executable, "-I", "-S", "-c", EATER, str(group)]) as eater:
        pass
    assert eater.returncode == -signal.SIGKILL
    return eater.pid


def test_every_kill_with_its_victim(group: Path) -> None:
    """The kernel counts as many. Each asked for memory itself, and was killed for it."""
    pids: list[int] = []
    rows = tool_rows("oomkill", act=lambda: pids.extend(eat(group) for _ in range(3)))
    assert [(one["pid"], one["comm"], one["tpid"], one["tcomm"], one["adj"]) for one in rows] == [
        (pid, "eater", pid, "eater", 321) for pid in pids
    ]
    events = dict(line.split() for line in (group / "memory.events").read_text().splitlines())
    assert int(events["oom_kill"]) == 3
    pages = LIMIT // os.sysconf("SC_PAGE_SIZE")
    assert all(pages // 2 < one["pages"] < 2 * pages for one in rows)
    assert all(len(one["loadavg"].split()) == 3 for one in rows)


def test_of_those_that_are_traced(group: Path) -> None:
    """A process that is killed by somebody's system call is none."""
    pids: list[int] = []

    def act() -> None:
        pids.append(eat(group))
        with subprocess.Popen(["sleep", "60"]) as other:
            other.kill()

    me = str(os.getpid())
    heading, line = tool_text("oomkill", "-p", me, "--tree", act=act).splitlines()
    assert heading == "PID     COMM             TPID    TCOMM            PAGES     ADJ    LOADAVG"
    assert line.split()[:4] == [str(pids[0]), "eater", str(pids[0]), "eater"]
    assert tool_text("oomkill", "-p", me, act=act).splitlines() == [heading]
