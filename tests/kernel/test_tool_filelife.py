"""`filelife`: files that live shortly, by whatever name they are removed."""

from __future__ import annotations

from pathlib import Path

import pytest

from disk_setup import worker
from seismo.tools.files.filelife import TOOL
from tool_runs import tool_rows, tool_text

pytestmark = pytest.mark.kernel

LIVES = """
    import time
    place = sys.argv[1]
    os.chdir(place)
    open("old").close()
    open("young", "w").close(); time.sleep(0.1); os.unlink(os.path.join(place, "young"))
    open(os.path.join(place, "first"), "x").close(); os.rename("first", "second")
    os.unlink("second")
    fd = os.open(".", os.O_DIRECTORY)
    os.open("dirfd", os.O_CREAT | os.O_WRONLY, dir_fd=fd); os.unlink("dirfd", dir_fd=fd)
    open("stays", "w").close()
    try:
        os.unlink("none")
    except OSError:
        pass
    os.mkdir("directory"); os.rmdir("directory")
    os.unlink("old")
"""
LIVED = ["young", "second", "dirfd"]


def prepared(place: Path) -> Path:
    """A directory with a file that nobody sees being made."""
    place.mkdir()
    (place / "old").touch()
    return place


def test_files_that_lived_shortly(tmp_path: Path) -> None:
    """A neighbour's are not shown."""
    mine, others = prepared(tmp_path / "mine"), prepared(tmp_path / "others")
    with worker(LIVES, mine) as one, worker(LIVES, others) as other:
        act = [one.go, other.go]
        rows = tool_rows("filelife", "-p", str(one.pid), act=lambda: [do() for do in act])
    assert [row["path"] for row in rows] == [str(mine / name) for name in LIVED]
    assert {row["pid"] for row in rows} == {one.pid}
    assert rows[0]["age_ms"] >= 100 > rows[1]["age_ms"]


def test_the_rows_as_text(tmp_path: Path) -> None:
    mine = prepared(tmp_path / "mine")
    with worker(LIVES, mine) as one:
        heading, *lines = tool_text("filelife", "-p", str(one.pid), act=one.go).splitlines()
    assert heading.split() == ["PID", "COMM", "AGE_MS", "PATH"]
    assert [line[heading.index("PATH") :] for line in lines] == [str(mine / one) for one in LIVED]


def test_the_script_for_kernels_without_functions(tmp_path: Path) -> None:
    """Gives the same, whatever this kernel has."""
    mine, script = prepared(tmp_path / "mine"), TOOL.path("filelife_paths")
    with worker(LIVES, mine) as one, one.traced("-p", str(one.pid), script) as tracer:
        one.go()
        tracer.interrupt()
        lines = tracer.output().splitlines()
    assert [line.split()[-1] for line in lines if line] == [str(mine / one) for one in LIVED]
