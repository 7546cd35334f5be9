"""A command that a tool starts when it is ready."""

from __future__ import annotations

import subprocess
import sys

_TOOL = """
import sys, time
from seismo.bcc.exec import cmd_exited, cmd_ready, run_cmd

pid = run_cmd({arguments!r})
before = cmd_exited()
sys.stdout.write("ready\\n")
sys.stdout.flush()
{ready}
deadline = time.monotonic() + 60
while {wait} and not cmd_exited() and time.monotonic() < deadline:
    time.sleep(0.01)
sys.stdout.write(f"{{pid > 0}} {{before}} {{cmd_exited()}}\\n")
"""


def _run(arguments: list[str], ready: str = "cmd_ready()", wait: bool = True) -> tuple[str, str]:
    tool = _TOOL.format(arguments=arguments, ready=ready, wait=wait)
    done = subprocess.run([sys.executable, "-c", tool], capture_output=True, text=True, check=True)
    return done.stdout, done.stderr


def test_it_runs_when_the_tool_is_ready() -> None:
    assert _run(["echo", "hello"]) == ("ready\nhello\nTrue False True\n", "")


def test_it_does_not_run_when_the_tool_never_is() -> None:
    assert _run(["echo", "hello"], ready="", wait=False) == ("ready\nTrue False False\n", "")


def test_a_command_that_is_not_there() -> None:
    out, err = _run(["no-such-command"])
    assert out == "ready\nTrue False True\n"
    assert err == "cannot run no-such-command: No such file or directory\n"
