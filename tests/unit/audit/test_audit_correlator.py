"""The correlator over batches: processes, containers, connections, names, columns, the tree."""

from __future__ import annotations

import json
import struct
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest

from audit_histories import (
    STEP_NS,
    History,
    Who,
    batch_of,
    path_section,
    section,
    socket_bytes,
)
from seismo.audit.catalog.build import shipped_catalog
from seismo.audit.correlate.attribution import COLUMNS, Owners, attributed
from seismo.audit.correlate.correlator import Correlator
from seismo.audit.correlate.process import TICK_NS
from seismo.audit.correlate.process_table import Bounds
from seismo.audit.correlate.procfs import Procfs
from seismo.audit.record.layout import SOCKET, KernelEvent, Section
from seismo.kernel.live import LiveKernel

CATALOG = shipped_catalog()
GETPID, CHDIR = CATALOG["getpid"].id, CATALOG["chdir"].id
CONTAINER = "/system.slice/docker-" + "ab" * 32 + ".scope"


@pytest.fixture
def correlator(tmp_path: Path) -> Correlator:
    """Of a machine without processes."""
    hosts = tmp_path / "hosts"
    hosts.write_text("192.0.2.1 one\n")
    return Correlator(
        LiveKernel(), CATALOG, proc=str(tmp_path), hosts=str(hosts), services=str(tmp_path)
    )


def test_each_event_has_the_process_as_it_was(correlator: Correlator) -> None:
    history = History()
    shell = history.process(100, 5)
    history.exec(shell, ["sh"], cgroup_path=CONTAINER)
    child = history.fork(shell, 101)
    history.call(GETPID, child)
    history.exec(child, ["ls"], cwd="/srv")
    history.call(GETPID, child)
    history.exit(child)
    batch = batch_of(history.records, CATALOG)
    correlator.enrich(batch)
    seen = [(one.type.name, one.process.tgid, one.process.exe) for one in batch.events()]
    assert seen == [
        ("process_exec", 100, "/usr/bin/sh"),
        ("process_fork", 100, "/usr/bin/sh"),
        ("getpid", 101, "/usr/bin/sh"),
        ("process_exec", 101, "/usr/bin/ls"),
        ("getpid", 101, "/usr/bin/ls"),
        ("process_exit", 101, "/usr/bin/ls"),
    ]
    last = batch.events()[-1].process
    assert (last.container.id, last.runtime) == ("ab" * 32, "docker")
    assert [one.tgid for one in last.ancestors] == [100]
    assert correlator.process(101, child.start_ns) == last
    assert correlator.cgroups.path(1) == CONTAINER


def test_five_hundred_short_lived_commands_are_all_attributed(correlator: Correlator) -> None:
    history = History()
    shell = history.process(100, 5)
    history.exec(shell, ["sh", "-c", "loop"], cgroup_path=CONTAINER)
    children = []
    for at in range(500):
        child = history.fork(shell, 1000 + at)
        history.exec(child, ["true", str(at)])
        history.call(GETPID, child)
        history.exit(child)
        children.append(child)
    for begin in range(0, len(history.records), 64):
        correlator.enrich(batch_of(history.records[begin : begin + 64], CATALOG))
    for at, child in enumerate(children):
        found = correlator.process(child.tgid, child.start_ns)
        assert found.argv == ("true", str(at))
        assert found.parent is not None
        assert found.parent.argv == ("sh", "-c", "loop")
        assert found.runtime == "docker"
        assert str(found.exit) == "exit 0"


def test_chdir_moves_the_working_directory(correlator: Correlator) -> None:
    history = History()
    shell = history.process(100, 5)
    history.exec(shell, ["sh"], cwd="/srv")
    text = [
        section(Section.STRING, b"../tmp/./link", argument=0),
        path_section(Section.DIRECTORY, "/tmp/x", argument=0),  # told at the end: where it led
    ]
    history.call(CHDIR, shell, [1], text)
    history.call(CHDIR, shell, [1], [section(Section.STRING, b"/no", argument=0)], ret=-2)
    history.call(CHDIR, shell, [1], [section(Section.STRING, b"y", argument=0)])
    correlator.enrich(batch_of(history.records, CATALOG))
    assert correlator.process(100, 5).cwd == "/tmp/x/y"


def test_cgroups_are_named_by_events(correlator: Correlator) -> None:
    history = History()
    shell = history.process(100, 5)
    history.cgroup(KernelEvent.CGROUP_CREATE, shell, 99_000_001, CONTAINER)
    child = history.fork(shell, 101, cgroup=99_000_001)
    history.cgroup(KernelEvent.CGROUP_REMOVE, shell, 99_000_001, CONTAINER)
    correlator.enrich(batch_of(history.records, CATALOG))
    assert correlator.process(101, child.start_ns).container.id == "ab" * 32
    assert correlator.process(100, 5).container.id == ""


