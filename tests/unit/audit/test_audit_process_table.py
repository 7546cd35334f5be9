"""The table of processes: identity, images, inheritance, order, bounds."""

from __future__ import annotations

import random

import pytest

from audit_histories import STEP_NS, History, Who
from seismo.audit.correlate.process import NO_IMAGE, TICK_NS, CgroupOf, Image
from seismo.audit.correlate.process_table import Bounds, Known, ProcessTable, UnknownProcess
from seismo.audit.correlate.tracked import change_of
from seismo.audit.record.layout import SectionFlag


def table_of(records: list[bytes], **more: object) -> ProcessTable:
    table = ProcessTable(**more)  # type: ignore[arg-type]
    for record in records:
        table.apply(change_of(record))
    return table


def known(tgid: int, start_ns: int, ppid: int = 1, exe: str = "/bin/sh") -> Known:
    return Known(
        tgid=tgid,
        start_ns=start_ns,
        ppid=ppid,
        comm="sh",
        threads=1,
        image=Image(exe=exe, argv=(exe,), cwd="/tmp"),
        group=CgroupOf(id=1, path="/a.slice/a.service"),
        credentials={"uid": 1000},
        namespaces={"mnt": 5},
    )


def test_a_child_is_what_its_parent_was_until_it_executes() -> None:
    history = History()
    shell = history.process(100, 5)
    history.exec(shell, ["sh"], exe="/bin/dash", cwd="/home", numbers={"uid": 7})
    child = history.fork(shell, 101)
    forked_ns = history.now_ns
    history.exec(child, ["ls", "-l", "a b"], exe="/usr/bin/ls", cwd="/srv")
    history.exit(child, 3)
    table = table_of(history.records)
    before = table.find(101, child.start_ns, forked_ns)
    assert (before.exe, before.argv, before.cwd, before.uid) == ("/bin/dash", ("sh",), "/home", 7)
    after = table.find(101, child.start_ns)
    assert (after.exe, after.argv, after.cwd) == ("/usr/bin/ls", ("ls", "-l", "a b"), "/srv")
    assert after.command == "ls -l 'a b'"
    assert after.image_before.exe == "/bin/dash"
    assert [image.exe for image in after.images] == ["/bin/dash", "/usr/bin/ls"]
    assert (after.has_exited, after.exit.code, str(after.exit)) == (True, 3, "exit 3")
    assert after.lifetime_ns == 2 * STEP_NS
    assert after.parent is not None
    assert after.parent.tgid == 100


def test_the_parent_is_shown_as_it_was_when_it_forked() -> None:
    history = History()
    first = history.process(100, 5)
    history.exec(first, ["sh"], exe="/bin/dash")
    child = history.fork(first, 101)
    history.exec(first, ["sleep"], exe="/bin/sleep")
    table = table_of(history.records)
    parent = table.find(101, child.start_ns).parent
    assert parent is not None
    assert parent.exe == "/bin/dash"
    assert table.find(100, 5).exe == "/bin/sleep"


def test_an_id_that_is_used_again_is_another_process() -> None:
    history = History()
    shell = history.process(1, 5)
    old = history.fork(shell, 200)
    history.exec(old, ["old"])
    new = history.fork(shell, 200)
    table = table_of(history.records)
    assert table.find(200, old.start_ns).argv == ("old",)
    assert table.find(200, old.start_ns).has_exited
    assert not table.find(200, old.start_ns).exit.is_seen
    assert not table.find(200, new.start_ns).has_exited
    assert table.current(200).start_ns == new.start_ns
    assert table.unseen_exits == 1
    # Its exit was only late.
    history.exit(old, 9)
    table.apply(change_of(history.records[-1]))
    assert table.find(200, old.start_ns).exit.code == 9
    assert table.unseen_exits == 0
    assert not table.find(200, new.start_ns).has_exited


