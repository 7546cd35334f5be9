"""Children that wait until they are released: what becomes of those that never are, or cannot."""

from __future__ import annotations

import errno
import os
import select
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from seismo.runtime.stopped_child import StoppedChild, find_program

SECONDS = 20.0


@pytest.fixture
def heeded() -> Iterator[None]:
    """This process heeds SIGTERM, and so do its children until they run a program."""
    before = signal.signal(signal.SIGTERM, lambda number, frame: None)
    yield
    signal.signal(signal.SIGTERM, before)


def ended(child: StoppedChild) -> int | None:
    assert select.select([child.exit_fd], [], [], SECONDS)[0]
    assert child.has_ended
    return child.status


def test_one_that_is_released_runs(tmp_path: Path) -> None:
    with StoppedChild(find_program("sh"), ["sh", "-c", f"echo x > {tmp_path}/made; exit 3"]) as one:
        assert not one.has_ended
        assert not (tmp_path / "made").exists()
        one.release()
        one.release()
        assert ended(one) == 3
        assert one.error == 0
    one.close()


def test_one_that_is_not_released_ends_at_once(heeded: None) -> None:
    descriptors = os.listdir("/proc/self/fd")
    begun = time.monotonic()
    with StoppedChild(find_program("true"), ["true"]) as one:
        pass
    assert time.monotonic() - begun < 1
    assert one.has_ended
    assert os.listdir("/proc/self/fd") == descriptors


def test_one_that_has_been_killed_is_released() -> None:
    with StoppedChild(find_program("true"), ["true"]) as one:
        os.kill(one.pid, signal.SIGKILL)
        select.select([one.exit_fd], [], [], SECONDS)
        one.release()
        assert ended(one) == -signal.SIGKILL


def test_one_that_cannot_run_says_why(tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text("#!/no/such/interpreter\n")
    script.chmod(0o755)
    with StoppedChild(str(script), ["script"]) as one:
        one.release()
        assert ended(one) == 126
        assert one.error == errno.ENOENT


def test_programs_are_found_as_by_the_shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, mode in (("runs", 0o755), ("reads", 0o644)):
        (tmp_path / name).touch()
        (tmp_path / name).chmod(mode)
    (tmp_path / "directory").mkdir()
    monkeypatch.setenv("PATH", f"/none:{tmp_path}")
    assert find_program("runs") == str(tmp_path / "runs")
    assert find_program(str(tmp_path / "runs")) == str(tmp_path / "runs")
    assert [find_program(one) for one in ("reads", "directory", "none", "./runs")] == [""] * 4
