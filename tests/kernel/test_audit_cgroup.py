"""Cgroups that a watched process makes, removes and moves tasks into; watching by cgroup."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from audit_reader import audit_run

from seismo.audit.record.layout import KernelEvent, Section, SectionFlag, Setting
from seismo.kernel.cgroups import cgroup_root
from seismo.kernel.live import LiveKernel

pytestmark = pytest.mark.kernel

CREATE, REMOVE = KernelEvent.CGROUP_CREATE, KernelEvent.CGROUP_REMOVE
MOVE, EXEC = KernelEvent.CGROUP_MOVE, KernelEvent.PROCESS_EXEC
ALL = (CREATE, REMOVE, MOVE)


@pytest.fixture
def top(kernel: LiveKernel) -> Iterator[Path]:
    """A cgroup of our own; what tests make below it goes away with it."""
    group = Path(cgroup_root(kernel)) / f"audit-groups-{os.getpid()}"
    group.mkdir()
    try:
        yield group
    finally:
        for path, _, _ in os.walk(group, topdown=False):
            Path(path).rmdir()


def test_a_cgroup_from_first_to_last(top: Path) -> None:
    group, ids = top / "made", []
    target = os.fork()
    if not target:
        os.read(os.pipe()[0], 1)

    def work() -> None:
        group.mkdir()
        (group / "cgroup.procs").write_text(str(target))
        (top / "cgroup.procs").write_text(str(target))
        group.rmdir()

    try:
        with audit_run(ALL) as run:
            child = run.did(work)
            found = run.records()
            ids = [one["id"] for one in found]
            assert [one["type"] for one in found] == [CREATE, MOVE, MOVE, REMOVE]
            assert {one["tgid"] for one in found} == {child}
            assert ids == [ids[0], ids[0], top.stat().st_ino, ids[0]]
            assert {one["hierarchy"] for one in found} == {0}
            paths = [one.part(Section.CGROUP).path for one in found]
            below = f"/{top.name}"
            assert paths == [f"{below}/made", f"{below}/made", below, f"{below}/made"]
            flags = {one.part(Section.CGROUP).flags for one in found}
            assert flags == {SectionFlag.ABSOLUTE}
            assert [one["level"] for one in (found[0], found[3])] == [2, 2]
            moves = run.of(MOVE)
            assert [(one["moved_tgid"], one["moved_tid"]) for one in moves] == [
                (target, target)
            ] * 2
            assert [one["whole_process"] for one in moves] == [1, 1]
            assert all(run.is_exact(one) for one in ALL)
    finally:
        os.kill(target, 9)
        os.waitpid(target, 0)


def test_the_nearest_cgroup_decides(top: Path) -> None:
    """Of two that are watched, one below the other, the inner one's handler has its processes."""
    inner = top / "inner" / "deep"
    inner.mkdir(parents=True)
    with audit_run((EXEC,), flags=Setting.CGROUPS) as run:
        run.wants((EXEC,), handler=1)
        run.watch_cgroup(top.stat().st_ino, handler=0)
        run.watch_cgroup(inner.parent.stat().st_ino, handler=1)
        for group in (top, inner.parent, inner):
            script = f"echo $$ > {group}/cgroup.procs && exec true"
            subprocess.run(["sh", "-c", script], check=True)
        subprocess.run(["true"], check=True)
        assert [one["handler"] for one in run.records()] == [0, 1, 1]


def test_a_process_outweighs_its_cgroup(top: Path) -> None:
    def work() -> None:
        (top / "cgroup.procs").write_text(str(os.getpid()))
        os.execv("/bin/true", ["true"])

    with audit_run((EXEC,), flags=Setting.CGROUPS) as run:
        run.wants((), handler=1)
        run.watch_cgroup(top.stat().st_ino, handler=1)
        child = run.did(work)
        assert [one["tgid"] for one in run.records()] == [child]