def test_cgroups_of_version_1_are_others_though_their_ids_are_the_same(
    correlator: Correlator,
) -> None:
    history = History()
    shell = history.process(100, 5)
    history.cgroup(KernelEvent.CGROUP_CREATE, shell, 99_000_001, CONTAINER)
    child = history.fork(shell, 101, cgroup=99_000_001)
    history.cgroup(KernelEvent.CGROUP_CREATE, shell, 99_000_001, "/pids", hierarchy=8)
    history.move(shell, 99_000_001, "/pids", child, hierarchy=8)
    history.cgroup(KernelEvent.CGROUP_REMOVE, shell, 99_000_001, "/pids", hierarchy=8)
    history.move(shell, 99_000_001, CONTAINER, history.thread(shell, 102))
    correlator.enrich(batch_of(history.records, CATALOG))
    assert correlator.process(101, child.start_ns).cgroup.path == CONTAINER
    assert correlator.cgroups.id(CONTAINER) == 99_000_001
    assert correlator.process(100, 5).container.id == ""
    history.move(shell, 99_000_001, CONTAINER, shell)
    correlator.enrich(batch_of(history.records[-1:], CATALOG))
    assert correlator.process(100, 5).container.id == "ab" * 32


def test_more_processes_may_end_in_a_batch_than_are_remembered(tmp_path: Path) -> None:
    correlator = Correlator(LiveKernel(), CATALOG, proc=str(tmp_path), bounds=Bounds(exited=3))
    history = History()
    shell = history.process(100, 5)
    for at in range(20):
        child = history.fork(shell, 1000 + at)
        history.exec(child, ["true"])
        history.exit(child)
    batch = batch_of(history.records, CATALOG)
    correlator.enrich(batch)
    assert [one.process.exe for one in batch.events()[2::3]] == ["/usr/bin/true"] * 20
    history.call(GETPID, shell)
    correlator.enrich(batch_of(history.records[-1:], CATALOG))
    table = correlator.processes
    assert (len(table), table.running, table.guessed) == (4, 1, 1)


def test_both_ends_of_a_connection(correlator: Correlator) -> None:
    history = History()
    client, server = history.process(1, 5), history.process(2, 6)
    here, there = ("127.0.0.1", 4000), ("127.0.0.1", 80)
    waiting = socket_bytes(("0.0.0.0", 80), ("0.0.0.0", 0), cookie=9)
    history.socket(KernelEvent.NET_LISTEN, server, waiting)
    history.socket(KernelEvent.NET_CONNECT, client, socket_bytes(here, there, cookie=1))
    history.socket(KernelEvent.NET_ACCEPT, server, socket_bytes(there, here, cookie=2))
    closed = socket_bytes(here, there, cookie=1, sent=5, received=8)
    history.socket(KernelEvent.NET_CLOSE, client, closed)
    batch = batch_of(history.records, CATALOG)
    correlator.enrich(batch)
    listens, connects, accepts, closes = batch.events()
    assert correlator.peer(listens) is None
    for event, other in ((connects, 2), (accepts, 1), (closes, 2)):
        peer = correlator.peer(event)
        assert peer is not None
        assert peer.tgid == other
    connection = correlator.connection(closes.values["socket"])
    assert connection is not None
    assert (connection.duration_ns, connection.sent_bytes) == (2 * STEP_NS, 5)
    found = correlator.services.lookup("127.0.0.1", 80, netns=7)
    assert found.process == "test"


def test_names_are_learnt_from_answers_that_programs_receive(correlator: Correlator) -> None:
    history = History()
    resolver = history.process(1, 5)
    answer = struct.pack(">6H", 7, 0x8180, 1, 1, 0, 0) + b"\1a\2bc\0" + struct.pack(">HH", 1, 1)
    answer += b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 60, 4) + bytes([192, 0, 2, 9])
    here = ("127.0.0.1", 4000)
    for port, contents in ((53, answer), (54, answer), (53, b"x" * 40)):
        socket = socket_bytes(here, ("192.0.2.53", port), type_=2, protocol=17)
        parts = [
            section(Section.SOCKET, socket, argument=0),
            section(Section.BYTES, contents, argument=1),
        ]
        call = CATALOG["recvfrom"].id
        history.call(call, resolver, [3, 0x1000, 512], parts, ret=len(contents))
    correlator.enrich(batch_of(history.records, CATALOG))
    assert correlator.names.answers == 1
    assert correlator.names.unread == 1
    assert correlator.services.lookup("192.0.2.9", 443, time_ns=history.now_ns).names == ("a.bc",)
    # An unconnected socket is told by the address that came with it.
    sockaddr = struct.pack("=H", 2) + struct.pack(">H", 53) + bytes([192, 0, 2, 53]) + bytes(8)
    parts = [
        section(Section.BYTES, answer.replace(b"\1a", b"\1z"), argument=1),
        section(Section.SOCKADDR, sockaddr, argument=4),
    ]
    history.call(CATALOG["recvfrom"].id, resolver, [3], parts, ret=len(answer))
    correlator.enrich(batch_of(history.records[-1:], CATALOG))
    names = correlator.services.lookup("192.0.2.9", 443, time_ns=history.now_ns).names
    assert names == ("z.bc", "a.bc")


