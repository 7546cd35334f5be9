"""What `seismo audit` promises, seen from outside: each promise kept by the command as it is used.

What its parts promise is tested beside this, in the other files of that name.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from audit_command import SECONDS, Run, compiled, environment, in_python, recorded, seismo, written

pytestmark = pytest.mark.kernel


_ALL_KINDS = """
import ctypes, os, signal, socket, time
while time.process_time() < 0.5: pass  # the timer interrupts it
os.close(os.open("/etc/passwd", os.O_RDONLY))
server = socket.create_server(("127.0.0.1", 0))
client = socket.create_connection(server.getsockname())
server.accept()[0].close()
client.close()
os.sched_yield()
for _ in range(20): time.sleep(0.001)
signal.signal(signal.SIGUSR1, lambda *_: None)
os.kill(os.getpid(), signal.SIGUSR1)
pid = os.fork()
if not pid:
    ctypes.CDLL(None).unshare(0x04000000)  # CLONE_NEWUTS
    os.setresuid(65534, 65534, 65534)
    os.execv("/bin/true", ["true", "word"])
assert os.waitpid(pid, 0)[1] == 0
"""


def test_one_trace_has_events_of_every_kind(tmp_path: Path) -> None:
    """System calls, files, connections, scheduling, interrupts, signals, processes, namespaces and
    credentials in one order of time, each with who did it."""
    run = recorded(tmp_path, ["-e", "all,sched,interrupts"], in_python(_ALL_KINDS))
    assert run.names >= {
        *("openat", "socket", "bind", "accept4", "sched_yield", "kill", "unshare", "execve"),
        *("net_listen", "net_connect", "net_accept", "net_close"),
        *("signal_send", "signal_deliver", "process_fork", "process_exec", "process_exit"),
        *("namespace_change", "credentials_change", "sched_switch"),
    }
    assert run.names & {"softirq", "interrupt"}
    sleeps = [one for one in run.named("sched_switch") if one["shown"]["state"] == "sleeping"]
    assert len(sleeps) >= 20
    assert [one["time_ns"] for one in run.events] == sorted(one["time_ns"] for one in run.events)
    first = run.named("execve")[0]
    children = {one["args"]["child_tgid"] for one in run.named("process_fork")}
    assert len(children) == 1
    assert _tgids(run) == {first["tgid"]} | children
    assert len(run.named("process_exit")) == 2
    (last,) = [one for one in run.named("process_exec") if one["comm"] == "true"]
    assert last["process"]["argv"] == ["true", "word"]
    assert (last["uid"], last["process"]["parent"]["tgid"]) == (65534, first["tgid"])


def _tgids(run: Run) -> set[int]:
    return {one["tgid"] for one in run.events}


def test_equal_calls_have_equal_hashes(tmp_path: Path) -> None:
    """The same file twice by one process: one hash; another file: another."""
    one, other, log = tmp_path / "one", tmp_path / "other", tmp_path / "log"
    one.touch()
    other.touch()
    subprocess.run(
        [*seismo("-e", "=openat", "-o", f"traceleft:{log}"), "--", "cat", one, one, other],
        check=True,
        capture_output=True,
        env=environment(),
    )
    found = re.findall(
        r"name openat pid (\d+) program id 0 return value (\d+) hash (\d+) "
        rf'Dfd -100 Filename "{tmp_path}/(\w+)" Flags 0 Mode 0\n',
        log.read_text(),
    )
    assert [name for *_, name in found] == ["one", "one", "other"]
    assert len({(pid, ret) for pid, ret, *_ in found}) == 1
    first, second, third = (hash_ for *_, hash_, _ in found)
    assert first == second != third


# Two system calls, and nothing before or between them.
_TWO_CALLS = """
void _start(void) {
    __asm__ volatile("syscall" : : "a"(110) : "rcx", "r11", "memory");
    __asm__ volatile("syscall" : : "a"(231), "D"(0) : "rcx", "r11", "memory");
}
"""


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="has x86's numbers")
def test_the_first_call_behind_an_execve_is_seen(tmp_path: Path) -> None:
    """From the execve(2) of the command to its end: nothing before, nothing missing."""
    program = compiled(tmp_path, _TWO_CALLS, "-static", "-nostdlib", "-nostartfiles")
    run = recorded(tmp_path, ["-e", "syscalls"], [program])
    assert [one["event"] for one in run.events] == ["execve", "getppid", "exit_group"]
    assert run.events[0]["args"]["argv"] == [program]
    assert len(_tgids(run)) == 1


_CHANGES = """
import ctypes, os, sys, threading
libc = ctypes.CDLL(None)
name = ctypes.create_string_buffer(sys.argv[1].encode(), 4096)
# It waits within the call, which has read the name already, for somebody who writes.
thread = threading.Thread(target=lambda: libc.open(name, os.O_RDONLY))
thread.start()
status = f"/proc/self/task/{thread.native_id}/syscall"
while open(status).read().split()[0] not in ("2", "257"):
    pass
