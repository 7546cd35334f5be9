"""Pins: names on a bpffs that keep an object of the kernel alive."""

from __future__ import annotations

import errno
import os

from seismo.base.errors import SyscallError
from seismo.kernel import bpf
from seismo.kernel.fd import Fd
from seismo.kernel.protocol import Kernel

__all__ = ("pin",)


def pin(kernel: Kernel, fd: Fd, path: str) -> None:
    """Keep what `fd` refers to alive under `path`; its directory is made if only that is missing.

    Raises `SyscallError`, with a hint where no bpffs is mounted. Since Linux 4.4.
    """
    try:
        _make_directory(os.path.dirname(path))
        bpf.obj_pin(kernel, int(fd), path)
    except SyscallError as error:
        if error.errno not in (errno.EPERM, errno.ENOENT, errno.EINVAL):
            raise
        hint = f"is it on a bpffs? 'mount -t bpf bpf {os.path.dirname(path)}' makes one"
        raise SyscallError(f"pin {path}", error.errno, hint) from None


def _make_directory(path: str) -> None:
    try:
        os.mkdir(path, 0o700)
    except FileExistsError:
        pass
    except OSError as error:
        raise SyscallError(f"mkdir {path}", error.errno or 0) from None