def test_the_order_of_events_does_not_matter() -> None:
    history = History()
    shell = history.process(10, 5)
    history.exec(shell, ["sh"])
    for at in range(5):
        child = history.fork(shell, 20 + at)
        grandchild = history.fork(child, 30 + at)
        history.exec(child, [f"tool{at}"])
        history.exec(grandchild, [f"inner{at}"])
        history.exec(shell, [f"sh{at}"])
        history.exit(grandchild, at)
        history.exit(child, signal=9)
    meant = _picture(table_of(history.records))
    for seed in range(20):
        records = list(history.records)
        random.Random(seed).shuffle(records)
        assert _picture(table_of(records)) == meant


def _picture(table: ProcessTable) -> list[tuple[object, ...]]:
    return sorted(
        (
            life.key,
            tuple(image.exe for image in life.at(table.now_ns).images),
            tuple(one.key for one in life.at(table.now_ns).ancestors),
            tuple(one.exe for one in life.at(table.now_ns).ancestors),
            str(life.exit),
            life.cgroup_at(table.now_ns),
        )
        for life in table
    )


def test_threads_belong_to_their_process() -> None:
    history = History()
    shell = history.process(40_000, 5)
    one = history.thread(shell, 40_001)
    history.thread(shell, 40_002)
    history.exit(one, is_process=False)
    table = table_of(history.records)
    assert len(table) == 1
    assert table.find(40_000, 5).threads == 2
    assert not table.find(40_000, 5).has_exited


def test_proc_and_records_name_the_same_process_by_the_tick() -> None:
    table = ProcessTable()
    table.add_known([known(1, 0, ppid=0, exe="/sbin/init"), known(77, 123 * TICK_NS)])
    history = History(now_ns=200 * TICK_NS)
    exact = history.process(77, 123 * TICK_NS + 4_567_890)
    child = history.fork(exact, 78)
    table.apply(change_of(history.records[0]))
    assert len(table) == 3
    found = table.find(77, 123 * TICK_NS + 4_567_890)
    assert (found.exe, found.cwd, found.uid) == ("/bin/sh", "/tmp", 1000)
    assert found.key == (77, 123 * TICK_NS + 4_567_890)
    assert table.find(78, child.start_ns).unit == "a.service"
    assert [one.tgid for one in table.find(78, child.start_ns).ancestors] == [77, 1]
    assert table.guessed == 0
    # The next tick is another process.
    with pytest.raises(UnknownProcess, match="no process 77 that started 1240000000 ns"):
        table.find(77, 124 * TICK_NS)


def test_what_proc_tells_later_does_not_undo_what_events_told() -> None:
    history = History()
    shell = history.process(50, 5)
    child = history.fork(shell, 51, start_ns=77 * TICK_NS + 5)
    history.exec(child, ["ls"], exe="/usr/bin/ls")
    table = table_of(history.records)
    table.add_known([known(51, 77 * TICK_NS, exe="/other")])
    assert table.find(51, child.start_ns).exe == "/usr/bin/ls"
    assert table.find(51, child.start_ns).ppid == 50
    assert len(table) == 2


def test_one_whose_fork_was_not_seen_has_nothing_from_its_supposed_parent() -> None:
    history = History()
    shell = history.process(60, 5)
    history.exec(shell, ["sh"])
    lost = Who(61, 500 * TICK_NS, ppid=60)
    history.thread(lost, 62)
    table = table_of(history.records)
    found = table.find(61, 500 * TICK_NS)
    assert found.image is NO_IMAGE
    assert found.parent is not None
    assert found.parent.tgid == 60
    assert table.guessed == 2


def test_whoever_forks_was_there_before() -> None:
    history = History()
    late = history.process(70, 900 * TICK_NS)
    history.fork(late, 71, start_ns=100 * TICK_NS + 1)
    same = history.process(80, 200 * TICK_NS + 1)
    other = history.fork(same, 81, start_ns=200 * TICK_NS + 1)
    history.fork(other, 80, start_ns=200 * TICK_NS + 1)
    table = table_of(history.records)
    assert table.find(71, 100 * TICK_NS + 1).parent is None
    assert [one.tgid for one in table.find(81, other.start_ns).ancestors] == [80]
    assert table.find(80, same.start_ns).ancestors == ()


