"""`CommandSource`: what traced commands do, as hits in the kernel's order. Needs no privilege."""

from __future__ import annotations

import errno
import os
import signal
import time
from collections import Counter
from pathlib import Path

import pytest

from seismo.base.errors import NotSupported, SyscallError
from seismo.engine.hit import Hit
from seismo.engine.live.source import CommandSource
from seismo.kernel.ptrace import event_message
from seismo.ui.cli.command import Command
from traced_commands import Traced, build_subject, calls, trace
from user_programs import compile_program

_FORK, _EXEC, _EXIT = (f"sched:sched_process_{one}" for one in ("fork", "exec", "exit"))
_LIFE = (_FORK, _EXEC, _EXIT)
_DELIVER = "signal:signal_deliver"
_BROKEN_OFF = -516  # ERESTART_RESTARTBLOCK: include/linux/errno.h
_CLONE_VM_VFORK = 0x4100


@pytest.fixture(scope="module")
def subject(tmp_path_factory: pytest.TempPathFactory) -> str:
    return build_subject(tmp_path_factory.mktemp("subject"))


def _children(traced: Traced) -> list[int]:
    return [int(str(hit.arguments["child_pid"])) for hit in traced.at("sched_process_fork")]


def test_a_command_is_told_from_its_execve_to_its_exit() -> None:
    traced = trace("/bin/true", *_LIFE, "syscalls:sys_enter_execve", "syscalls:sys_exit_execve")
    assert traced.names() == [
        "sys_enter_execve",
        "sched_process_exec",
        "sys_exit_execve",
        "sched_process_exit",
    ]
    assert traced.status == 0
    pid = traced.hits[0].task.pid
    assert {(hit.task.pid, hit.task.tid) for hit in traced.hits} == {(pid, pid)}
    assert [hit.task.comm == b"true" for hit in traced.hits] == [False, True, True, True]
    ran = traced.hits[1]
    assert dict(ran.arguments) == {"filename": b"/bin/true", "pid": pid, "old_pid": pid}
    assert dict(traced.hits[2].arguments) == {"ret": 0}
    left = traced.hits[3]
    prio = 120 + os.nice(0)
    assert dict(left.arguments) == {"comm": b"true", "pid": pid, "prio": prio, "group_dead": 1}


def test_a_task_is_who_started_it() -> None:
    (hit,) = trace("/bin/true", _EXIT).hits
    assert (hit.task.uid, hit.task.gid) == (os.getuid(), os.getgid())
    assert hit.task.cgroup_id > 0


def test_nothing_is_told_that_is_not_wanted() -> None:
    traced = trace("/bin/true", _EXEC)
    assert traced.names() == ["sched_process_exec"]


def test_arguments_are_by_name_and_user_memory_is_read(tmp_path: Path) -> None:
    file = tmp_path / "there"
    file.write_text("some")
    paths: list[bytes] = []

    def look(hit: Hit) -> None:
        if hit.at.endswith("enter_openat"):
            address = hit.arguments["filename"]
            assert isinstance(address, int)
            text = hit.read_user(address, len(str(file)) + 1)
            paths.append(text.partition(b"\0")[0])
            with pytest.raises(OSError, match=os.strerror(errno.EFAULT)):
                hit.read_user(0, 8)

    traced = trace(f"/bin/cat {file}", *calls(["openat"]), look=look)
    assert str(file).encode() in paths
    entry = traced.at("sys_enter_openat")[-1]
    assert list(entry.arguments) == ["dfd", "filename", "flags", "mode"]
    assert all(hit.arguments["ret"] != -errno.EFAULT for hit in traced.at("sys_exit_openat"))


def test_every_call_of_every_process_and_thread_is_told_once(subject: str) -> None:
    rounds, processes, threads = 50, 3, 4
    opened = 0

    def look(hit: Hit) -> None:
        nonlocal opened
        if hit.at.endswith("sys_enter_openat"):
            address = hit.arguments["filename"]
            assert isinstance(address, int)
            opened += hit.read_user(address, 10) == b"/dev/zero\0"

    places = (*calls(["openat", "clone", "clone3"]), *_LIFE, "task:task_newtask")
    traced = trace(f"{subject} flood {rounds} {processes} {threads}", *places, look=look)
    assert traced.status == 7
    assert opened == rounds * processes * (threads + 1)
    found = Counter(traced.names())
    made = processes * (threads + 1)
    assert found["sys_enter_openat"] == found["sys_exit_openat"]
    assert found["sched_process_fork"] == found["task_newtask"] == made
    assert found["sched_process_exec"] == 1 + processes
    assert found["sched_process_exit"] == made + 1
    # Both who has called and who was made come back from it.
    assert found["sys_enter_clone"] + found["sys_enter_clone3"] == made
    assert found["sys_exit_clone"] + found["sys_exit_clone3"] == 2 * made
    dead = [hit for hit in traced.at("sched_process_exit") if hit.arguments["group_dead"]]
    assert len(dead) == 1 + processes


