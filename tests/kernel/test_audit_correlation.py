"""Events of real processes, sockets and files with what correlation says of them."""

from __future__ import annotations

import os
import re
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from audit_programs import Made
from seismo.audit.correlate.correlator import Correlator
from seismo.audit.correlate.existing_sockets import existing_sockets
from seismo.audit.correlate.procfs import Procfs
from seismo.audit.record.event import AuditEvent
from seismo.audit.record.layout import KernelEvent
from seismo.audit.tracer.programs import Recording
from seismo.audit.tracer.tracer import Tracer
from seismo.base.dataclass import dataclass
from seismo.kernel.cgroups import cgroup_root
from seismo.kernel.live import LiveKernel

pytestmark = pytest.mark.kernel

NET_EVENTS = [one for one in KernelEvent if one.name.startswith("NET_")]
COMMANDS = 500
ID = "c0ffee" * 10 + "0123"


@dataclass(frozen=True, slots=True)
class Seen:
    """A trace that is over: what was shown, by name, and all that is known."""

    events: list[AuditEvent]
    correlator: Correlator

    def named(self, name: str) -> list[AuditEvent]:
        return [one for one in self.events if one.type.name == name]


@contextmanager
def traced(
    kernel: LiveKernel, made: Made, *, content: bool = False, **more: object
) -> Iterator[tuple[Tracer, Correlator]]:
    audit, catalog = made
    correlator = Correlator(kernel, catalog, **more)  # type: ignore[arg-type]
    recording = Recording(content=content)
    with Tracer(
        kernel=kernel,
        catalog=catalog,
        audit=audit,
        recording=recording,
        enrich=correlator.enrich,
        on_slow="wait",
    ) as tracer:
        tracer.start()
        yield tracer, correlator


def seen(
    kernel: LiveKernel, made: Made, argv: list[str], events: list[str], **more: object
) -> Seen:
    """A command, traced from its beginning to its end."""
    with traced(kernel, made, **more) as (tracer, correlator):  # type: ignore[arg-type]
        correlator.bootstrap()
        command = tracer.run(argv, events=events)
        assert command.wait() == 0
        tracer.stop()
        found = [one for batch in tracer.batches() for one in batch.events()]
        assert tracer.account().is_exact
        return Seen(found, correlator)


def in_python(text: str, *words: str) -> list[str]:
    return [sys.executable, "-S", "-c", text, *words]


@pytest.fixture
def container(kernel: LiveKernel) -> Iterator[Path]:
    """A cgroup as a runtime would make it."""
    group = Path(cgroup_root(kernel)) / f"docker-{ID}.scope"
    group.mkdir()
    yield group
    for _ in range(100):
        try:
            group.rmdir()
            return
        except OSError:
            time.sleep(0.05)


def test_not_one_of_five_hundred_short_lived_commands_is_unattributed(
    kernel: LiveKernel, made: Made, container: Path
) -> None:
    script = (
        'echo $$ > "$1/cgroup.procs"; i=0; '
        f"while [ $i -lt {COMMANDS} ]; do /bin/true $i; i=$((i+1)); done"
    )
    found = seen(kernel, made, ["/bin/sh", "-c", script, "loop", str(container)], ["process_exec"])
    commands = [
        one for one in found.named("process_exec") if os.path.basename(one.process.exe) == "true"
    ]
    assert [one.process.argv for one in commands] == [
        ("/bin/true", str(at)) for at in range(COMMANDS)
    ]
    shells = {one.process.parent for one in commands}
    assert len(shells) == 1
    (shell,) = shells
    assert shell.argv[1:3] == ("-c", script)
    assert shell.tgid == commands[0].ppid
    assert {(one.process.container.id, one.process.runtime) for one in commands} == {(ID, "docker")}
    # After their end, too.
    for one in commands:
        process = found.correlator.process(one.tgid, one.start_ns)
        assert (process.has_exited, process.exit.code) == (True, 0)
        assert process.image_before.exe == shell.exe
        assert process.ancestors[0] == shell
        assert process.ancestors[1].tgid == os.getpid()
    lines = found.correlator.export("ascii").splitlines()
    assert len([one for one in lines if re.search(r" /bin/true \d+  exit 0 ", one)]) == COMMANDS