def test_damaged_records_are_counted(correlator: Correlator) -> None:
    history = History()
    history.exec(history.process(1, 5), ["sh"])
    exec_record = history.records[-1]
    history.socket(KernelEvent.NET_CONNECT, Who(1, 5), bytes(SOCKET.size))
    cut = [exec_record[:-9], history.records[-1][:150]]
    correlator.observe(batch_of(cut, CATALOG))
    assert correlator.damaged == 2


def test_what_runs_already_is_read_from_proc(tmp_path: Path) -> None:
    make_process(tmp_path, 1, 3, ppid=0, argv="init\0")
    make_process(tmp_path, 40, 7, ppid=1, argv="tool\0a b\0", comm="a) b (c", cgroup=CONTAINER)
    (tmp_path / "50").mkdir()  # gone while it is read
    known = {one.tgid: one for one in Procfs(str(tmp_path), cgroup_id=lambda _: 77).processes()}
    assert sorted(known) == [1, 40]
    one = known[40]
    assert (one.comm, one.ppid, one.threads, one.start_ns) == ("a) b (c", 1, 4, 7 * TICK_NS)
    assert one.image.argv == ("tool", "a b")
    assert (one.image.exe, one.image.is_deleted) == ("/opt/tool", True)
    assert (one.group.id, one.group.path, one.group.others) == (77, CONTAINER, ("/x",))
    assert (one.credentials["euid"], one.credentials["cap_effective"]) == (1001, 0x3F)
    assert one.namespaces == {"mnt": 4026531840}
    assert Procfs(str(tmp_path)).is_running(40, 7 * TICK_NS + 5)
    assert not Procfs(str(tmp_path)).is_running(40, 8 * TICK_NS)

    correlator = Correlator(LiveKernel(), CATALOG, proc=str(tmp_path))
    correlator.bootstrap()
    history = History()
    history.call(GETPID, Who(40, 7 * TICK_NS + 99, ppid=1))
    batch = batch_of(history.records, CATALOG)
    correlator.enrich(batch)
    process = batch.events()[0].process
    assert (process.command, process.unit, process.cwd) == (
        "tool 'a b'",
        f"docker-{'ab' * 32}.scope",
        "/run",
    )
    assert [one.tgid for one in process.ancestors] == [1]


def test_whoever_starts_now_has_started_now() -> None:
    procfs = Procfs()
    before = procfs.now_ns()
    with subprocess.Popen(["sleep", "60"]) as process:
        started = procfs.process(process.pid).start_ns
        process.kill()
    assert before - TICK_NS <= started <= procfs.now_ns()


def test_one_that_nobody_told_of_is_looked_up(tmp_path: Path) -> None:
    correlator = Correlator(LiveKernel(), CATALOG, proc=str(tmp_path))
    make_process(tmp_path, 40, 7, ppid=1, argv="tool\0")
    history = History()
    history.call(GETPID, Who(40, 7 * TICK_NS + 99, ppid=1))
    history.call(GETPID, Who(41, 9 * TICK_NS + 99, ppid=40))
    batch = batch_of(history.records, CATALOG)
    correlator.enrich(batch)
    first, second = batch.events()
    assert (first.process.command, second.process.command) == ("tool", "[test]")
    assert second.process.parent == first.process


def make_process(
    proc: Path, pid: int, ticks: int, *, ppid: int, argv: str, comm: str = "x", cgroup: str = "/"
) -> None:
    """A process in a procfs of files."""
    folder = proc / str(pid)
    (folder / "ns").mkdir(parents=True)
    rest = ["S", str(ppid), *["0"] * 15, "4", "0", str(ticks), "0"]
    (folder / "stat").write_text(f"{pid} ({comm}) {' '.join(rest)}\n")
    (folder / "cmdline").write_text(argv)
    (folder / "cgroup").write_text(f"4:memory:/x\n3:cpu:/\n0::{cgroup}\n")
    status = "Name:\tx\nUid:\t1000\t1001\t1002\t1003\nGid:\t1\t2\t3\t4\nCapEff:\t000000000000003f\n"
    (folder / "status").write_text(status)
    (folder / "exe").symlink_to("/opt/tool (deleted)")
    (folder / "cwd").symlink_to("/run")
    (folder / "ns" / "mnt").symlink_to("mnt:[4026531840]")


