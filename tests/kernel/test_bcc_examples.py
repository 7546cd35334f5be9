"""The BCC programs of `examples/`, each run as a user would; and all under mypy."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"


@contextmanager
def running(script: str, first: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """The script once it has attached, which its first line tells."""
    command = [sys.executable, str(EXAMPLES / script), *arguments]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == first
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.kernel
def test_failed_opens_tells_each_that_failed(tmp_path: Path) -> None:
    missing = tmp_path / "not there"
    first = "PID     TASK             ERROR    PATH\n"
    with running("bcc_failed_opens.py", first, "--seconds", "1") as process:
        with subprocess.Popen(["cat", missing, "/dev/null"], stderr=subprocess.DEVNULL) as cat:
            pass
        lines = process.communicate(timeout=60)[0].splitlines()
    assert [one for one in lines if str(tmp_path) in one] == [
        f"{cat.pid:<7} {'cat':<16} ENOENT   {missing}"
    ]
    assert lines[-1] == f"{len(lines) - 1} received, 0 lost"


@pytest.mark.kernel
def test_read_sizes_counts_each_read() -> None:
    pytest.importorskip("numpy")
    own = str(os.getpid())
    with running("bcc_read_sizes.py", "attached\n", own, "--seconds", "1") as process:
        with open("/dev/null", "rb", buffering=0) as null:
            for _ in range(1000):
                null.read(100)
            fd = null.fileno()
        text = process.communicate(timeout=60)[0]
    lines = text.splitlines()
    assert f"file descriptor {fd}: 1000 reads of 100 bytes" in lines
    assert f"        64 -> 127        : 1000     |{'*' * 40}|" in lines
    assert lines[-1].endswith(" received, 0 lost")


def test_mypy_takes_the_programs_of_users(tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path)]
    environment = os.environ | {"MYPYPATH": str(ROOT / "src")}
    done = subprocess.run(
        [*command, "--follow-imports", "silent", *map(str, sorted(EXAMPLES.glob("bcc_*.py")))],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
