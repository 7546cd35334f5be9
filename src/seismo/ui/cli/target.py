"""What a run is tied to from outside: the file that it writes, the process that it follows."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from seismo.ui.cli.errors import InputError

__all__ = ("open_output", "pid_namespace", "process_fd")

_INITIAL_NAMESPACE = 0xEFFFFFFC  # include/linux/proc_ns.h: PROC_PID_INIT_INO
_MINOR_BITS = 20  # include/linux/kdev_t.h


@contextmanager
def open_output(path: str) -> Iterator[BinaryIO]:
    """Where output goes: the file of `-o`, else standard output."""
    if not path:
        yield sys.stdout.buffer
        return
    try:
        file = open(path, "wb")  # noqa: SIM115
    except OSError as error:
        raise InputError(f"cannot write the output {path}: {error.strerror}") from error
    with file:
        yield file


@contextmanager
def process_fd(pid: int) -> Iterator[int]:
    """A pidfd that becomes readable when the process of `-p` ends; -1 without one."""
    if not pid:
        yield -1
        return
    try:
        fd = os.pidfd_open(pid)
    except OSError as error:
        process = _process_of(pid)
        if process in (0, pid):
            raise InputError(f"-p {pid}: {error.strerror}") from error
        hint = f"-p {process} traces the process"
        raise InputError(f"-p {pid}: it is a thread\nhint: {hint}") from error
    try:
        yield fd
    finally:
        os.close(fd)


def pid_namespace() -> tuple[int, int] | None:
    """(device, inode) of the PID namespace of this process, None if that is the initial one.

    The device is numbered as the kernel does, not as stat(2).
    """
    info = os.stat("/proc/self/ns/pid")
    if info.st_ino == _INITIAL_NAMESPACE:
        return None
    return os.major(info.st_dev) << _MINOR_BITS | os.minor(info.st_dev), info.st_ino


def _process_of(tid: int) -> int:
    """The process that a thread is one of, 0 where there is no such thread."""
    try:
        with open(f"/proc/{tid}/status", encoding="utf-8", errors="surrogateescape") as file:
            return next((int(line[5:]) for line in file if line.startswith("Tgid:")), 0)
    except OSError:
        return 0
