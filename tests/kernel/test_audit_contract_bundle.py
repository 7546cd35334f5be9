"""What `seismo audit` promises of its programs: read by others, told alike by all kinds of them,
carried in one file, made on any machine.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from audit_command import SECONDS, environment, in_python, recorded, seismo, written

from seismo.audit.catalog.build import audit_catalog
from seismo.audit.program.backends import BACKENDS, choose
from seismo.audit.program.compile import compile_audit
from seismo.audit.record.event import AuditEvent
from seismo.audit.record.layout import KernelEvent
from seismo.audit.tracer.probe import Probe
from seismo.audit.tracer.tracer import Tracer
from seismo.kernel.cgroups import cgroup_root
from seismo.kernel.live import LiveKernel
from seismo.kernel.tracefs import Tracefs
from seismo.views import LiveView

pytestmark = pytest.mark.kernel


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
                assert command.wait(SECONDS) == 0
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
        timeout=SECONDS,
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
