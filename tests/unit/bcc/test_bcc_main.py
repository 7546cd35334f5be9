"""`python -m seismo.bcc tool.py`: a tool that imports `bcc` gets this package."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

_TOOL = """#!/usr/bin/env python
import sys
from bcc import ArgString, __version__, tcp
from bcc.utils import printb
import bcc, bcc.containers
import bcc.utils as other
import seismo.bcc.utils, seismo.bcc
import beside

assert other is seismo.bcc.utils and other.printb is printb is seismo.bcc.printb
assert bcc is seismo.bcc and bcc.containers is seismo.bcc.containers
assert bcc.__spec__.name == bcc.__name__ == "seismo.bcc"
assert other.__spec__.name == other.__name__ == "seismo.bcc.utils"
assert __name__ == "__main__" and sys.modules["__main__"].tool == "tool"
printb(b"%s %s %s" % (ArgString(sys.argv[1]), tcp.tcpstate[1].encode(), beside.WORD))
"""


def _run(tool: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "seismo.bcc", str(tool), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_tool_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "beside.py").write_text("WORD = b'word'\n")
    tool = tmp_path / "tool.py"
    tool.write_text("tool = 'tool'\n" + _TOOL)
    done = _run(tool, "one", "two")
    assert (done.stdout, done.stderr, done.returncode) == ("one ESTABLISHED word\n", "", 0)


def test_how_it_ends(tmp_path: Path) -> None:
    tool = tmp_path / "tool.py"
    tool.write_text("raise SystemExit(7)\n")
    assert _run(tool).returncode == 7
    tool.write_text("import bcc\nraise bcc.NotTraceable('kprobe f', 'why', 'what to do')\n")
    done = _run(tool)
    assert (done.stderr, done.returncode) == ("kprobe f: why\nhint: what to do\n", 1)
    tool.write_text("1 / 0\n")
    done = _run(tool)
    assert "Traceback" in done.stderr
    assert f'File "{tool}", line 1' in done.stderr


def test_modules_that_there_are_not(tmp_path: Path) -> None:
    tool = tmp_path / "tool.py"
    tool.write_text("import bcc.nothing\n")
    done = _run(tool)
    assert "No module named 'seismo.bcc.nothing'" in done.stderr
    assert done.returncode == 1


def test_without_a_tool() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "seismo.bcc"], capture_output=True, text=True, check=False
    )
    assert done.stderr == "usage: python -m seismo.bcc TOOL.py [ARGUMENT ...]\n"
    assert done.returncode == 1


def test_a_tool_that_is_not_there(tmp_path: Path) -> None:
    missing = tmp_path / "missing.py"
    done = _run(missing)
    assert (done.stderr, done.returncode) == (f"{missing}: No such file or directory\n", 1)
