"""A file's identity as the kernel's programs see it, on whatever it lies."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from seismo.kernel.mounts import file_identity, mounted_devices


def test_inode_and_device_are_those_of_the_file_and_its_mount(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_bytes(b"")
    link = tmp_path / "link"
    link.symlink_to(target)
    inode, device = file_identity(str(link))
    assert inode == target.stat().st_ino
    with target.open() as opened:
        info = Path(f"/proc/self/fdinfo/{opened.fileno()}").read_text()
    (mount,) = re.findall(r"^mnt_id:\s*(\d+)", info, re.MULTILINE)
    lines = [line.split() for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    (numbers,) = [line[2] for line in lines if line[0] == mount]
    assert f"{os.major(device)}:{os.minor(device)}" == numbers


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        file_identity(str(tmp_path / "none"))


def test_mounts_that_are_read_once_say_the_same(tmp_path: Path) -> None:
    devices = mounted_devices()
    for path in (str(tmp_path), "/proc/self/exe", "/proc/self/status", "/sys", "/dev/null"):
        assert file_identity(path, devices) == file_identity(path)
    only = dict.fromkeys(devices, 77)
    assert file_identity(str(tmp_path), only)[1] == 77
