"""`swapin`: how many pages each process has had read back from swap."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest

from disk_setup import load_modules, worker
from tool_runs import tool_rows, tool_text
from traced_programs import WaitingProgram

pytestmark = [pytest.mark.kernel, pytest.mark.guest]

_DISK = "/dev/ram0"
_PAGES = 24
_TOUCH = """
import mmap, pathlib, time
def counter(file, name):
    lines = pathlib.Path(file).read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name))
pages = int(sys.argv[1])
memory = mmap.mmap(-1, pages * mmap.PAGESIZE)
memory.madvise(mmap.MADV_NOHUGEPAGE)
for page in range(pages):
    memory[page * mmap.PAGESIZE] = 1
end = time.monotonic() + 30
while counter("/proc/self/smaps_rollup", "Swap:") * 1024 < pages * mmap.PAGESIZE:
    assert time.monotonic() < end
    memory.madvise(21)  # MADV_PAGEOUT
assert counter("/proc/meminfo", "SwapCached:") == 0  # or it would not be read
before = counter("/proc/vmstat", "pswpin")
assert all(memory[page * mmap.PAGESIZE] == 1 for page in range(pages))
assert counter("/proc/vmstat", "pswpin") - before == pages
"""


@pytest.fixture
def swap() -> Iterator[None]:
    """Swap on a disk in memory: what is written is written at once, so that the page can go, and
    no more is read than what is asked for."""
    load_modules("brd")
    subprocess.run(["mkswap", _DISK], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["swapon", _DISK], check=True)
    try:
        yield
    finally:
        subprocess.run(["swapoff", _DISK], check=True)


def _go(*programs: WaitingProgram) -> None:
    for program in programs:
        assert program.go() == "done"


@pytest.mark.usefixtures("swap")
def test_pages_are_counted_by_process() -> None:
    with worker(_TOUCH, _PAGES) as one, worker(_TOUCH, 7) as other:
        rows = tool_rows("swapin", act=lambda: _go(one, other))
    mine = [row for row in rows if row["pid"] in (one.pid, other.pid)]
    assert [(row["pid"], row["pages"]) for row in mine] == [(one.pid, _PAGES), (other.pid, 7)]
    assert all(row["comm"].startswith("python") for row in mine)


@pytest.mark.usefixtures("swap")
def test_pages_of_one_process_by_text() -> None:
    with worker(_TOUCH, 5) as one, worker(_TOUCH, 7) as other:
        text = tool_text("swapin", "-p", str(one.pid), act=lambda: _go(one, other))
    heading, line = text.splitlines()
    assert heading.split() == ["PID", "COMM", "PAGES"]
    assert (line.split()[0], line.split()[-1]) == (str(one.pid), "5")
