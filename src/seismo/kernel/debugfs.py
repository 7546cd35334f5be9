"""Files of debugfs, which need not be mounted."""

from __future__ import annotations

import errno

from seismo.base.errors import SyscallError
from seismo.kernel.fd import Fd
from seismo.kernel.protocol import Kernel

__all__ = ("debugfs_file",)


def debugfs_file(kernel: Kernel, name: str) -> str:
    """A file of debugfs, which is mounted for the moment if it is not there.

    Raises `SyscallError` when there is no such file, and EPERM where lockdown hides it.
    """
    try:
        return kernel.read_file(f"/sys/kernel/debug/{name}").decode()
    except SyscallError as error:
        if error.errno != errno.ENOENT:
            raise
    with Fd(kernel, kernel.mount("debugfs"), "mount", "debugfs") as mount:
        return kernel.read_file(f"/proc/self/fd/{int(mount)}/{name}").decode()
