"""`mdflush`: each flush of an array of two disks, and none of another disk."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from disk_setup import disk, load_modules, worker
from tool_runs import tool_rows, tool_text

pytestmark = [pytest.mark.kernel, pytest.mark.guest]

FLUSHES = """
    fd = os.open(sys.argv[1], os.O_RDWR)
    for _ in range(4):
        os.fsync(fd)
"""


@contextmanager
def array(name: str, members: tuple[str, ...]) -> Iterator[str]:
    """A mirror of these disks, without a word of it on them."""
    Path("/sys/module/md_mod/parameters/new_array").write_text(name)
    settings = Path("/sys/block", name, "md")
    settings.joinpath("metadata_version").write_text("none")
    settings.joinpath("level").write_text("raid1")
    settings.joinpath("raid_disks").write_text(str(len(members)))
    for slot, member in enumerate(members):
        number = os.stat(member).st_rdev
        new = f"{os.major(number)}:{os.minor(number)}"
        settings.joinpath("new_dev").write_text(new)
        settings.joinpath(f"dev-{os.path.basename(member)}", "slot").write_text(str(slot))
    settings.joinpath("array_state").write_text("active")
    try:
        yield f"/dev/{name}"
    finally:
        settings.joinpath("array_state").write_text("clear")


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[str]:
    load_modules("md_mod", "raid1")
    with disk(tmp_path) as one, disk(tmp_path) as two, array("md_seismo", (one, two)) as device:
        yield device


def test_flushes_of_an_array(mirror: str, tmp_path: Path) -> None:
    """Not the neighbour's, nor those of the disks that it consists of."""
    with worker(FLUSHES, mirror) as one, worker(FLUSHES, mirror) as other:
        act = [one.go, other.go]
        rows = tool_rows("mdflush", "-p", str(one.pid), act=lambda: [do() for do in act])
    assert len(rows) == 4
    assert {(row["pid"], row["disk"]) for row in rows} == {(one.pid, "md_seismo")}
    assert all(row["comm"].startswith("python") for row in rows)


def test_flushes_of_another_disk_as_text(mirror: str, tmp_path: Path) -> None:
    with disk(tmp_path) as device, worker(FLUSHES, device) as other, worker(FLUSHES, mirror) as one:
        text = tool_text("mdflush", act=lambda: (other.go(), one.go()))
    heading, *lines = text.splitlines()
    assert heading.split() == ["PID", "COMM", "DISK"]
    assert [(line.split()[0], line.split()[-1]) for line in lines] == [
        (str(one.pid), "md_seismo")
    ] * 4
