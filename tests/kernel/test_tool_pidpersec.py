"""`pidpersec`: how many processes are started, and no threads."""

from __future__ import annotations

import os
import subprocess
import threading
import time

import pytest

from tool_runs import tool_rows, tool_text

pytestmark = pytest.mark.kernel


def _start(count: int) -> None:
    for _ in range(count):
        thread = threading.Thread(target=int)
        thread.start()
        thread.join()
        child = os.fork()
        if child == 0:
            os._exit(0)
        os.waitpid(child, 0)


def test_processes_are_counted_and_threads_are_not() -> None:
    """Those of this process in two rows; what `sh` starts is not of this process."""

    def act() -> None:
        _start(9)
        subprocess.run(["sh", "-c", "/bin/true; /bin/true; /bin/true"], check=True)
        time.sleep(1.1)
        _start(4)

    rows = tool_rows("pidpersec", "-p", str(os.getpid()), act=act)
    assert all(list(one) == ["pids"] for one in rows)
    assert sum(one["pids"] for one in rows) == 9 + 1 + 4
    assert len(rows) >= 2 and rows[-1]["pids"] <= 4


def test_what_a_command_starts() -> None:
    text = tool_text("pidpersec", "-T", "-c", "sh -c '/bin/true; sleep 1.2; (/bin/true)'")
    heading, *lines = text.splitlines()
    assert heading == "TIME            PIDS"
    assert sum(int(line.split()[1]) for line in lines) == 3
    assert len(lines) in (2, 3)
