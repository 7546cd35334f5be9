"""`bashreadline`: what is typed into a bash on a terminal."""

from __future__ import annotations

import ctypes.util
import os
import pty
import shutil
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from seismo.tools.table import find_tool
from tool_runs import tool_rows, tool_text

pytestmark = [
    pytest.mark.kernel,
    pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash"),
]

_PROMPT = b"typed> "
_SECONDS = 60


_BASH = ("bash", "--norc", "--noprofile", "-i")
_STAND_IN = """
import ctypes, pathlib
pathlib.Path("/proc/self/comm").write_text("bash")
readline = ctypes.CDLL("libreadline.so.8").readline
while readline(b"typed> "):
    pass
"""


class _Shell:
    """A bash, or what takes its place, on a terminal of its own."""

    def __init__(self, home: Path, command: Sequence[str] = _BASH) -> None:
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            os.environ |= {"PS1": _PROMPT.decode(), "HOME": str(home), "HISTFILE": ""}
            os.execvp(command[0], command)
        os.set_blocking(self._fd, False)
        self._wait_for_prompt()

    def type(self, line: str) -> None:
        """Type a line, and wait for what follows it."""
        os.write(self._fd, f"{line}\n".encode())
        self._wait_for_prompt()

    def close(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self._fd)

    def _wait_for_prompt(self) -> None:
        seen, end = b"", time.monotonic() + _SECONDS
        while not seen.endswith(_PROMPT):
            assert time.monotonic() < end, seen
            try:
                seen += os.read(self._fd, 4096)
            except BlockingIOError:
                time.sleep(0.01)


def test_lines_are_shown_as_typed(tmp_path: Path) -> None:
    """Of one shell of two, which both wait at their prompts when the tool begins."""
    shell, other = _Shell(tmp_path), _Shell(tmp_path)
    lines = ["echo one  two", "no-such-command 'x'", "", "# käse", "echo " + "x" * 3000]

    def act() -> None:
        for line in lines:
            shell.type(line)
            other.type("echo of the other")

    try:
        rows = tool_rows("bashreadline", "-p", str(shell.pid), act=act)
        text = tool_text("bashreadline", act=lambda: (shell.type("id -u"), other.type("id -g")))
    finally:
        shell.close()
        other.close()
    assert rows == [{"pid": shell.pid, "command": line} for line in lines]
    heading, *typed = text.splitlines()
    assert heading == "PID     COMMAND"
    mine = [line for line in typed if int(line.split()[0]) in (shell.pid, other.pid)]
    assert mine == [f"{shell.pid:<7} id -u", f"{other.pid:<7} id -g"]


def test_the_library_of_other_kinds_of_bash(tmp_path: Path) -> None:
    """The other script, by a program of that name whose readline() is the library's."""
    if ctypes.util.find_library("readline") != "libreadline.so.8":
        pytest.skip("there is no libreadline.so.8")
    script = find_tool("bashreadline").path("bashreadline_library")
    shell = _Shell(tmp_path, [sys.executable, "-c", _STAND_IN])
    other = _Shell(tmp_path, [sys.executable, "-c", _STAND_IN.replace('"bash"', '"fish"')])

    def act() -> None:
        for one in (shell, other, shell):
            one.type(f"line of {one.pid}")

    try:
        text = tool_text(script, act=act)
    finally:
        shell.close()
        other.close()
    mine = [
        line for line in text.splitlines() if line.startswith((f"{shell.pid} ", f"{other.pid} "))
    ]
    assert mine == [f"{shell.pid:<7} line of {shell.pid}"] * 2
