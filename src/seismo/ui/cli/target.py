"""What a run is tied to from outside: the file that it writes, the process that it follows."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from seismo.ui.cli.errors import InputError

__all__ = ("open_output", "process_fd", "process_of")

_INITIAL_NAMESPACE = 0xEFFFFFFC  # include/linux/proc_ns.h: PROC_PID_INIT_INO
_MINOR_BITS = 20  # include/linux/kdev_t.h
_PIDFD_THREAD = os.O_EXCL  # include/uapi/linux/pidfd.h


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
def process_fd(pid: int, tid: int = 0) -> Iterator[int]:
    """A pidfd that becomes readable when the process of `-p` ends, or of its threads the one of
    `-t`; -1 without a process. Before Linux 6.9, which has no pidfds of threads, it is always the
    process that ends."""
    if not pid:
        yield -1
        return
    fd = _thread_fd(pid, tid) if tid else _process_fd(pid)
    try:
        yield fd
    finally:
        os.close(fd)


def _thread_fd(pid: int, tid: int) -> int:
    try:
        return os.pidfd_open(tid, _PIDFD_THREAD)
    except OSError as error:
        if error.errno == errno.EINVAL:
            return _process_fd(pid)
        raise InputError(f"-t {tid}: {error.strerror}") from error


def _process_fd(pid: int) -> int:
    try:
        return os.pidfd_open(pid)
    except OSError as error:
        process = process_of(pid)
        if process in (0, pid):
            raise InputError(f"-p {pid}: {error.strerror}") from error
        hint = f"-t {pid} traces it, -p {process} the process"
        raise InputError(f"-p {pid}: it is a thread\nhint: {hint}") from error


def process_of(tid: int) -> int:
    """The process that a thread is one of, 0 where there is no such thread."""
    try:
        with open(f"/proc/{tid}/status", encoding="utf-8", errors="surrogateescape") as file:
            return next((int(line[5:]) for line in file if line.startswith("Tgid:")), 0)
    except OSError:
        return 0
