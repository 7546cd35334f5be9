"""What `seismo audit` promises, seen from outside: each promise kept by the command as it is used.

What its parts promise is tested beside this, in the other files of that name.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from seismo.audit.catalog.build import audit_catalog
from seismo.audit.program.backends import BACKENDS, choose
from seismo.audit.program.compile import compile_audit
from seismo.audit.record.event import AuditEvent
from seismo.audit.record.layout import KernelEvent
from seismo.audit.tracer.probe import Probe
from seismo.audit.tracer.tracer import Tracer
from seismo.base.dataclass import dataclass
from seismo.kernel.cgroups import cgroup_root
from seismo.kernel.live import LiveKernel
from seismo.kernel.tracefs import Tracefs
from seismo.views import LiveView

pytestmark = pytest.mark.kernel

_SECONDS = 900


@dataclass(frozen=True, slots=True)
class Run:
    """What a command recorded: the events, and what it said of their whereabouts."""

    events: list[dict[str, Any]]
    account: dict[str, Any]

    def named(self, name: str) -> list[dict[str, Any]]:
        return [one for one in self.events if one["event"] == name]

    @property
    def names(self) -> set[str]:
        return {one["event"] for one in self.events}


def environment(**more: str) -> dict[str, str]:
    return os.environ | {"PYTHONPATH": ":".join(one for one in sys.path if one)} | more


def seismo(*words: str) -> list[str]:
    return [sys.executable, "-m", "seismo", "audit", *words]


def written(path: Path) -> Run:
    """What a file of lines of JSON holds; it must be all that there was."""
    *events, account = [json.loads(line) for line in path.read_text().splitlines()]
    assert account["event"] == "audit.account"
    assert account["delivered"] == len(events)
    lost = sum(account["lost"].values()) + account["filtered"] + account["unfinished"]
    assert account["produced"] == len(events) + lost
    return Run(events, account)


def recorded(folder: Path, options: list[str], command: list[str], **more: str) -> Run:
    """A command, from its execve(2) to its end."""
    path = folder / "events.jsonl"
    path.unlink(missing_ok=True)
    run = subprocess.run(
        [*seismo("-o", f"jsonl:{path}", *options), "--", *command],
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
        env=environment(**more),
    )
    assert run.returncode == 0, run.stderr
    found = written(path)
    assert not any(found.account["lost"].values()), run.stderr
    return found


def in_python(text: str, *words: object) -> list[str]:
    return [sys.executable, "-I", "-S", "-c", text, *map(str, words)]


def compiled(folder: Path, text: str, *flags: str) -> str:
    source, program = folder / "program.c", folder / "program"
    source.write_text(text)
    subprocess.run(["cc", "-O1", "-w", *flags, "-o", program, source], check=True)
    return str(program)


_ALL_KINDS = """
import ctypes, os, signal, socket
os.close(os.open("/etc/passwd", os.O_RDONLY))
server = socket.create_server(("127.0.0.1", 0))
client = socket.create_connection(server.getsockname())
server.accept()[0].close()
client.close()
os.sched_yield()
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
    """System calls, files, connections, scheduling, signals, processes, namespaces and credentials
    in one order of time, each with who did it."""
    run = recorded(tmp_path, ["-e", "all"], in_python(_ALL_KINDS))
    assert run.names >= {
        *("openat", "socket", "bind", "accept4", "sched_yield", "kill", "unshare", "execve"),
        *("net_listen", "net_connect", "net_accept", "net_close"),
        *("signal_send", "signal_deliver", "process_fork", "process_exec", "process_exit"),
        *("namespace_change", "credentials_change"),
    }
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


