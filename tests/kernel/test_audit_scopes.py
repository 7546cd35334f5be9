"""Whom a handler is for: executables, cgroups, containers; and how many handlers there may be."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from audit_child import assert_exact, child, names, rest

from seismo.audit.tracer.errors import ScopeError, TooManyHandlers
from seismo.audit.tracer.stream import Stream
from seismo.kernel.cgroups import CgroupError, cgroup_root
from seismo.kernel.live import LiveKernel

pytestmark = pytest.mark.kernel


def test_a_process_cannot_trace_itself(stream: Stream) -> None:
    with pytest.raises(ScopeError, match="cannot trace itself"):
        stream.probe.register_handler(1, pid=os.getpid())


def test_an_executable_is_traced_in_all_that_run_it(stream: Stream, tmp_path: object) -> None:
    """Also in those that run already, and by another name of the same file."""
    path = f"{tmp_path}/one"
    other_name = f"{tmp_path}/other"
    with open("/bin/sleep", "rb") as source, open(path, "wb") as copy:
        copy.write(source.read())
    os.chmod(path, 0o755)
    os.link(path, other_name)
    running = subprocess.Popen([path, "0.6"])
    while os.readlink(f"/proc/{running.pid}/exe") != path:
        time.sleep(0.01)
    stream.probe.register_handler(4, exe=path, events=["exit_group", "process_exec"])
    subprocess.run([other_name, "0"], check=True)
    subprocess.run(["/bin/sleep", "0"], check=True)
    assert running.wait() == 0
    events = rest(stream)
    assert names(events, program_id=4)["exit_group"] == 2
    assert {e.tgid for e in events if e.name == "exit_group"} >= {running.pid}
    assert_exact(stream)


@pytest.fixture
def cgroup() -> Iterator[Path]:
    """A cgroup of version 2 without processes, where the system has it mounted."""
    try:
        root = Path(cgroup_root(LiveKernel()))
        own = root / f"seismo-audit-{os.getpid()}"
        own.mkdir()
    except (CgroupError, OSError) as error:
        pytest.skip(f"needs a cgroup of its own: {error}")
    try:
        yield own
    finally:
        for path, _, _ in os.walk(own, topdown=False):
            os.rmdir(path)


def run_in(cgroup: Path) -> None:
    """A process that joins the cgroup and asks for its parent there."""
    pid = os.fork()
    if pid == 0:
        (cgroup / "cgroup.procs").write_text("0")
        os.getppid()
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0


def test_a_cgroup_with_those_below_it(stream: Stream, cgroup: Path) -> None:
    """By path and by id; of two around a process the nearer one counts."""
    inner, beside = cgroup / "inner" / "most", cgroup / "beside"
    inner.mkdir(parents=True)
    beside.mkdir()
    stream.probe.register_handler(1, cgroup=str(cgroup), events=["getppid"])
    stream.probe.register_handler(2, cgroup=(cgroup / "inner").stat().st_ino, events=["getppid"])
    for path, times in ((cgroup, 1), (inner, 2), (beside, 3), (cgroup.parent, 4)):
        for _ in range(times):
            run_in(path)
    events = rest(stream)
    assert names(events, program_id=1) == {"getppid": 1 + 3}
    assert names(events, program_id=2) == {"getppid": 2}
    assert {event.cgroup for event in events if event.program_id == 2} == {inner.stat().st_ino}
    assert_exact(stream)


def test_a_container_by_the_beginning_of_its_id(stream: Stream, cgroup: Path) -> None:
    digits = f"{os.getpid():08x}"
    own = cgroup / f"docker-{digits * 8}.scope"
    own.mkdir()
    with pytest.raises(CgroupError, match="there is no container 'zz'"):
        stream.probe.register_handler(1, container="zz")
    registration = stream.probe.register_handler(1, container=digits, events=["getppid"])
    assert str(registration.scope) == f"cgroup of container {digits}"
    run_in(own)
    run_in(cgroup)
    assert names(rest(stream)) == {"getppid": 1}
    assert_exact(stream)


def test_a_handler_is_for_one_thing_with_some_events(stream: Stream) -> None:
    with child() as one:
        with pytest.raises(ScopeError, match="2 are given"):
            stream.probe.register_handler(1, pid=one.pid, exe="/bin/sh")
        with pytest.raises(ScopeError, match="without events"):
            stream.probe.register_handler(1, pid=one.pid, events=[])
        with pytest.raises(ScopeError, match="no number of 64 bits"):
            stream.probe.register_handler(1 << 64, pid=one.pid)
        with pytest.raises(ScopeError, match="No such file"):
            stream.probe.register_handler(1, exe="/nonexistent")


def test_there_are_64_handlers_at_a_time_and_their_places_are_used_again(
    stream: Stream, tmp_path: object
) -> None:
    paths = [f"{tmp_path}/{number}" for number in range(65)]
    for path in paths:
        with open(path, "wb"):
            pass
    for _ in range(2):
        for path in paths[:64]:
            stream.probe.register_handler(1, exe=path, events=["getppid"])
        with pytest.raises(TooManyHandlers, match="64 handlers"):
            stream.probe.register_handler(1, exe=paths[64], events=["getppid"])
        assert len(stream.probe.registrations) == 64
        for registration in stream.probe.registrations:
            stream.probe.unregister_handler(registration)
        assert list(stream.probe.maps["watched_exes"].items()) == []
    with child() as one:
        stream.probe.register_handler(77, pid=one.pid, events=["getppid"])
        one.do("p")
        events = rest(stream)
    assert names(events, program_id=77) == {"getppid": 1}


def test_a_hundred_handlers_of_one_process_are_one_for_the_kernel(stream: Stream) -> None:
    with child() as one:
        for number in range(100):
            stream.probe.register_handler(number, pid=one.pid, events=["getppid"])
        one.do("p")
        events = rest(stream)
    assert [(event.name, event.program_id) for event in events] == [("getppid", 99)]


def test_the_place_that_a_socket_has_is_given_to_nobody_else(stream: Stream) -> None:
    """Its process has another place since, but the socket is of who asked when it began."""
    text = "import socket, sys; sys.stdin.read(1); one = socket.create_server(('127.0.0.1', 0))"
    command = [sys.executable, "-c", f"{text}; print(flush=True); sys.stdin.read(1); one.close()"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, bufsize=0) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        events = ["net_listen", "net_close"]
        stream.probe.register_handler(1000, pid=process.pid, events=events)
        process.stdin.write(b"x")
        assert process.stdout.read(1)
        for number in range(100):
            stream.probe.register_handler(number, pid=process.pid, events=events)
        process.stdin.write(b"x")
        process.wait(60)
        found = rest(stream)
    assert [(event.name, event.program_id) for event in found] == [
        ("net_listen", 1000),
        ("net_close", 1000),
    ]