def test_a_child_is_told_of_before_anything_it_does(subject: str) -> None:
    traced = trace(
        f"{subject} flood 5 3 4", "raw_syscalls:sys_enter", "rawtracepoint:sys_exit", *_LIFE
    )
    seen = {traced.hits[0].task.tid}
    for hit in traced.hits:
        assert hit.task.tid in seen
        if hit.at.endswith("fork"):
            seen.add(int(str(hit.arguments["child_pid"])))
    for tid in _children(traced):
        first, *_, last = traced.names(tid)
        assert (first, last) == ("sys_exit", "sched_process_exit")


@pytest.mark.parametrize("more", [(), ("raw_syscalls:sys_enter",)], ids=["life", "calls"])
def test_who_is_made_by_a_process_that_is_killed_is_told_of(
    subject: str, more: tuple[str, ...]
) -> None:
    traced = trace(f"{subject} kill-makers 40", *_LIFE, *more)
    assert traced.status == 0
    children = _children(traced)
    ends = [hit.task.tid for hit in traced.at("sched_process_exit")]
    assert len(children) >= 40
    assert sorted([traced.pid, *children]) == sorted(ends)
    told = {traced.pid}
    for hit in traced.hits:
        assert hit.task.tid in told
        told |= {int(str(hit.arguments.get("child_pid", traced.pid)))}


def test_threads_have_their_process(subject: str) -> None:
    traced = trace(f"{subject} flood 1 1 3", _FORK, _EXIT)
    process, *threads = _children(traced)
    ends = {hit.task.tid: hit.task.pid for hit in traced.at("sched_process_exit")}
    assert [ends[one] for one in (process, *threads)] == [process] * 4


def test_exec_by_a_thread_takes_over_the_process(subject: str) -> None:
    traced = trace(f"{subject} thread-exec", *_LIFE, *calls(["execve"]))
    assert traced.status == 0
    pid = traced.hits[0].task.pid
    (thread,) = _children(traced)
    ran = traced.at("sched_process_exec")[1]
    assert (ran.task.pid, ran.task.tid, ran.task.comm) == (pid, pid, b"true")
    assert dict(ran.arguments) == {"filename": b"/bin/true", "pid": pid, "old_pid": thread}
    assert traced.names()[-5:] == [
        "sys_enter_execve",
        "sched_process_exit",
        "sched_process_exec",
        "sys_exit_execve",
        "sched_process_exit",
    ]
    assert [hit.arguments["group_dead"] for hit in traced.at("sched_process_exit")] == [0, 1]


def test_a_process_that_ends_takes_its_threads_along(subject: str) -> None:
    traced = trace(f"{subject} thread-left", *_LIFE, *calls(["exit_group"]), _DELIVER)
    assert traced.status == 4
    (thread,) = _children(traced)
    assert traced.names(thread) == ["signal_deliver", "sched_process_exit"]
    # Who calls it does not come back.
    assert traced.names().count("sys_enter_exit_group") == 1
    assert not traced.at("sys_exit_exit_group")
    assert sorted(one.arguments["group_dead"] for one in traced.at("sched_process_exit")) == [0, 1]


def test_a_killed_process(subject: str) -> None:
    traced = trace(f"{subject} killed", *_LIFE, _DELIVER)
    assert traced.status == -signal.SIGKILL
    assert [hit.arguments["sig"] for hit in traced.at("signal_deliver")] == [signal.SIGKILL] * 2
    assert len(traced.at("sched_process_exit")) == 2


def test_a_call_in_which_somebody_is_killed_ends(tmp_path: Path) -> None:
    killer = tmp_path / "killer"
    killer.write_text("#!/bin/sh\nkill -KILL $$\n")
    killer.chmod(0o755)
    traced = trace(str(killer), *calls(["kill"]), _DELIVER, _EXIT)
    assert traced.status == -signal.SIGKILL
    assert traced.names() == [
        "sys_enter_kill", "sys_exit_kill", "signal_deliver", "sched_process_exit"
    ]  # fmt: skip
    assert dict(traced.hits[1].arguments) == {"ret": 0}


