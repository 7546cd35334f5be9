"""`forkexec`: which process started which program, if it was soon."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tool_runs import tool_rows, tool_text

pytestmark = pytest.mark.kernel

ME = str(os.getpid())
FORK = """
import os, sys, time
pid = os.fork()
if pid == 0:
    time.sleep(float(sys.argv[1]))
    os.execv("/bin/true", ["true", "late"])
os.waitpid(pid, 0)
"""
SLOW = ("--ms", "5000")  # slow machines, too


def test_a_row_for_each_program() -> None:
    """What a shell starts, under the shell's name; what replaces it is no start."""
    text = tool_text(
        "forkexec",
        *SLOW,
        "-c",
        "sh -c '/bin/true a; /bin/true b; /bin/none 2>&-; exec /bin/true c'",
    )
    assert text.splitlines() == ["COMM => ARGS", "sh => /bin/true a", "sh => /bin/true b"]


def test_the_arguments_as_a_list() -> None:
    """Of the forks of one process; a neighbour's, who was there before, are not shown."""
    comm = Path("/proc/self/comm").read_text().rstrip()
    with subprocess.Popen(["sh"], stdin=subprocess.PIPE) as neighbour:

        def act() -> None:
            for _ in range(3):
                subprocess.run(["sh", "-c", "/bin/true x; exit 0"], check=True)
            neighbour.communicate(b"/bin/true neighbour\n")

        rows = tool_rows("forkexec", *SLOW, "-p", ME, act=act)
    assert rows == [{"comm": comm, "args": ["sh", "-c", "/bin/true x; exit 0"]}] * 3


def test_only_what_comes_soon() -> None:
    """A tenth of a second is soon if one says so, and not by itself."""
    command = [sys.executable, "-I", "-S", "-c", FORK, "0.1"]

    def act() -> None:
        subprocess.run(command, check=True)

    late = ["true", "late"]
    rows = tool_rows("forkexec", "-p", ME, "--tree", act=act)
    assert late not in [one["args"] for one in rows]
    rows = tool_rows("forkexec", *SLOW, "-p", ME, "--tree", act=act)
    assert [one["args"] for one in rows] == [command, late]