def test_ten_thousand_that_come_and_go_are_kept_within_the_bound() -> None:
    history = History()
    shell = history.process(2, 5)
    history.exec(shell, ["sh"])
    table = ProcessTable(bounds=Bounds(exited=1000))
    children = []
    for at in range(10_000):
        child = history.fork(shell, 1000 + at % 5000)
        history.exec(child, ["true", str(at)])
        history.exit(child, at % 256)
        children.append(child)
        for record in history.records:
            table.apply(change_of(record))
        history.records.clear()
        table.trim()
    assert len(table) == 1001
    assert table.forgotten == 9000
    assert table.guessed == 1
    assert table.unseen_exits == 0
    for at in range(9000, 10_000):
        found = table.find(children[at].tgid, children[at].start_ns)
        assert found.argv == ("true", str(at))
        assert found.exit.code == at % 256
        assert found.ppid == 2
    with pytest.raises(UnknownProcess, match="ended processes are kept within bounds"):
        table.find(children[8999].tgid, children[8999].start_ns)


def test_bounds_of_age_and_of_bytes() -> None:
    history = History()
    shell = history.process(2, 5)
    child = history.fork(shell, 3)
    history.exit(child)
    table = table_of(history.records, bounds=Bounds(age_ns=1000 * STEP_NS))
    table.trim()
    assert table.forgotten == 0
    history.now_ns += 1000 * STEP_NS
    history.exec(shell, ["sh"])
    table.apply(change_of(history.records[-1]))
    table.trim()
    assert table.forgotten == 1
    assert table.running == 1

    history = History()
    shell = history.process(2, 5)
    for tgid in range(100, 200):
        child = history.fork(shell, tgid)
        history.exec(child, ["tool", "x" * 10_000])
        history.exit(child)
    table = table_of(history.records, bounds=Bounds(bytes_=500_000))
    table.trim()
    assert table.retained_bytes <= 500_000
    assert 30 < len(table) < 50
    assert len(table) + table.forgotten == 101


def test_a_line_of_daemons_keeps_who_is_still_known_and_nobody_else() -> None:
    history = History()
    shell = history.process(2, 5)
    history.exec(shell, ["sh"])
    table = ProcessTable(bounds=Bounds(exited=10))
    one = shell
    for tgid in range(100, 2100):
        child = history.fork(one, tgid)
        if one is not shell:
            history.exit(one)
        one = child
        for record in history.records:
            table.apply(change_of(record))
        history.records.clear()
        table.trim()
    found = table.find(one.tgid, one.start_ns)
    assert found.ancestors[-1].tgid == 2
    assert len(found.ancestors) == 12
    assert found.exe == "/usr/bin/sh"
    assert found.life.parent is not None
    assert len(table) == 12
    # Through all of them it is known how many are missing.
    assert sum(ancestor.life.missing for ancestor in found.ancestors) == 1999 - 11


def test_those_that_are_gone_without_a_word_are_swept_out() -> None:
    table = ProcessTable(is_running=lambda tgid, _: tgid % 2 == 0, bounds=Bounds(exited=5))
    table.add_known(known(tgid, tgid * TICK_NS) for tgid in range(1, 32_771))
    table.trim()
    assert table.running == 16_385
    assert table.unseen_exits == 16_385
    table.trim()
    assert table.forgotten == 16_380


def test_environment_is_kept_only_on_request() -> None:
    history = History()
    shell = history.process(2, 5)
    history.exec(shell, ["sh"], environment=["A=1", "B=2"])
    assert table_of(history.records).find(2, 5).image.environment == ()
    table = table_of(history.records, bounds=Bounds(is_environment_kept=True))
    assert table.find(2, 5).image.environment == ("A=1", "B=2")


def test_memfd_deleted_and_cut_images() -> None:
    history = History()
    shell = history.process(2, 5)
    history.exec(shell, ["x"], exe="/memfd:code", flags=SectionFlag.DELETED, inode=99)
    image = table_of(history.records).find(2, 5).image
    assert (image.is_memfd, image.is_deleted, image.inode) == (True, True, 99)