def test_a_call_that_waits_is_broken_off_by_a_kill(subject: str) -> None:
    traced = trace(f"{subject} killed", *calls(["pause", "rt_sigsuspend", "futex"]), _EXIT)
    entered = [hit.task.tid for hit in traced.hits if "sys_enter" in hit.at]
    left = [hit.task.tid for hit in traced.hits if "sys_exit" in hit.at]
    assert sorted(entered) == sorted(left)


def test_the_processor_is_told_where_it_is_asked_for() -> None:
    before = os.sched_getaffinity(0)
    here = max(before)
    os.sched_setaffinity(0, {here})
    try:
        assert {hit.cpu for hit in trace("/bin/true", *calls(["openat"])).hits} == {here}
    finally:
        os.sched_setaffinity(0, before)


def test_a_process_that_a_signal_ends(subject: str) -> None:
    traced = trace(f"{subject} aborted", _EXIT, _DELIVER)
    assert traced.status == -signal.SIGTERM
    assert traced.names() == ["signal_deliver", "sched_process_exit"]
    # As the kernel has it of who is not traced: only a signal that dumps core is what it was.
    assert traced.hits[0].arguments["sig"] == signal.SIGKILL
    (dumped, _) = trace(f"{subject} aborted {signal.SIGABRT}", _EXIT, _DELIVER).hits
    assert dumped.arguments == {
        "sig": signal.SIGABRT, "errno": 0, "code": -6, "sa_handler": 0, "sa_flags": 0
    }  # fmt: skip


def test_a_handler_is_told_by_its_address(subject: str, capfd: pytest.CaptureFixture[str]) -> None:
    traced = trace(f"{subject} catch", _DELIVER)
    (hit,) = traced.hits
    assert hit.arguments["sa_handler"] == int(capfd.readouterr().out, 16)
    assert int(str(hit.arguments["sa_flags"])) & 0x10000000  # SA_RESTART


def test_vfork(subject: str) -> None:
    traced = trace(f"{subject} vfork", *_LIFE, "task:task_newtask")
    made = traced.at("task_newtask")[0]
    assert made.arguments["clone_flags"] == _CLONE_VM_VFORK
    assert traced.status == 0
    (child,) = _children(traced)
    assert traced.names(child) == ["sched_process_exec", "sched_process_exit"]


def test_a_signal_that_nobody_hears_breaks_nothing_off(subject: str) -> None:
    traced = trace(
        f"{subject} sleep-ignored", *calls(["clock_nanosleep", "restart_syscall"]), _DELIVER
    )
    assert traced.names(traced.pid) == ["sys_enter_clock_nanosleep", "sys_exit_clock_nanosleep"]
    assert [hit.arguments["ret"] for hit in traced.at("sys_exit_clock_nanosleep")] == [0, 0]


def test_a_signal_that_is_caught_breaks_off(subject: str) -> None:
    traced = trace(f"{subject} sleep-caught", *calls(["clock_nanosleep"]), _DELIVER)
    assert traced.names(traced.pid) == [
        "sys_enter_clock_nanosleep",
        "sys_exit_clock_nanosleep",
        "signal_deliver",
    ]
    results = [hit.arguments["ret"] for hit in traced.at("sys_exit_clock_nanosleep")]
    assert sorted(map(int, map(str, results))) == [_BROKEN_OFF, 0]


def test_job_control_is_as_without_tracing(subject: str) -> None:
    assert trace(f"{subject} stop", *calls(["kill"])).status == 5
    assert trace(f"{subject} stop", _EXIT).status == 5


def test_a_name_that_is_changed(subject: str) -> None:
    traced = trace(f"{subject} rename", "task:task_rename", *calls(["prctl"]), _EXIT)
    renamed = traced.at("task_rename")[-1]
    assert (renamed.arguments["oldcomm"], renamed.arguments["newcomm"]) == (b"subject", b"other")
    assert renamed.task.comm == b"subject"
    assert traced.names()[-4:] == [
        "sys_enter_prctl",
        "task_rename",
        "sys_exit_prctl",
        "sched_process_exit",
    ]
    assert traced.hits[-1].task.comm == b"other"
    # Where nothing stops at system calls it is asked for.
    assert trace(f"{subject} rename", _EXIT).hits[0].task.comm == b"other"


