"""The example of eBPF C, from its source to its output: every namespace that is entered, once."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from c_objects import CLANGS
from seismo.ui.cli.cc import run_cc

pytestmark = [
    pytest.mark.kernel,
    pytest.mark.skipif(not CLANGS, reason="needs clang-14 or clang-19"),
]

EXAMPLE = Path(__file__).parents[2] / "examples" / "nstrace"
TYPES = {
    "mnt": (0x20000, "M------ (mnt)"),
    "cgroup": (0x2000000, "-C----- (cgroup)"),
    "uts": (0x4000000, "--T---- (uts)"),
    "ipc": (0x8000000, "---I--- (ipc)"),
    "user": (0x10000000, "----U-- (user)"),
    "pid": (0x20000000, "-----P- (pid)"),
    "net": (0x40000000, "------N (net)"),
    "time": (0x80, "------- (time)"),
}
LONG = {name: f"--{name}" for name in TYPES} | {"mnt": "--mount"}
START_SECONDS = 60


@pytest.fixture(scope="module", params=CLANGS)
def compiled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example's object, by `seismo cc` and the kernel's own types."""
    path = tmp_path_factory.mktemp("nstrace") / "nstrace.bpf.o"
    source = EXAMPLE / "nstrace.bpf.c"
    flags = ["--", "-Wall", "-Werror"]
    assert run_cc([str(source), "-o", str(path), "--clang", request.param, *flags]) == 0
    return path