def test_a_tree_with_threads_forks_and_other_images(kernel: LiveKernel, made: Made) -> None:
    text = """
import os, threading
threads = [threading.Thread(target=os.getpgid, args=(0,)) for _ in range(3)]
[one.start() for one in threads]; [one.join() for one in threads]
pid = os.fork()
if not pid:
    os.chdir("/tmp"); os.getpgid(0)
    os.execv("/bin/sh", ["sh", "-c", "exit 7"])
assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7
pid = os.fork()
if not pid:
    os.kill(os.getpid(), 9)
os.waitpid(pid, 0)
"""
    found = seen(kernel, made, in_python(text), ["getpgid", "chdir", "process_exit"])
    calls = found.named("getpgid")
    assert len(calls) == 4
    main = calls[0].process
    assert all(one.process == main for one in calls[:3])
    assert len({one.tid for one in calls[:3]} - {main.tgid}) == 3
    inner = calls[3].process
    assert inner.parent == main
    # What it was then, and not what it became.
    assert inner.argv == main.argv
    assert inner.cwd == "/tmp"
    last = found.correlator.process(inner.tgid, inner.start_ns)
    assert (last.argv, last.cwd, last.exit.code) == (("sh", "-c", "exit 7"), "/tmp", 7)
    killed = [one.process for one in found.named("process_exit") if one.process.exit.signal]
    assert [one.exit.signal for one in killed] == [9]
    assert killed[0].parent == main
    assert found.correlator.process(main.tgid, main.start_ns).threads == 0