name.value = b"/etc/shadow"
os.close(os.open(sys.argv[1], os.O_WRONLY))
thread.join()
"""


def test_an_argument_that_is_changed_during_the_call_is_told(tmp_path: Path) -> None:
    """What stood there when the call began, what stands there now, and what was opened."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    run = recorded(tmp_path, ["-e", "=openat,=open"], in_python(_CHANGES, fifo))
    mine = [one for one in run.events if one["args"]["filename"] == str(fifo)]
    changed = [one for one in mine if "changed" in one]
    assert (len(mine), len(changed)) == (2, 1)
    assert list(changed[0]["changed"].values()) == ["/etc/shadow"]
    assert "argument changed" in changed[0]["notes"]
    assert changed[0]["files"]["ret"]["path"] == str(fifo)
    assert not [one for one in run.events if one["args"]["filename"] == "/etc/shadow"]


_SWITCHES = """
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static volatile int ended;
static void *swap(void *unused) {
    for (int turn = 0; !ended; turn++) {
        symlink(turn & 1 ? "a" : "b", "new");
        rename("new", "link");
    }
    return unused;
}
int main(int argc, char **argv) {
    pthread_t thread;
    chdir(argv[1]);
    pthread_create(&thread, 0, swap, 0);
    for (int i = 0; i < 2000; i++)
        close(open("link/file", O_RDONLY));
    ended = 1;
    pthread_join(thread, 0);
    return 0;
}
"""


def test_a_link_that_is_renamed_meanwhile(tmp_path: Path) -> None:
    """Each open tells which of two files it was, by path and inode alike, though its words are
    always the same, and were about the other file before and after."""
    inodes = {}
    for name in "ab":
        (tmp_path / name).mkdir()
        file = tmp_path / name / "file"
        file.touch()
        inodes[str(file)] = file.stat().st_ino
    (tmp_path / "link").symlink_to("a")
    program = compiled(tmp_path, _SWITCHES, "-pthread")
    run = recorded(tmp_path, ["-e", "=openat"], [program, str(tmp_path)])
    mine = [one for one in run.events if one["args"]["filename"] == "link/file"]
    assert len(mine) == 2000
    assert all(one["ret"] >= 0 for one in mine)
    found = Counter((one["files"]["ret"]["path"], one["files"]["ret"]["inode"]) for one in mine)
    assert set(found) <= set(inodes.items())
    assert sum(found.values()) == 2000


def test_a_reader_that_is_stopped_loses_what_it_says(tmp_path: Path) -> None:
    """Stopped for a second while more happens than its ring has room for: what was made is what
    came and what was lost, to the last call."""
    calls = 60_000
    output = tmp_path / "events.jsonl"
    text = (
        "import os, select\n"
        "while not select.select([0], [], [], 0.05)[0]: os.getuid()\n"
        f"for _ in range({calls}): os.getppid()"
    )
    options = ["-e", "getppid,getuid", "--ring-size", "65536", "-o", f"jsonl:{output}"]
    with subprocess.Popen(in_python(text), stdin=subprocess.PIPE) as child:
        command = seismo(*options, "-p", str(child.pid))
        with subprocess.Popen(
            command, stderr=subprocess.PIPE, text=True, env=environment()
        ) as audit:
            try:
                _until(lambda: output.exists() and "getuid" in output.read_text())
                audit.send_signal(signal.SIGSTOP)
                assert child.stdin is not None
                child.stdin.close()
                assert child.wait(SECONDS) == 0
                time.sleep(1)
            finally:
                audit.send_signal(signal.SIGCONT)
                audit.send_signal(signal.SIGINT)
            _, errors = audit.communicate(timeout=SECONDS)
    found = written(output)
    lost = sum(found.account["types"]["getppid"]["lost"].values())
    assert found.account["types"]["getppid"]["produced"] == calls
    assert len(found.named("getppid")) + lost == calls
    assert lost > 0
    assert len(found.events) > 0
    assert f"getppid: lost {lost} (ring {lost})" in errors


def _until(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + SECONDS
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.05)


_ACCEPTING = """
import socket, threading
server = socket.create_server(("127.0.0.1", 0), backlog=64)
def accept():
    server.accept()[0].close()
threads = [threading.Thread(target=accept) for _ in range(40)]
[one.start() for one in threads]
states = [f"/proc/self/task/{one.native_id}/syscall" for one in threads]
while any(open(one).read().split()[0] not in ("43", "288", "202", "242") for one in states):
    pass
for _ in range(40):
    socket.create_connection(server.getsockname()).close()
[one.join() for one in threads]
"""


def test_forty_threads_that_wait_in_accept(tmp_path: Path) -> None:
    """All are in the call at a time, which is more than probes of returns have room for; none of
    them is missed."""
    run = recorded(
        tmp_path, ["-e", "=accept,=accept4,net_accept,net_connect"], in_python(_ACCEPTING)
    )
    calls = run.named("accept4") + run.named("accept")
    accepted, asked = run.named("net_accept"), run.named("net_connect")
    assert [len(calls), len(accepted), len(asked)] == [40, 40, 40]
    assert len({one["tid"] for one in calls}) == 40
    assert {one["tid"] for one in accepted} == {one["tid"] for one in calls}
    assert _ports(accepted) == {(there, here) for here, there in _ports(asked)}
    assert len(_ports(asked)) == 40


def _ports(events: list[dict[str, Any]]) -> set[tuple[int, int]]:
    sockets = [one["args"]["socket"] for one in events]
    return {(one["local"]["port"], one["remote"]["port"]) for one in sockets}
