"""`signals`: what is sent, by whom, to whom, and what became of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tool_runs import tool_rows, tool_text

pytestmark = pytest.mark.kernel

ME = os.getpid()
WINCH, USR1 = signal.SIGWINCH, signal.SIGUSR1


def block() -> None:
    """A process that blocks a signal keeps it pending, once."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {USR1})


@pytest.fixture
def target() -> Iterator[int]:
    """A process that ignores the one signal and blocks the other."""
    with subprocess.Popen(["sleep", "60"], preexec_fn=block) as process:
        yield process.pid
        process.kill()


def test_signals_are_counted(target: int) -> None:
    """Between the same two; what has no effect is counted apart. A neighbour's are not shown."""
    with subprocess.Popen(["sh"], stdin=subprocess.PIPE) as shell:

        def act() -> None:
            for _ in range(5):
                os.kill(target, WINCH)
            for _ in range(3):
                os.kill(target, USR1)
            shell.communicate(f"kill -WINCH {target}\n".encode())

        rows = tool_rows("signals", "-p", str(ME), act=act)
    found = {(one["signal"], one["tpid"]): one for one in rows if one["pid"] == ME}
    comm = Path("/proc/self/comm").read_text().rstrip()
    assert found["SIGWINCH", target] == {
        "signal": "SIGWINCH",
        "pid": ME,
        "comm": comm,
        "tpid": target,
        "tcomm": "sleep",
        "count": 5,
        "dropped": 5,
    }
    assert (found["SIGUSR1", target]["count"], found["SIGUSR1", target]["dropped"]) == (3, 2)
    assert [one for one in rows if ME not in (one["pid"], one["tpid"])] == []
    assert [one["signal"] for one in rows if one["tpid"] == ME] == ["SIGCHLD"]


def test_the_commonest_first(target: int) -> None:
    def act() -> None:
        for number in (WINCH, WINCH, USR1, USR1, USR1):
            os.kill(target, number)

    text = tool_text("signals", "-p", str(ME), "--top", "2", act=act)
    assert " ".join(text.splitlines()[0].split()) == "SIGNAL PID COMM TPID TCOMM COUNT DROPPED"
    assert [line.split()[0] for line in text.splitlines()[1:]] == ["SIGUSR1", "SIGWINCH"]


def test_each_signal_as_a_row(target: int) -> None:
    """A timer's signal has no sender, whoever runs then; a child's end comes from the child."""
    own = "import os, signal; os.kill(os.getpid(), signal.SIGWINCH)"
    timer = "import signal; signal.setitimer(signal.ITIMER_REAL, 0.02); signal.pause()"
    fault = "import ctypes; ctypes.string_at(8)"
    children: list[int] = []

    def act() -> None:
        for _ in range(2):
            os.kill(target, USR1)
        for text in (own, timer, fault):
            with subprocess.Popen([sys.executable, "-I", "-S", "-c", text]) as child:
                children.append(child.pid)

    rows = tool_rows("signals", "--rows", "-p", str(ME), "--tree", act=act)
    names = ("signal", "pid", "tpid", "code", "result")
    seen = [tuple(one[name] for name in names) for one in rows]
    itself, late, wrong = children
    assert [one for one in seen if one[2] in (target, *children)] == [
        ("SIGUSR1", ME, target, "SI_USER", "made"),
        ("SIGUSR1", ME, target, "SI_USER", "pending"),
        ("SIGWINCH", itself, itself, "SI_USER", "ignored"),
        ("SIGALRM", 0, late, "SI_KERNEL", "made"),
        ("SIGSEGV", 0, wrong, "1", "made"),
    ]
    ends = [(one[1], one[3]) for one in seen if one[0] == "SIGCHLD" and one[2] == ME]
    ended, killed, dumped = "1", "2", "3"
    assert [one[0] for one in ends] == children
    assert [one[1] for one in ends][:2] == [ended, killed]
    assert ends[2][1] in (killed, dumped)
