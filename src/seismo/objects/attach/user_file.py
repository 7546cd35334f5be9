"""The files that user-space probes name, as this process or the one they are for sees them."""

from __future__ import annotations

import errno
import os
import re

from seismo.base.errors import SyscallError
from seismo.elf.binary import Binary
from seismo.elf.locate import locate
from seismo.elf.open import open_binary
from seismo.elf.root import root_of

__all__ = ("open_named",)

_ROOT = re.compile(r"/proc/(?:\d+|self)/root(?=/)")


def open_named(name: str, pid: int = 0) -> Binary:
    """The binary that a path, a library's name or a command means; of a process with other files
    than ours its own, and so for a path below `/proc/PID/root`.

    Raises `BinaryNotFound`, `ElfError`; `SyscallError` (ESRCH) when there is no such process.
    """
    match = _ROOT.match(name)
    if match:
        return open_binary(locate(name, os.environ, match[0]), match[0])
    try:
        root = root_of(pid) if pid else ""
    except OSError as error:
        number = errno.ESRCH if error.errno == errno.ENOENT else error.errno or 0
        raise SyscallError(f"files of process {pid}", number) from None
    return open_binary(locate(name, os.environ, root), root)
