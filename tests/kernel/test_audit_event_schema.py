"""Real events of a program that makes many system calls: all of them are as the schema has them."""

from __future__ import annotations

import json
import sys

import pytest

from audit_programs import audit_programs
from json_schema import mistakes
from seismo.audit.catalog.build import audit_catalog
from seismo.audit.catalog.schema_json import json_schema
from seismo.audit.sinks.clock import WallClock
from seismo.audit.sinks.json_form import event_object
from seismo.audit.tracer.programs import Recording
from seismo.audit.tracer.tracer import Tracer
from seismo.kernel.live import LiveKernel
from seismo.kernel.tracefs import Tracefs
from seismo.views import LiveView

pytestmark = pytest.mark.kernel

PROGRAM = r"""
import ctypes, os, resource, select, signal, socket, struct, subprocess, sys, time
directory = sys.argv[1]
fd = os.open(directory + "/file", os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o640)
os.write(fd, b"0123456789"), os.pread(fd, 4, 2), os.writev(fd, [b"ab", b"cd"]), os.fstat(fd)
os.fchmod(fd, 0o600), os.ftruncate(fd, 3)
at = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
os.mkdir("one", dir_fd=at), os.rename("one", "two", src_dir_fd=at, dst_dir_fd=at)
os.symlink("two", directory + "/link"), os.readlink("link", dir_fd=at), os.listdir(at)
server = socket.create_server(("127.0.0.1", 0))
client = socket.create_connection(server.getsockname())
end, _ = server.accept()
client.sendall(b"x" * 20), end.recv(10), client.getpeername(), end.shutdown(socket.SHUT_RDWR)
udp = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
udp.bind(("::1", 0)), udp.sendto(b"y", udp.getsockname()), udp.recvfrom(10)
left, right = socket.socketpair()
left.sendmsg([b"hello"]), right.recvmsg(10)
reader, writer = os.pipe()
os.writev(writer, [b"ab", b"cd"]), os.readv(reader, [bytearray(4)]), os.dup2(reader, 99)
os.uname(), os.times(), os.getresuid(), os.getgroups(), os.umask(0o22), os.memfd_create("it")
poll = select.epoll()
poll.register(server, select.EPOLLIN), poll.poll(0.001)
subprocess.run(["/bin/true", "a b"])
for failing, words in ((os.open, ("/nonexistent/file", os.O_WRONLY)), (os.execv, ("/none", ["q"]))):
    try:
        failing(*words)
    except OSError:
        pass
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1]), os.kill(os.getpid(), signal.SIGUSR1)
time.sleep(0.001), os.sched_getaffinity(0), os.statvfs("/"), resource.getrlimit(7)
libc = ctypes.CDLL(None)
libc.fsetxattr(fd, b"user.it", b"value", 5, 0)  # tmpfs takes none before Linux 6.6
libc.syscall(437, -100, b"/etc/group", struct.pack("QQQ", 0, 0, 0), 24)
libc.syscall(332, -100, b"/etc", 0, 0xfff, ctypes.create_string_buffer(256))
libc.syscall(321, 5, ctypes.create_string_buffer(120), 120)
libc.syscall(500, 1, 2, 3)
libc.syscall(500, -1, 0, 0)
"""
MADE = {
    "mkdirat": 1,
    "renameat": 1,
    "symlink": 1,
    "readlinkat": 1,
    "fchmod": 1,
    "fsetxattr": 1,
    "listen": 1,
    "connect": 1,
    "accept4": 1,
    "shutdown": 1,
    "recvmsg": 1,
    "sendmsg": 1,
    "epoll_ctl": 1,
    "memfd_create": 1,
    "kill": 1,
    "openat2": 1,
    "statx": 1,
    "bpf": 1,
    "syscall_500": 2,
    "process_exec": 2,
    "process_exit": 2,
    "exit_group": 2,
    "uname": 1,
}
"""How often each of them happens; others depend on Python."""


def test_every_event_is_as_the_schema_has_it(
    kernel: LiveKernel, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with Tracefs(kernel) as tracefs:
        view = LiveView(kernel, tracefs)
        audit, catalog = audit_programs(), audit_catalog(view)
    schema = json_schema(catalog)
    command = [sys.executable, "-S", "-c", PROGRAM, str(tmp_path_factory.mktemp("it"))]
    recording = Recording(content=True)
    rows = []
    with Tracer(
        kernel=kernel, catalog=catalog, audit=audit, recording=recording, on_slow="wait"
    ) as tracer:
        tracer.start()
        assert tracer.run(command, events=["all"]).wait() == 0
        tracer.stop()
        for batch in tracer.batches():
            objects = [event_object(one, WallClock(0)) for one in batch.events()]
            rows += [json.loads(json.dumps(one)) for one in objects]
        assert tracer.account().is_exact
    counts = {name: sum(row["event"] == name for row in rows) for name in MADE}
    assert counts == MADE
    for row in rows:
        found = mistakes(schema["$defs"]["_event"], row, schema)
        if row["event"] in schema["$defs"]:
            found += mistakes(schema["$defs"][row["event"]], row["args"], schema)
        assert found == [], row
    first = {row["event"]: row for row in reversed(rows)}
    assert mistakes(schema, first["openat2"], schema) == []
    assert first["openat2"]["args"]["how"] == {"flags": 0, "mode": 0, "resolve": 0}
    assert first["mkdirat"]["args"]["pathname"] == "one"
    assert first["bpf"]["args"]["uattr"]["prog_type"] == 0
    assert first["syscall_500"]["error"] == "ENOSYS"
