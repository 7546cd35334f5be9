"""The same command traced by the kernel and by ptrace(2): the same rows, whoever traces."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

import pytest

from seismo.kernel.live import LiveKernel
from seismo.kernel.tracefs import Tracefs
from traced_commands import build_subject
from traced_programs import seismo

pytestmark = pytest.mark.kernel

_LIFE = """
tracepoint:sched:sched_process_fork { @fork[comm] = count(); }
tracepoint:sched:sched_process_exec { @exec[comm, str(args.filename)] = count(); }
tracepoint:sched:sched_process_exit { @exit[comm$IS_LAST] = count(); }
tracepoint:task:task_newtask { @new[comm, args.clone_flags] = count(); }
"""
_CALLS = """
tracepoint:raw_syscalls:sys_enter /comm == "subject" || comm == "true"/
{ @enter[comm, args.id] = count(); }
tracepoint:raw_syscalls:sys_exit /comm == "subject" || comm == "true"/
{ @exit[comm, args.id] = count(); }
"""
_IN_ORDER = """
tracepoint:syscalls:sys_enter_openat,
tracepoint:syscalls:sys_enter_execve { printf("%d %s %s\\n", tid, comm, str(args.filename)); }
tracepoint:syscalls:sys_exit_openat,
tracepoint:syscalls:sys_exit_execve { printf("%d %s %d\\n", tid, comm, args.ret); }
tracepoint:sched:sched_process_exec { printf("%d %s %s\\n", tid, comm, str(args.filename)); }
tracepoint:sched:sched_process_exit { printf("%d %s end\\n", tid, comm); }
"""
_SIGNALS = """
tracepoint:signal:signal_deliver
{ @[comm, args.sig, args.code, args.sa_flags] = count(); }
tracepoint:task:task_rename { @renamed[str(args.oldcomm), str(args.newcomm)] = count(); }
"""


@pytest.fixture(scope="module")
def subject(tmp_path_factory: pytest.TempPathFactory) -> str:
    return build_subject(tmp_path_factory.mktemp("subject"))


def _rows(engine: str, command: str, script: str) -> list[str]:
    done = seismo("-q", "--engine", engine, "--tree", "-c", command, "-e", script)
    assert done.stderr == ""
    return [line for line in done.stdout.splitlines() if line and not line.startswith("0x")]


@pytest.mark.parametrize("what", ["flood 20 3 2", "vfork", "thread-exec", "thread-left", "killed"])
def test_the_life_of_processes(subject: str, what: str, kernel: LiveKernel) -> None:
    with Tracefs(kernel) as tracefs:
        told = tracefs.format_text("sched", "sched_process_exit")
    life = _LIFE.replace("$IS_LAST", ", args.group_dead" if "group_dead" in told else "")
    by_kernel = _rows("kernel", f"{subject} {what}", life)
    assert sorted(_rows("user", f"{subject} {what}", life)) == sorted(by_kernel)


@pytest.mark.parametrize(
    "what", ["flood 20 2 0", "vfork", "sleep-caught", "sleep-ignored", "catch"]
)
def test_system_calls(subject: str, what: str) -> None:
    by_kernel = _rows("kernel", f"{subject} {what}", _CALLS)
    assert sorted(_rows("user", f"{subject} {what}", _CALLS)) == sorted(by_kernel)


def test_what_each_task_does_in_order() -> None:
    command = "/bin/sh -c '/bin/cat /etc/hostname >/dev/null; /bin/cat /no/such 2>/dev/null'"
    tasks = [_by_task(_rows(engine, command, _IN_ORDER)) for engine in ("kernel", "user")]
    assert tasks[0] == tasks[1]
    assert len(tasks[0]) == 3


@pytest.mark.parametrize(
    "what", ["catch", "aborted", "aborted 6", "killed", "thread-left", "stop", "rename"]
)
def test_signals_and_names(subject: str, what: str) -> None:
    by_kernel = _rows("kernel", f"{subject} {what}", _SIGNALS)
    assert sorted(_rows("user", f"{subject} {what}", _SIGNALS)) == sorted(by_kernel)


def test_a_tool_shows_the_same(tmp_path: Path) -> None:
    (tmp_path / "there").write_text("")
    command = f"/bin/cat {tmp_path}/there {tmp_path}/absent"
    shown = [
        seismo("opensnoop", "--engine", engine, "-c", command, check=False).stdout
        for engine in ("kernel", "user")
    ]
    rows = [[re.sub(r"\b\d+\b", "N", one) for one in text.splitlines()] for text in shown]
    assert rows[0] == rows[1]
    assert len(rows[0]) >= 2


def _by_task(rows: list[str]) -> list[list[str]]:
    """What each task did, in order; without their numbers, which differ from run to run."""
    tasks: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        tid, _, rest = row.partition(" ")
        tasks[tid].append(rest)
    return sorted(tasks.values())
