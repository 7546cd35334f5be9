"""`seismo record` on this machine's kernel: exactly what happened, and exactly what was lost."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from seismo.engine.hit import Hit
from seismo.engine.recording import Accounts, Recording, read_recording

pytestmark = pytest.mark.kernel

ENTER, EXIT = "tracepoint:syscalls:sys_enter_openat", "tracepoint:syscalls:sys_exit_openat"
OPENS = "i=0; while [ $i -lt {count} ]; do : < {path}; i=$((i+1)); done"
UNTOUCHED = """
import ctypes, mmap, os, sys
path = sys.argv[1]
with open(path, "w+b") as file:
    file.write(path.encode() + bytes(1))
    file.flush()
    fd = os.open(path, os.O_RDONLY)
    # A page of a file that nothing has read yet: the kernel reads it in while it serves the call.
    libc = ctypes.CDLL(None)
    libc.mmap.restype = ctypes.c_void_p
    address = libc.mmap(None, 4096, mmap.PROT_READ, mmap.MAP_PRIVATE, fd, 0)
    assert libc.open(ctypes.c_void_p(address), os.O_RDONLY) >= 0
"""


def seismo(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command and wait for it."""
    command = [sys.executable, "-m", "seismo", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def record(path: Path, command: str, *arguments: str) -> Recording:
    done = seismo("record", "-o", str(path), "-c", command, *arguments)
    assert done.returncode == 0, done.stderr
    return read_recording(str(path))


def opens(path: Path, count: int) -> str:
    """A command that opens a file so many times, in one process."""
    return f"sh -c '{OPENS.format(count=count, path=path)}'"


def of(hits: Sequence[Hit], at: str) -> list[Hit]:
    return [hit for hit in hits if hit.at == at]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file whose name nobody else opens."""
    path = tmp_path / "seismograph"
    path.write_text("needle\n")
    return path


def test_every_call_is_there_with_its_end(file: Path, tmp_path: Path) -> None:
    found = record(tmp_path / "a.rec.gz", opens(file, 300))
    entries = [hit for hit in of(found.hits, ENTER) if hit.arguments["filename"] == str(file)]
    assert len(entries) == 300
    assert len({hit.task.pid for hit in entries}) == 1
    assert {hit.task.comm for hit in entries} == {b"sh"}
    assert len(of(found.hits, EXIT)) == len(of(found.hits, ENTER))
    # The recorder's child, which waits for its turn, ends a read(2) and begins an execve(2).
    assert found.accounts == Accounts(produced=len(found.hits), recorded=len(found.hits), lost=0)
    assert [hit.ns for hit in found.hits] == sorted(hit.ns for hit in found.hits)


def test_a_family_is_recorded_with_its_ends(tmp_path: Path) -> None:
    found = record(tmp_path / "a.rec", "sh -c 'true; /bin/true & /bin/echo -n; wait'")
    forks = of(found.hits, "tracepoint:sched:sched_process_fork")
    execs = of(found.hits, "tracepoint:sched:sched_process_exec")
    exits = of(found.hits, "tracepoint:sched:sched_process_exit")
    assert (len(forks), len(execs), len(exits)) == (2, 3, 3)
    children = {hit.arguments["child_pid"] for hit in forks}
    assert children < {hit.arguments["pid"] for hit in exits}
    argv = [hit.arguments["argv"] for hit in of(found.hits, ENTER.replace("openat", "execve"))]
    assert Counter(argv) == {
        ("sh", "-c", "true; /bin/true & /bin/echo -n; wait"): 1,
        ("/bin/true",): 1,
        ("/bin/echo", "-n"): 1,
    }


def test_what_a_small_ring_lost_is_counted(file: Path, tmp_path: Path) -> None:
    """The command does the same each time, so a recording without losses tells how much it is."""
    command, calls = opens(file, 5_000), ("tracepoint:syscalls:sys_enter_dup2", ENTER)
    whole = record(tmp_path / "whole.rec", command, *calls)
    part = record(tmp_path / "part.rec", command, "--ring-size", "4K", *calls)
    assert whole.accounts is not None and part.accounts is not None
    assert whole.accounts.lost == 0 and whole.accounts.produced > 5_000
    assert part.accounts.lost > 0
    assert part.accounts.recorded == len(part.hits)
    assert part.accounts.recorded + part.accounts.lost == part.accounts.produced
    assert part.accounts.produced == whole.accounts.produced


def test_text_that_is_not_in_memory_yet_is_recorded(tmp_path: Path) -> None:
    script, name = tmp_path / "untouched.py", tmp_path / "untouched"
    script.write_text(UNTOUCHED)
    found = record(tmp_path / "a.rec", f"{sys.executable} {script} {name}", ENTER)
    texts = [hit.arguments["filename"] for hit in found.hits]
    assert texts.count(str(name)) == 3
    assert found.accounts is not None and found.accounts.unread == 0


def test_a_replay_gives_what_tracing_gives(file: Path, tmp_path: Path) -> None:
    script = tmp_path / "a.bt"
    script.write_text(
        f"""{ENTER} {{ @name[tid] = str(args.filename); @flags[args.flags] = count(); }}
        {EXIT} /has_key(@name, tid)/ {{
            printf("%s %s %d\\n", comm, @name[tid], args.ret < 0);
            delete(@name, tid);
        }}
        END {{ clear(@name); }}"""
    )
    command = f"cat {file} /nowhere"
    live = seismo("-q", str(script), "-c", command, "--tree")
    recording = str(tmp_path / "a.rec")
    assert seismo("record", "-o", recording, str(script), "-c", command).returncode == 0
    replayed = seismo("replay", "-q", recording, str(script))
    assert replayed.stdout == live.stdout.replace("needle\n", "")
    assert f"cat {file} 0" in replayed.stdout and "cat /nowhere 1" in replayed.stdout


def test_the_kernel_and_the_user_engine_record_the_same(file: Path, tmp_path: Path) -> None:
    command = opens(file, 20)
    both = [
        record(tmp_path / f"{engine}.rec", command, "--engine", engine)
        for engine in ("kernel", "user")
    ]
    # The gate at which the child waits is passed in one while it is not traced yet.
    rows = [
        [
            (hit.at, hit.arguments.get("filename"), hit.arguments.get("argv"))
            for hit in one.hits
            if not hit.at.endswith("_read")
        ]
        for one in both
    ]
    assert rows[0] == rows[1]


def test_other_tracepoints_come_with_their_formats_and_stacks(tmp_path: Path) -> None:
    switch = "tracepoint:sched:sched_switch"
    path = tmp_path / "a.rec"
    found = record(path, "sleep 0.05", "--stacks", switch, "rawtracepoint:sched_switch")
    assert set(found.formats) == {"sched:sched_switch"}
    (first, *_) = of(found.hits, switch)
    assert {"prev_comm", "prev_pid", "next_comm"} <= set(first.arguments)
    assert all(address >> 63 for address in first.kernel_stack) and first.kernel_stack
    assert len(of(found.hits, "rawtracepoint:sched_switch")) == len(of(found.hits, switch))
    script = f"{switch} {{ @[args.prev_comm] = count(); }}"
    done = seismo("replay", "-q", str(path), "-e", script)
    counts = Counter(hit.arguments["prev_comm"] for hit in of(found.hits, switch))
    assert sorted(done.stdout.split("\n")[2:-1]) == sorted(
        f"@[{comm}]: {count}" for comm, count in counts.items()
    )


def test_a_process_that_runs_is_recorded_for_a_time(tmp_path: Path) -> None:
    # With pauses: an emulated guest would be long about what an endless loop has made.
    loop = "while :; do : < /dev/null; sleep 0.01; done"
    with subprocess.Popen(["sh", "-c", loop]) as process:
        try:
            path = str(tmp_path / "a.rec")
            done = seismo("record", "-o", path, "-p", str(process.pid), "-d", "2", ENTER)
        finally:
            process.kill()
    found = read_recording(path)
    assert (done.returncode, os.path.exists(path)) == (0, True)
    assert {hit.task.pid for hit in found.hits} == {process.pid}
    assert {hit.arguments["filename"] for hit in found.hits} == {"/dev/null"}
