"""`open_binary`: the one place where object files are opened.

A file is mapped, not read: only what is asked for is brought into memory. The file is closed; the
mapping goes when the last that looks at it does. Before Python 3.13 a mapping keeps a descriptor.
"""

from __future__ import annotations

import mmap
import os
import stat
from functools import partial

from seismo.base.errors import SyscallError
from seismo.elf.archive import SEPARATOR, Member, find_member
from seismo.elf.binary import Binary
from seismo.elf.debug_file import Candidate, candidates
from seismo.elf.errors import BinaryNotFound, ElfError
from seismo.elf.file import ElfFile
from seismo.elf.root import inside

__all__ = ("map_file", "open_binary")


def open_binary(path: str, root: str = "") -> Binary:
    """The binary at `path`, which is below `root` (`/proc/PID/root`) if there is one.

    `archive!/member` is a library in a zip archive. Raises `BinaryNotFound` if there is no such
    file, `SyscallError` if it cannot be read, `ElfError` if it is none, or has no such member.
    """
    outer, _, name = path.partition(SEPARATOR)
    own_path = inside(root, outer)
    data = memoryview(map_file(own_path))
    member = find_member(data, name, own_path) if name else Member(0, len(data))
    file = ElfFile(data[member.offset : member.offset + member.size], path)
    # Below a root no links are left; GDB looks beside the file itself, not beside links to it.
    inner = own_path[len(root.rstrip("/")) :] if root else os.path.realpath(own_path)
    debug_file = partial(_debug_file, file, inner, root)
    return Binary(own_path, file, debug_file, member.offset)


def map_file(path: str) -> mmap.mmap:
    """The bytes of a file, to be read; the same errors as `open_binary`."""
    try:
        # Opening a FIFO, say, would wait for another to open it.
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise BinaryNotFound(path, "it is no regular file")
        with open(path, "rb") as file:
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except (FileNotFoundError, NotADirectoryError):
        raise BinaryNotFound(path, "there is no such file") from None
    except OSError as error:
        raise SyscallError(f"open {path}", error.errno or 0) from error
    except ValueError:
        raise ElfError("no ELF file: it is empty", 0, path) from None


def _debug_file(file: ElfFile, path: str, root: str) -> tuple[ElfFile, ...]:
    """The separate debug file, if the machine has it."""
    found = (_opened(one, root) for one in candidates(file, path, root))
    return next((files for files in found if files), ())


def _opened(candidate: Candidate, root: str) -> tuple[ElfFile, ...]:
    try:
        data = map_file(inside(root if candidate.in_root else "", candidate.path))
        file = ElfFile(data, candidate.path)
        return (file,) if candidate.is_met_by(data, file) else ()
    except (BinaryNotFound, SyscallError, ElfError):
        # Of several places at most one has it; a file there that is unfit is no reason to stop.
        return ()
