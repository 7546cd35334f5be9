"""The PID namespace of this process, in which a user counts."""

from __future__ import annotations

import os

__all__ = ("pid_namespace",)

_INITIAL_NAMESPACE = 0xEFFFFFFC  # include/linux/proc_ns.h: PROC_PID_INIT_INO
_MINOR_BITS = 20  # include/linux/kdev_t.h


def pid_namespace() -> tuple[int, int] | None:
    """(device, inode) of it, None for the initial one.

    The device is numbered as the kernel does, not as stat(2).
    """
    info = os.stat("/proc/self/ns/pid")
    if info.st_ino == _INITIAL_NAMESPACE:
        return None
    return os.major(info.st_dev) << _MINOR_BITS | os.minor(info.st_dev), info.st_ino
