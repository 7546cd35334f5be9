"""The commands that make and remove a kprobe through tracefs, against a directory that is none."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from seismo.base.errors import SyscallError
from seismo.kernel.kprobe_events import KprobeEvent
from seismo.kernel.live import LiveKernel
from seismo.kernel.tracefs import Tracefs

PROFILE = """  {other}                                        10               3
  {name}                                       7               2
"""


class Directory(Tracefs):
    """A directory in the place of tracefs."""

    def __init__(self, kernel: LiveKernel, path: Path) -> None:
        super().__init__(kernel)
        self._root = str(path)


class Busy(LiveKernel):
    """Has the first name that is tried already."""

    def __init__(self) -> None:
        super().__init__()
        self._tries = 0

    def append_file(self, path: str, data: bytes) -> None:
        self._tries += 1
        if self._tries == 1:
            raise SyscallError(f"write {path}", errno.EEXIST)
        super().append_file(path, data)


@pytest.fixture
def commands(tmp_path: Path) -> Path:
    path = tmp_path / "kprobe_events"
    path.touch()
    return path


@pytest.mark.parametrize(
    ("is_return", "max_active", "kind"), [(False, 0, "p"), (True, 0, "r"), (True, 64, "r64")]
)
def test_a_probe_is_made_and_removed_once(
    tmp_path: Path, commands: Path, is_return: bool, max_active: int, kind: str
) -> None:
    kernel = LiveKernel()
    made = KprobeEvent.create(
        kernel,
        Directory(kernel, tmp_path),
        "xfs:xfs_file_read_iter+0x4",
        is_return=is_return,
        max_active=max_active,
    )
    assert made.name.startswith(f"seismo_{os.getpid()}_")
    command = f"{kind}:seismo/{made.name} xfs:xfs_file_read_iter+0x4\n"
    assert commands.read_text() == command
    made.close()
    made.close()
    assert commands.read_text() == f"{command}-:seismo/{made.name}\n"


def test_names_differ_and_a_taken_one_is_passed_over(tmp_path: Path, commands: Path) -> None:
    kernel = Busy()
    tracefs = Directory(kernel, tmp_path)
    with (
        KprobeEvent.create(kernel, tracefs, "vfs_read") as first,
        KprobeEvent.create(kernel, tracefs, "vfs_read") as second,
    ):
        assert first.name != second.name
    assert len(commands.read_text().splitlines()) == 4


def test_the_kernels_refusal_is_passed_on(tmp_path: Path) -> None:
    kernel = LiveKernel()
    with pytest.raises(SyscallError, match="kprobe_events: No such file"):
        KprobeEvent.create(kernel, Directory(kernel, tmp_path), "vfs_read")


@pytest.mark.usefixtures("commands")
def test_misses_are_those_of_its_own_line(tmp_path: Path) -> None:
    kernel = LiveKernel()
    with KprobeEvent.create(kernel, Directory(kernel, tmp_path), "vfs_read") as made:
        profile = tmp_path / "kprobe_profile"
        profile.write_text(PROFILE.format(other=f"{made.name}0", name=made.name))
        assert made.missed() == 2
        profile.write_text("")
        assert made.missed() == 0
