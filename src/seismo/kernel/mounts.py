"""Which file a path leads to, as programs in the kernel see it: inode and superblock's device.

stat(2) may name another device where file systems lie over one another (overlayfs, btrfs): it tells
what user space is to take for the file's identity, programs read `inode->i_sb->s_dev`.
"""

from __future__ import annotations

import os
import re

__all__ = ("file_identity",)

_MOUNT = re.compile(rb"^(\d+) \d+ (\d+):(\d+) ", re.MULTILINE)
_U32 = (1 << 32) - 1


def file_identity(path: str) -> tuple[int, int]:
    """The inode's number, and the device in 32 bits as `new_encode_dev` makes it of major and minor
    (include/linux/kdev_t.h). Symbolic links are followed. OSError."""
    fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        found = os.fstat(fd)
        with open(f"/proc/self/fdinfo/{fd}", "rb") as info:
            told = re.search(rb"^mnt_id:\s*(\d+)", info.read(), re.MULTILINE)
    finally:
        os.close(fd)
    device = found.st_dev
    if told is not None:
        with open("/proc/self/mountinfo", "rb") as mounts:
            for id, major, minor in _MOUNT.findall(mounts.read()):
                if id == told[1]:
                    device = os.makedev(int(major), int(minor))
    # glibc's dev_t has the same bits in the same places, and more of them above.
    return found.st_ino, device & _U32
