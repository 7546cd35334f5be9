"""`biostacks`: the stack that submits, with the time that its requests took."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from disk_setup import disk, worker
from tool_runs import tool_rows, tool_text

pytestmark = pytest.mark.kernel

WRITES = """
    import mmap
    page = mmap.mmap(-1, 4096)
    fd = os.open(sys.argv[1], os.O_RDWR | os.O_DIRECT)
    for place in range(3):
        os.pwrite(fd, page, place << 20)
"""


@pytest.fixture
def device(tmp_path: Path) -> Iterator[str]:
    with disk(tmp_path) as device:
        yield device


def test_the_stack_of_a_write(device: str) -> None:
    with worker(WRITES, device) as one, worker(WRITES, device) as other:
        act = [one.go, other.go]
        rows = tool_rows("biostacks", "-p", str(one.pid), act=lambda: [do() for do in act])
    (row,) = rows
    assert row["comm"].startswith("python")
    assert (row["disk"], row["us"] > 0) == (os.path.basename(device), True)
    names = [frame.split("+")[0] for frame in row["kstack"]]
    submits = next(at for at, name in enumerate(names) if name.startswith("submit_bio"))
    assert any("write" in name for name in names)
    assert any(name.startswith("blk_mq_submit_bio") for name in names[:submits] + names[submits:])


def test_the_stacks_as_text_and_folded(device: str, tmp_path: Path) -> None:
    folded = tmp_path / "io.folded"
    with worker(WRITES, device) as one:
        arguments = ("-p", str(one.pid), "--folded", str(folded))
        text = tool_text("biostacks", *arguments, act=one.go)
    assert text.rstrip().endswith(" us")
    assert f"disk = {os.path.basename(device)}" in text
    (line,) = folded.read_text().splitlines()
    frames, _, weight = line.rpartition(" ")
    assert int(weight) > 0
    assert os.path.basename(device) in frames.split(";")