def test_a_process_of_its_own_reads_the_pinned_ring(kernel: LiveKernel, tmp_path: Path) -> None:
    """Who did not load the programs has the events, by the path in bpffs alone."""
    directory = tmp_path / "bpf"
    directory.mkdir()
    script = """
import os, sys
from seismo.audit.catalog.build import audit_catalog
from seismo.audit.record.decode import Decoder
from seismo.kernel.live import LiveKernel
from seismo.kernel.tracefs import Tracefs
from seismo.objects.map import Map
from seismo.objects.ringbuf import RingBuffer
from seismo.views import LiveView
kernel = LiveKernel()
with Tracefs(kernel) as tracefs:
    decoder = Decoder(audit_catalog(LiveView(kernel, tracefs)))
with Map.open_pinned(kernel, sys.argv[1]) as one:
    found = []
    RingBuffer(one, kernel).consume(lambda record: found.append(bytes(record)))
for record in found:
    event = decoder.event(memoryview(record))
    print(event.type.name, event.tgid, event.ret)
"""
    subprocess.run(["mount", "-t", "bpf", "bpf", directory], check=True)
    try:
        with Tracefs(kernel) as tracefs:
            view = LiveView(kernel, tracefs)
            audit, catalog = compile_audit(view), audit_catalog(view)
            pins = str(directory / "audit")
            with (
                Probe(kernel, audit, catalog, tracefs, pin_directory=pins, tracks=False) as probe,
                _gated("import os\nfor _ in range(21): os.getppid()") as (child, go),
            ):
                probe.register_handler(4, pid=child.pid, events=["getppid"])
                probe.attach()
                go()
                assert child.wait() == 0
                shown = subprocess.run(
                    [sys.executable, "-c", script, f"{pins}/events"],
                    check=True,
                    capture_output=True,
                    text=True,
                    env=environment(),
                ).stdout
        assert shown.splitlines() == [f"getppid {child.pid} {os.getpid()}"] * 21
    finally:
        subprocess.run(["umount", directory], check=True)