def test_calls_without_a_name_are_raw(subject: str) -> None:
    traced = trace(f"{subject} unknown", "raw_syscalls:sys_enter", "raw_syscalls:sys_exit")
    entries = [hit for hit in traced.at("sys_enter") if hit.arguments["id"] == 999]
    results = [hit for hit in traced.at("sys_exit") if hit.arguments["id"] == 999]
    assert [hit.arguments["args"][:2] for hit in entries] == [(1, 2)]  # type: ignore[index]
    assert [hit.arguments["ret"] for hit in results] == [-errno.ENOSYS]


def test_what_is_left_behind_goes_on_untraced(subject: str) -> None:
    traced = trace(f"{subject} left-behind 30", _FORK, until=lambda source: source.is_over)
    assert traced.status == 3
    (child,) = _children(traced)
    status = Path(f"/proc/{child}/status").read_text()
    os.kill(child, signal.SIGKILL)
    assert "TracerPid:\t0\n" in status


def test_a_command_that_still_runs_is_let_go() -> None:
    with Command("/bin/sleep 30") as child:
        with CommandSource(*child.lend()) as source:
            source.want(frozenset(["tracepoint:raw_syscalls:sys_enter"]))
            source.start()
            child.release()
            assert not child.has_ended
            time.sleep(0.1)
            source.pump(lambda hit: None, 1000)
        assert not child.has_ended
        assert "TracerPid:\t0\n" in Path(f"/proc/{child.pid}/status").read_text()
    assert child.status == -signal.SIGTERM


def test_a_signal_that_comes_while_it_is_let_go_arrives() -> None:
    with Command("/bin/sleep 30") as child, CommandSource(*child.lend()) as source:
        source.start()
        child.release()
        while not source.pump(lambda hit: None, 64) and b"sleep" not in _comm(child.pid):
            time.sleep(0.01)
        os.kill(child.pid, signal.SIGTERM)
        source.close()
        while not child.has_ended:
            time.sleep(0.01)
        assert child.status == -signal.SIGTERM


def _comm(pid: int) -> bytes:
    return Path(f"/proc/{pid}/comm").read_bytes()


def test_a_program_that_cannot_be_run(tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text("#!/no/such/interpreter\n")
    script.chmod(0o755)
    with Command(str(script)) as child, CommandSource(*child.lend()) as source:
        hits: list[Hit] = []
        source.want(frozenset(["tracepoint:syscalls:sys_exit_execve"]))
        source.start()
        child.release()
        while not source.is_over:
            source.pump(hits.append, 64)
        assert [hit.arguments["ret"] for hit in hits] == [-errno.ENOENT]
        with pytest.raises(Exception, match="cannot be run: No such file"):
            child.check()


def test_who_sends_a_signal_is_not_told() -> None:
    with pytest.raises(NotSupported, match="signal_generate"):
        trace("/bin/true", "signal:signal_generate")


def test_nobody_else_traces_it() -> None:
    with Command("/bin/true") as child, CommandSource(*child.lend()) as source:
        source.start()
        with Command("/bin/true") as other, pytest.raises(SyscallError) as caught:
            event_message(other.pid)
        assert caught.value.errno == errno.ESRCH


_FOREIGN = r"""
static int call(int number, int first) {
    int result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(number), "b"(first) : "memory");
    return result;
}
void _start(void) {
    call(6, 77);  /* close */
    call(1, 4);   /* exit */
}
"""


def test_calls_of_32_bit_programs_are_raw(tmp_path: Path) -> None:
    if os.uname().machine != "x86_64":
        pytest.skip("needs a machine whose 32-bit programs are i386")
    options = ("-m32", "-static", "-nostdlib", "-fno-pie", "-no-pie")
    program = compile_program(tmp_path / "foreign.c", _FOREIGN, *options)
    raw = ("raw_syscalls:sys_enter", "raw_syscalls:sys_exit")
    seen: list[bool] = []

    def until(source: CommandSource) -> bool:
        seen.append(source.has_foreign_calls)
        return source.is_over

    traced = trace(str(program), *raw, *calls(["execve", "newlstat", "write"]), _EXIT, until=until)
    assert traced.status == 4
    assert traced.names() == [
        "sys_enter", "sys_enter_execve", "sys_exit",
        "sys_enter", "sys_exit",
        "sys_enter", "sched_process_exit",
    ]  # fmt: skip
    assert [hit.arguments["id"] for hit in traced.at("sys_enter")][1:] == [6, 1]
    assert [hit.arguments["ret"] for hit in traced.at("sys_exit")] == [0, -errno.EBADF]
    assert seen[-1]
