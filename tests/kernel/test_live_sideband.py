"""The kernel's side band: what a child of ours does, in order and whole."""

from __future__ import annotations

import mmap
import os
import subprocess
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import pytest

from seismo.kernel.fd import open_fds
from seismo.kernel.live import LiveKernel
from seismo.kernel.proc import online_cpus
from seismo.objects.sideband import (
    ExecRecord,
    ExitRecord,
    ForkRecord,
    MapRecord,
    ProcessRecord,
    Sideband,
)

pytestmark = pytest.mark.kernel

TRUE = os.path.realpath("/bin/true")


def drained(sideband: Sideband) -> list[ProcessRecord]:
    records: list[ProcessRecord] = []
    assert sideband.drain(records.append) == len(records)
    return records


def test_a_command_from_fork_to_exit(kernel: LiveKernel) -> None:
    with Sideband(kernel) as sideband:
        child = subprocess.Popen([TRUE])
        child.wait()
        records = [one for one in drained(sideband) if one.pid == child.pid]
    kinds = [kind for kind, _ in groupby(map(type, records))]
    assert kinds == [ForkRecord, ExecRecord, MapRecord, ExitRecord]
    fork = records[0]
    assert isinstance(fork, ForkRecord)
    assert fork.parent == os.getpid()
    times = [one.time_ns for one in records]
    assert times == sorted(times)
    maps = [one for one in records if isinstance(one, MapRecord)]
    paths = [one.path for one in maps]
    assert paths[0] == TRUE
    assert "[vdso]" in paths
    assert maps[0].inode == os.stat(TRUE).st_ino
    # A guest's root is an overlay, which shows a device of its own for what lies in its layers.
    assert maps[0].device == os.stat(TRUE).st_dev or "SEISMO_LAB_KERNEL" in os.environ
    assert maps[0].size > 0 == maps[0].start % 4096 == maps[0].offset % 4096


def test_what_was_read_is_not_told_again(kernel: LiveKernel) -> None:
    with Sideband(kernel) as sideband:
        child = subprocess.Popen([TRUE])
        child.wait()
        assert any(one.pid == child.pid for one in drained(sideband))
        assert not any(one.pid == child.pid for one in drained(sideband))


def test_poll_wakes_for_an_exec(kernel: LiveKernel) -> None:
    with Sideband(kernel) as sideband:
        assert len(sideband.fds) == len(online_cpus(kernel))
        subprocess.run([TRUE], check=True)
        assert kernel.poll(sideband.fds, 10_000)


def test_threads_are_no_processes(kernel: LiveKernel) -> None:
    command = ["python3", "-c", "import threading; threading.Thread(target=print).start()"]
    with Sideband(kernel) as sideband:
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        child.wait()
        mine = [one for one in drained(sideband) if one.pid == child.pid]
    assert [type(one) for one in mine].count(ForkRecord) == 1
    assert [type(one) for one in mine].count(ExitRecord) == 1


@pytest.fixture
def one_cpu() -> Iterator[None]:
    """This thread stays on one CPU, and so its records in one ring."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    yield
    os.sched_setaffinity(0, before)


@pytest.mark.usefixtures("one_cpu")
def test_lost_records_are_counted(kernel: LiveKernel, tmp_path: Path) -> None:
    """The kernel tells of a loss in front of the next record for which there is room."""
    folder = tmp_path.joinpath(*["d" * 250] * 8)
    folder.mkdir(parents=True)
    (folder / "code").write_bytes(bytes(mmap.PAGESIZE))
    with (folder / "code").open("rb") as file, Sideband(kernel) as sideband:

        def map_it() -> None:
            mmap.mmap(file.fileno(), 0, mmap.MAP_PRIVATE, mmap.PROT_READ | mmap.PROT_EXEC).close()

        for _ in range(400):
            map_it()
        kept = [one for one in drained(sideband) if isinstance(one, MapRecord)]
        map_it()
        drained(sideband)
    mine = [one for one in kept if one.path == str(folder / "code")]
    assert 200 < len(mine) < 400
    assert sideband.lost >= 400 - len(mine)


def test_nothing_stays_open(kernel: LiveKernel) -> None:
    before = len(open_fds())
    with Sideband(kernel):
        assert len(open_fds()) == before + len(online_cpus(kernel))
    assert len(open_fds()) == before