class Tracer:
    """The example at work on what this process starts; `stop` gives the lines that it wrote."""

    def __init__(self, compiled: Path, *options: str) -> None:
        command = [sys.executable, str(EXAMPLE / "nstrace.py"), str(compiled), *options]
        self._process = subprocess.Popen(
            [*command, "--tree", str(os.getpid())],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self._process.stderr is not None
        self.first_words = self._process.stderr.readline()

    def stop(self) -> list[str]:
        self._process.send_signal(signal.SIGINT)
        output, errors = self._process.communicate(timeout=START_SECONDS)
        assert (self._process.returncode, errors) == (0, "")
        return output.splitlines()

    def close(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.communicate()


@contextmanager
def tracing(compiled: Path, *options: str) -> Iterator[Tracer]:
    tracer = Tracer(compiled, *options)
    try:
        assert tracer.first_words.startswith("Tracing"), tracer.first_words
        yield tracer
    finally:
        tracer.close()


@contextmanager
def namespace(kind: str) -> Iterator[tuple[int, int]]:
    """A process in a namespace of its own, and the namespace's inode."""
    # The first process of a pid namespace, and those in a time namespace, are children.
    command = ["unshare", LONG[kind], "--fork", "--kill-child", "sh", "-c", "echo $$; sleep 60"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        (child,) = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        try:
            link = os.readlink(f"/proc/{child}/ns/{kind}")
            yield int(child), int(link.partition("[")[2].rstrip("]"))
        finally:
            process.kill()


def about(lines: list[str], pid: int) -> list[str]:
    """What is told of a process, without its beginning."""
    found = [re.fullmatch(r"(.*)-(\d+) \[(\d{3})\] (\d+\.\d{6}): (.*)", one) for one in lines]
    assert all(found), lines
    return [one[5] for one in found if one and int(one[2]) == pid]


def run(command: list[str], user: int | None = None) -> tuple[int, str]:
    """The process id and the output of a command that must succeed."""
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, user=user, group=user
    ) as process:
        output, _ = process.communicate()
    assert process.returncode == 0
    return process.pid, output


def test_each_kind_of_namespace_is_told_once(compiled: Path) -> None:
    entered: dict[str, tuple[int, int]] = {}
    with tracing(compiled) as tracer:
        for kind in TYPES:
            with namespace(kind) as (child, inode):
                where = f"{LONG[kind]}=/proc/{child}/ns/{kind}"
                pid, _ = run(["nsenter", "--preserve-credentials", where, "true"])
                entered[kind] = (pid, inode)
        lines = tracer.stop()
    for kind, (number, flags) in TYPES.items():
        pid, inode = entered[kind]
        first, second, *more = about(lines, pid)
        assert re.fullmatch(
            rf"setns: fd: \d+; type: {number:#x}; pid: {pid}; inode: {inode}", first
        )
        assert second == f"namespace flags: {flags}"
        assert len(more) == (3 if kind == "user" else 0), more


PIDFD = """
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
fd = os.pidfd_open(int(sys.argv[1]))
assert libc.setns(fd, 0x4000000 | 0x8000000) == 0, os.strerror(ctypes.get_errno())
print(fd, os.stat("/proc/self/ns/uts").st_ino, os.stat("/proc/self/ns/ipc").st_ino)
"""


def test_a_pids_namespaces_are_told_one_by_one(compiled: Path) -> None:
    with tracing(compiled) as tracer, namespace("uts") as (child, uts):
        pid, output = run([sys.executable, "-I", "-S", "-c", PIDFD, str(child)])
        lines = tracer.stop()
    fd, own_uts, ipc = map(int, output.split())
    assert own_uts == uts
    assert about(lines, pid) == [
        f"setns: fd: {fd}; type: 0x4000000; pid: {pid}; inode: {uts}",
        "namespace flags: --T---- (uts)",
        f"setns: fd: {fd}; type: 0x8000000; pid: {pid}; inode: {ipc}",
        "namespace flags: ---I--- (ipc)",
    ]


def test_a_user_namespace_is_dumped(compiled: Path) -> None:
    user = 1234
    with tracing(compiled) as tracer:
        pid, _ = run(["unshare", "--user", "--mount", "true"], user)
        lines = tracer.stop()
    call, flags, dump, parent, owner = about(lines, pid)
    assert call == "unshare"
    assert flags == "namespace flags: M---U-- (mnt user)"
    assert dump == "dumping user namespace!"
    assert re.fullmatch(r"parent: 0x[0-9a-f]+, level: 1", parent)
    assert owner == f"owner: {user}, group: {user}"


CLONE = """
import ctypes, os, signal
libc = ctypes.CDLL(None, use_errno=True)
def ended(pid):
    if pid == 0:
        os._exit(0)
    assert pid > 0, os.strerror(ctypes.get_errno())
    os.waitpid(pid, 0)
    print(pid)
ended(libc.syscall(56, 0x4000000 | 0x8000000 | signal.SIGCHLD, 0, 0, 0, 0))
arguments = (ctypes.c_uint64 * 8)(0x2000000, 0, 0, 0, signal.SIGCHLD)
ended(libc.syscall(435, arguments, ctypes.sizeof(arguments)))
libc.unshare(0x1)
libc.setns(-1, 0)
"""


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="has the numbers of its system calls")
def test_clones_and_failures(compiled: Path) -> None:
    with tracing(compiled) as tracer:
        pid, output = run([sys.executable, "-I", "-S", "-c", CLONE])
        lines = tracer.stop()
    first, second = output.split()
    nothing = "|".join(["--"] * 15)
    assert about(lines, pid) == [
        f"clone: child: {first}",
        f"clone flags: {nothing}",
        "namespace flags: --TI--- (uts ipc)",
        f"clone: child: {second}",
        f"clone flags: {nothing}",
        "namespace flags: -C----- (cgroup)",
        "unshare; EINVAL",
        f"setns: fd: -1; type: 0x0; pid: {pid}; EBADF",
    ]


def test_threads_are_told_where_that_is_asked_for(compiled: Path) -> None:
    thread = "import threading as t; one = t.Thread(target=int); one.start(); one.join()"
    with tracing(compiled, "--every-clone") as tracer:
        pid, _ = run([sys.executable, "-I", "-S", "-c", thread])
        lines = tracer.stop()
    clone, flags = about(lines, pid)
    assert re.fullmatch(r"clone: child: \d+", clone)
    assert flags == "clone flags: VM|FS|FL|SH|--|--|--|TH|SV|ST|PS|CC|--|--|--"