def test_what_ran_before_is_known(kernel: LiveKernel, made: Made) -> None:
    child = subprocess.Popen(["/bin/cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        with traced(kernel, made) as (tracer, correlator):
            tracer.register_handler(1, pid=child.pid, events=["write"])
            correlator.bootstrap()
            child.stdin.write(b"x")
            child.stdout.read(1)
            tracer.stop()
            (event,) = [one for batch in tracer.batches() for one in batch.events()]
        assert event.process.tgid == child.pid
        assert event.process.argv == ("/bin/cat",)
        assert event.process.exe == os.path.realpath("/bin/cat")
        assert event.process.cwd == os.getcwd()
        assert event.process.parent is not None
        assert event.process.parent.tgid == os.getpid()
        assert event.process.start_ns == event.start_ns
        assert correlator.processes.guessed == 0
    finally:
        child.stdin.close()
        child.wait()
        child.stdout.close()


def test_paths_links_and_directories(kernel: LiveKernel, made: Made, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "file").write_text("x")
    (tmp_path / "link").symlink_to("real")
    text = """
import os, sys
base = sys.argv[1]
os.chdir(base)
at = os.open("real", os.O_RDONLY)
names = [("real/../real/file", None), ("file", at), ("link/file", None), ("../nothing", at)]
for name, where in names:
    try:
        os.open(name, os.O_RDWR, dir_fd=where)
    except FileNotFoundError:
        pass
os.rename("real/file", "moved")
"""
    found = seen(kernel, made, in_python(text, str(tmp_path)), ["openat", "rename"])
    events = [one for one in found.named("openat") if one.values["flags"] & os.O_RDWR]
    base = str(tmp_path)
    assert [(one.paths["filename"], one.paths.get("returned"), one.notes) for one in events] == [
        (f"{base}/real/file", f"{base}/real/file", ()),
        (f"{base}/real/file", f"{base}/real/file", ()),
        (f"{base}/link/file", f"{base}/real/file", ("through a symlink",)),
        (f"{base}/nothing", None, ()),
    ]
    (renamed,) = found.named("rename")
    assert renamed.paths == {"oldname": f"{base}/real/file", "newname": f"{base}/moved"}
    assert {one.process.cwd for one in events} == {base}


def test_relative_changes_of_the_directory(kernel: LiveKernel, made: Made, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    text = "import os, sys\nfor name in sys.argv[1:]:\n    os.chdir(name)"
    found = seen(kernel, made, in_python(text, str(tmp_path), "real", "..", "link"), ["=chdir"])
    base = str(tmp_path)
    expected = [base, f"{base}/real", base, f"{base}/real"]
    assert [one.paths["filename"] for one in found.named("chdir")] == expected
    assert [one.process.cwd for one in found.named("chdir")] == expected


def test_a_chroot_and_another_mount_namespace(
    kernel: LiveKernel, made: Made, tmp_path: Path
) -> None:
    (tmp_path / "inside").mkdir()
    (tmp_path / "inside" / "file").write_text("x")
    (tmp_path / "inside" / "to").symlink_to("/file")
    text = """
import os, sys, ctypes
libc = ctypes.CDLL(None)
assert libc.unshare(0x20000) == 0
os.chroot(sys.argv[1]); os.chdir("/")
os.open("to", os.O_RDONLY | os.O_CLOEXEC | os.O_NOCTTY)
"""
    found = seen(kernel, made, in_python(text, f"{tmp_path}/inside"), ["openat"])
    last = [one for one in found.named("openat") if one.values["flags"] & os.O_NOCTTY][-1]
    assert (last.paths["filename"], last.paths["returned"]) == ("/to", "/file")
    assert "container" in last.notes


def test_both_ends_of_a_connection_on_loopback(kernel: LiveKernel, made: Made) -> None:
    text = """
import os, socket
server = socket.create_server(("127.0.0.1", 0))
pid = os.fork()
if not pid:
    client = socket.create_connection(server.getsockname())
    client.sendall(b"x" * 1000); client.shutdown(socket.SHUT_WR); client.recv(10); os._exit(0)
there, _ = server.accept()
while there.recv(4096): pass
there.send(b"y" * 5); there.close()
os.waitpid(pid, 0)
"""
    names = ["net_connect", "net_accept", "net_close", "net_listen"]
    found = seen(kernel, made, in_python(text), names)
    (connect,), (accept,) = found.named("net_connect"), found.named("net_accept")
    client, server = connect.process, accept.process
    assert client.parent == server
    correlator = found.correlator
    assert correlator.peer(connect) == server
    assert correlator.peer(accept) == client
    ours = correlator.connection(connect.values["socket"])
    theirs = correlator.connection(accept.values["socket"])
    assert ours is not None
    assert theirs is not None
    assert ours.peer is theirs
    assert (ours.sent_bytes, ours.received_bytes) == (1000, 5)
    assert (theirs.sent_bytes, theirs.received_bytes) == (5, 1000)
    assert (ours.is_accepted, theirs.is_accepted) == (False, True)
    assert ours.duration_ns > 0
    assert theirs.duration_ns > 0
    (listen,) = found.named("net_listen")
    state = listen.values["socket"]
    service = correlator.services.lookup("127.0.0.1", state.local.port, netns=state.netns)
    assert service.process == server.comm


def test_listeners_that_were_there_before(kernel: LiveKernel, made: Made) -> None:
    correlator = Correlator(kernel, made[1])
    correlator.processes.add_known([correlator.procfs.process(os.getpid())])
    me = correlator.processes.current(os.getpid())
    with (
        socket.create_server(("127.0.0.1", 0)) as tcp,
        socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as udp,
    ):
        udp.bind(("::1", 0))
        found = {
            (one.protocol, one.address, one.port): one.process
            for one in existing_sockets([me]).listeners
        }
        assert found["IPPROTO_TCP", "127.0.0.1", tcp.getsockname()[1]] == me
        assert found["IPPROTO_UDP", "::1", udp.getsockname()[1]] == me


def test_a_connection_that_was_there_before(kernel: LiveKernel, made: Made) -> None:
    text = """
import os, socket, sys
there = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
os.write(1, b"r"); os.read(0, 1)
there.send(b"x")
"""
    with socket.create_server(("127.0.0.1", 0)) as server:
        child = subprocess.Popen(
            in_python(text, str(server.getsockname()[1])),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
        )
        assert child.stdin is not None
        assert child.stdout is not None
        with server.accept()[0] as here, traced(kernel, made) as (tracer, correlator):
            child.stdout.read(1)
            tracer.register_handler(1, pid=child.pid, events=["sendto"])
            correlator.bootstrap()
            child.stdin.write(b"x")
            assert here.recv(1) == b"x"
            child.wait()
            tracer.stop()
            (event,) = [one for batch in tracer.batches() for one in batch.events()]
            peer = correlator.peer(event)
        child.stdin.close()
        child.stdout.close()
    assert peer is not None
    assert peer.tgid == os.getpid()


def test_names_from_a_name_server_on_loopback(kernel: LiveKernel, made: Made) -> None:
    text = """
import socket, sys
client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
client.connect(("127.0.0.1", int(sys.argv[1])))
client.send(b"?")
client.recv(512)
"""
    answer = (
        struct.pack(">6H", 7, 0x8180, 1, 1, 0, 0) + b"\4host\4test\0" + struct.pack(">HH", 1, 1)
    )
    answer += b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 60, 4) + bytes([192, 0, 2, 1])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        port = server.getsockname()[1]

        def serve() -> None:
            _, who = server.recvfrom(512)
            server.sendto(answer, who)

        found = with_server(
            serve,
            lambda: seen(
                kernel,
                made,
                in_python(text, str(port)),
                ["recvfrom"],
                content=True,
                dns_ports=(port,),
            ),
        )
    assert found.correlator.names.answers == 1
    service = found.correlator.services.lookup("192.0.2.1", 9, time_ns=time.monotonic_ns())
    assert service.names == ("host.test",)


def with_server(serve: Callable[[], None], work: Callable[[], Seen]) -> Seen:
    """Serve in a child of our own while something else works."""
    child = os.fork()
    if not child:
        try:
            serve()
        finally:
            os._exit(0)
    try:
        return work()
    finally:
        os.waitpid(child, 0)


def test_processes_that_are_numbered_otherwise_are_not_taken_for_those_of_records() -> None:
    """Process 1 of a container is not who has the number 1 in records."""
    text = """
from seismo.audit.correlate.procfs import Procfs
procfs = Procfs()
print(procfs.has_ids, list(procfs.processes()), procfs.is_running(4711, 0))
try:
    procfs.process(1)
except ProcessLookupError as error:
    print(error)
"""
    command = ["unshare", "--pid", "--fork", "--mount-proc", sys.executable, "-c", text]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "False [] True\n/proc has other ids\n"
    assert Procfs().has_ids
