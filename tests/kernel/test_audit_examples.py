"""The audit programs of `examples/`, each run as a user would; and all under mypy."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT / "src")}
ACCOUNT = re.compile(
    r"produced (\d+) = delivered (\d+) \+ filtered (\d+) \+ lost 0 \+ unfinished 0"
)


def printed(script: str, *command: str) -> list[str]:
    """The lines that the program prints of a command."""
    arguments = [sys.executable, str(EXAMPLES / script), *command]
    return subprocess.check_output(arguments, env=ENVIRONMENT, text=True).splitlines()


@pytest.mark.kernel
def test_failed_opens_tells_each_that_failed(tmp_path: Path) -> None:
    missing = tmp_path / "not there"
    lines = printed("audit_failed_opens.py", "sh", "-c", f"cat '{missing}' /dev/null || true")
    ours = [one for one in lines if str(tmp_path) in one]
    assert [one.split(maxsplit=3)[2:] for one in ours] == [["ENOENT", str(missing)]]
    numbers = ACCOUNT.fullmatch(lines[-1])
    assert numbers is not None
    produced, delivered, filtered = map(int, numbers.groups())
    assert produced == delivered + filtered
    assert delivered >= len(lines) - 1


@pytest.mark.kernel
def test_connections_tells_who_is_at_the_other_end() -> None:
    program = (
        "import socket, sys; socket.create_connection(('127.0.0.1', int(sys.argv[1]))).close()"
    )
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        command = [sys.executable, "-S", "-c", program, str(port)]
        lines = printed("audit_connections.py", *command)
    exe = os.path.realpath(f"/proc/{os.getpid()}/exe")
    assert lines[:-1] == [f"net_connect {exe} -> 127.0.0.1:{port} ({exe})"]
    assert ACCOUNT.fullmatch(lines[-1])


def test_mypy_takes_them(tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    files = sorted(EXAMPLES.glob("audit_*.py"))
    assert len(files) == 2
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path)]
    done = subprocess.run(
        [*command, "--follow-imports", "silent", *map(str, files)],
        cwd=tmp_path,
        env=os.environ | {"MYPYPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