@contextmanager
def _gated(text: str) -> Iterator[tuple[subprocess.Popen[bytes], Callable[[], None]]]:
    """A process of Python that does something when it is told to."""
    gate = "import sys\nsys.stdout.write('r'); sys.stdout.flush(); sys.stdin.read(1)\n"
    with subprocess.Popen(
        in_python(gate + text), stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        assert child.stdout.read(1) == b"r"
        yield child, child.stdin.close


_TALK = """
import os, socket
for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
    server = socket.create_server((host, 0), family=family)
    client = socket.create_connection(server.getsockname()[:2])
    accepted = server.accept()[0]
    client.close(); accepted.recv(1); accepted.close(); server.close()
try:
    socket.create_connection(("127.0.0.1", 1), timeout=5)
except OSError:
    pass
if not os.fork():
    os.setresgid(1, 2, 3)
    os.setresuid(4, 5, 6)
    os._exit(0)
os.wait()
"""

_TOLD = [
    *(KernelEvent.NET_CONNECT, KernelEvent.NET_CONNECT_FAILED, KernelEvent.NET_ACCEPT),
    *(KernelEvent.NET_LISTEN, KernelEvent.NET_CLOSE, KernelEvent.CREDENTIALS_CHANGE),
]


def test_several_backends_tell_the_same(kernel: LiveKernel, tmp_path: Path) -> None:
    """Typed or plain tracepoints, functions or the ends of calls: whichever a kernel takes, what
    is recorded of the same deeds is the same."""
    with Tracefs(kernel) as tracefs:
        view = LiveView(kernel, tracefs)
        catalog = audit_catalog(view)
        names = [catalog.by_id(one).name for one in _TOLD]
        works = {one.file for one in BACKENDS if one.works(view)}
        wanted = {one.file for one in BACKENDS if set(one.events) & set(_TOLD)}
        best = [one.file for one in choose(view, _TOLD)]
        other = [one for one in ("socket_events.h", "call_events.h") if one in works & wanted]
        assert best[0] != other[0] == "socket_events.h"
        told = []
        for files in (best, other):
            with Tracer(
                audit=compile_audit(view, optional=files), catalog=catalog, kernel=kernel
            ) as tracer:
                tracer.start()
                command = tracer.run(in_python(_TALK), events=names)
                assert command.wait(_SECONDS) == 0
                tracer.stop()
                told.append(sorted(_without_numbers(one) for one in tracer))
                assert tracer.account().is_exact
    assert told[0] == told[1]
    counts = Counter(line.split()[0] for line in told[0])
    assert counts == {
        "net_connect": 2,
        "net_connect_failed": 1,
        "net_accept": 2,
        "net_listen": 2,
        "net_close": 6,
        "credentials_change": 2,
    }


def _without_numbers(event: AuditEvent) -> str:
    """An event without what differs from run to run: times, ids, ports, cookies."""
    values = {
        name: (one.family, one.local.address, one.remote.address, one.type, one.netns)
        if name == "socket"
        else one
        for name, one in event.values.items()
        if name not in ("port", "fd", "inode", "cookie")
    }
    return f"{event.type.name} {event.uid} {event.gid} {event.comm} {values}"


_FILTERED = pytest.param(
    True,
    id="filtered",
    marks=pytest.mark.skipif(
        "SEISMO_LAB_KERNEL" in os.environ, reason="compiles all variants: a guest takes long"
    ),
)


@pytest.mark.parametrize("is_filtered", [pytest.param(False, id="all"), _FILTERED])
def test_a_bundle_runs_alone(tmp_path: Path, is_filtered: bool) -> None:
    """One file, made of a configuration, copied into an empty directory, with Python and nothing
    else: no package, no compiler, no search path, no home."""
    config, made = tmp_path / "audit.json", tmp_path / "made.pyz"
    document = {
        "version": 1,
        "events": ["openat", "process_exec"],
        "outputs": [{"type": "jsonl", "path": "out.jsonl"}],
    }
    if is_filtered:
        document["filter"] = "event = process_exec or path under /etc"
    config.write_text(json.dumps(document))
    subprocess.run(
        seismo("build", "-c", str(config), "-o", str(made)), check=True, env=environment()
    )
    empty = tmp_path / "empty"
    empty.mkdir()
    shutil.copy(made, empty / "only.pyz")
    made.unlink()
    run = subprocess.run(
        [sys.executable, "-I", "-S", "only.pyz", "--", "/bin/cat", "/etc/hostname", "/proc/stat"],
        cwd=empty,
        capture_output=True,
        check=False,
        timeout=_SECONDS,
        env={},
    )
    assert run.returncode == 0, run.stderr.decode()
    found = written(empty / "out.jsonl")
    assert found.named("process_exec")[0]["process"]["argv"][0] == "/bin/cat"
    opened = [one["args"]["filename"] for one in found.named("openat")]
    assert "/etc/hostname" in opened
    # Links are followed: the name may be another.
    paths = {one["files"]["ret"]["path"] for one in found.named("openat") if one["ret"] >= 0}
    assert {"/etc/hostname"} < paths
    assert ("/proc/stat" in paths) is not is_filtered
    assert all(one.startswith("/etc/") for one in paths) is is_filtered
    assert sorted(os.listdir(empty)) == ["only.pyz", "out.jsonl"]


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
                assert child.wait(_SECONDS) == 0
                time.sleep(1)
            finally:
                audit.send_signal(signal.SIGCONT)
                audit.send_signal(signal.SIGINT)
            _, errors = audit.communicate(timeout=_SECONDS)
    found = written(output)
    lost = sum(found.account["types"]["getppid"]["lost"].values())
    assert found.account["types"]["getppid"]["produced"] == calls
    assert len(found.named("getppid")) + lost == calls
    assert lost > 0
    assert len(found.events) > 0
    assert f"getppid: lost {lost} (ring {lost})" in errors


def _until(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + _SECONDS
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


def test_programs_are_made_without_a_compiler(tmp_path: Path) -> None:
    """Of a filter, on a machine without clang, LLVM, or anything on its search path; strings and
    cgroups are the kernel's own."""
    group = Path(cgroup_root(LiveKernel())) / "seismo-contract"
    group.mkdir()
    script = 'echo $$ > "$1/cgroup.procs"; [ -e /etc/hostname ]; [ -e /usr ]'
    try:
        run = recorded(
            tmp_path,
            [
                "--programs",
                "compiled",
                "-e",
                "file",
                "--filter",
                f"cgroup under {group} and path under /etc",
            ],
            ["/bin/sh", "-c", script, "sh", str(group)],
            PATH="/nowhere",
        )
        found = [one for one in run.events if "/etc/hostname" in one["args"].values()]
        assert len(found) == 1
        assert {one["cgroup"] for one in run.events} == {group.stat().st_ino}
        assert not [one for one in run.events if "/usr" in one["args"].values()]
    finally:
        group.rmdir()