def test_columns_say_the_same_as_events(correlator: Correlator) -> None:
    history = History()
    shell = history.process(100, 5)
    history.exec(shell, ["sh"], cgroup_path=CONTAINER, cwd="/srv")
    people = [shell]
    for at in range(20):
        child = history.fork(people[at // 2], 200 + at)
        history.call(GETPID, child)
        history.exec(child, [f"tool{at % 3}", "x"], cwd=f"/d{at % 2}")
        people.append(child)
    for at in range(300):
        history.call(GETPID, people[at * 7 % len(people)])
        if at % 50 == 0:
            history.exec(people[at * 3 % len(people)], [f"again{at}"])
    batch = batch_of(history.records, CATALOG)
    correlator.enrich(batch)
    columns = attributed(correlator, batch)
    assert sorted(columns) == sorted(COLUMNS)
    for name, column in columns.items():
        assert column.codes.dtype == np.int32
        assert len(set(column.values)) == len(column.values)
        shown = [column.values[code] for code in column.codes]
        assert shown == [COLUMNS[name](event.process) for event in batch.events()], name


def test_files_of_columns_get_who_the_records_are_of(correlator: Correlator) -> None:
    history = History()
    shell = history.process(100, 5)
    history.exec(shell, ["sh"], cgroup_path=CONTAINER)
    child = history.fork(shell, 101)
    history.exec(child, ["ls"])
    batch = batch_of(history.records, CATALOG)
    correlator.observe(batch)
    found = Owners(correlator)(batch)
    shown = {name: [texts[code] for code in codes] for name, (codes, texts) in found.items()}
    assert shown == {
        "exe": ["/usr/bin/sh", "/usr/bin/sh", "/usr/bin/ls"],
        "container": ["ab" * 32] * 3,
        "parent": ["", "", "/usr/bin/sh"],
    }
    batch.records.append(b"short")
    assert len(Owners(correlator)(batch)["exe"][0]) == 3


def test_no_records_make_empty_columns(correlator: Correlator) -> None:
    column = attributed(correlator, batch_of([], CATALOG))["exe"]
    assert (len(column.codes), column.values) == (0, ())


def test_columns_of_many_records_are_fast(correlator: Correlator) -> None:
    """Far above what a busy machine needs: the bound is a tenth of what was measured."""
    history = History()
    who = [history.process(tgid, tgid) for tgid in range(1, 17)]
    for one in who:
        history.exec(one, [f"tool{one.tgid}"])
    records = [history.call(GETPID, who[at % 16]) for at in range(2000)] * 50
    batch = batch_of(records, CATALOG)
    correlator.observe(batch_of(history.records, CATALOG))
    batch.headers()
    begin = time.process_time()
    column = attributed(correlator, batch, ("exe",))["exe"]
    spent = time.process_time() - begin
    assert len(column.values) == 16
    assert len(records) / spent > 100_000


def test_the_tree_as_text_and_as_json(correlator: Correlator) -> None:
    history = History()
    shell = history.process(100, 5)
    history.exec(shell, ["sh"], cgroup_path=CONTAINER)
    first = history.fork(shell, 101)
    history.exec(first, ["ls", "-l", "\33[31m"])
    inner = history.fork(first, 103)
    second = history.fork(shell, 102)
    history.exit(first, 2)
    history.exit(second, signal=9)
    correlator.enrich(batch_of(history.records, CATALOG))
    name = f"[docker:{'ab' * 6}]"
    assert correlator.export("ascii").splitlines() == [
        f"100 sh  {name}",
        f"|- 101 ls -l '\\x1b[31m'  exit 2  0.000 s  {name}",
        f"|  `- 103 ls -l '\\x1b[31m'  {name}",
        f"`- 102 sh  signal 9  0.000 s  {name}",
    ]
    assert "├─ 101" in correlator.export()
    (top,) = json.loads(correlator.export("json"))
    assert [one["pid"] for one in top["children"]] == [101, 102]
    ls = top["children"][0]
    assert (ls["argv"], ls["exit_code"], ls["children"][0]["pid"]) == (
        ["ls", "-l", "\33[31m"],
        2,
        103,
    )
    assert [one["exe"] for one in ls["executions"]] == ["/usr/bin/sh", "/usr/bin/ls"]
    assert "exit_code" not in top
    assert ls["start_ns"] == first.start_ns
    assert inner.tgid == 103


def test_a_very_deep_tree_is_written(correlator: Correlator) -> None:
    history = History()
    one = history.process(1, 5)
    for tgid in range(2, 3000):
        one = history.fork(one, tgid)
    correlator.observe(batch_of(history.records, CATALOG))
    assert correlator.export("ascii").count("\n") == 2999
    assert correlator.export("json").count('"pid"') == 2999
