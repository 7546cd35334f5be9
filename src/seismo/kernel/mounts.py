"""Which file a path leads to, as programs in the kernel see it: inode and superblock's device.

stat(2) may name another device where file systems lie over one another (overlayfs, btrfs): it tells
what user space is to take for the file's identity, programs read `inode->i_sb->s_dev`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

__all__ = ("file_identity", "mounted_devices")

_MOUNT = re.compile(rb"^(\d+) \d+ (\d+):(\d+) ", re.MULTILINE)
_U32 = (1 << 32) - 1


def mounted_devices() -> dict[bytes, int]:
    """The device of each mount by its id in digits, for who asks of many files. OSError."""
    with open("/proc/self/mountinfo", "rb") as mounts:
        found = _MOUNT.findall(mounts.read())
    return {id: os.makedev(int(major), int(minor)) for id, major, minor in found}


def file_identity(path: str, devices: Mapping[bytes, int] | None = None) -> tuple[int, int]:
    """The inode's number, and the device in 32 bits as `new_encode_dev` makes it of major and minor
    (include/linux/kdev_t.h). Symbolic links are followed. `devices` are those of the mounts, which
    are asked for without. OSError."""
    fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        found = os.fstat(fd)
        with open(f"/proc/self/fdinfo/{fd}", "rb") as info:
            told = re.search(rb"^mnt_id:\s*(\d+)", info.read(), re.MULTILINE)
    finally:
        os.close(fd)
    device = found.st_dev
    if told is not None:
        device = (mounted_devices() if devices is None else devices).get(told[1], device)
    # glibc's dev_t has the same bits in the same places, and more of them above.
    return found.st_ino, device & _U32
