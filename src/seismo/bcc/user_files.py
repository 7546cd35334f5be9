"""Files of user space by the names that BCC's users have for them, and their functions."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from seismo.base.errors import BpfError
from seismo.bcc.names import Name, as_text
from seismo.elf.binary import Binary
from seismo.elf.errors import BinaryNotFound
from seismo.elf.locate import locate
from seismo.elf.root import root_of
from seismo.objects.attach.user_file import open_named

__all__ = (
    "find_exe",
    "find_library",
    "matching_functions",
    "open_binary_of",
    "user_functions",
)


def find_library(name: Name, pid: int = 0) -> bytes | None:
    """The path of a library by its short name (`c`, `pthread`), also as a process sees it; None if
    there is none. A path is taken as it is."""
    short = as_text(name)
    if "/" in short:
        return os.fsencode(short)
    return _located(short if short.startswith("lib") or ".so" in short else f"lib{short}", pid)


def find_exe(name: Name) -> bytes | None:
    """The path of a command of PATH; None if there is none."""
    command = as_text(name)
    return None if command.startswith("lib") and ".so" in command else _located(command, 0)


def _located(name: str, pid: int) -> bytes | None:
    try:
        return os.fsencode(locate(name, os.environ, root_of(pid) if pid > 0 else ""))
    except (BpfError, OSError):
        return None


def user_functions(file: Name, pattern: Name) -> Iterator[tuple[str, int]]:
    """(name, address) of the functions of a file that the regular expression matches, each name
    once; BinaryNotFound, ElfError."""
    return matching_functions(open_binary_of(as_text(file)), as_text(pattern))


def open_binary_of(file: str, pid: int = 0) -> Binary:
    """The file that is meant by a path, a library's short name or a command's, as the process
    `pid` sees it (0: as we do); BinaryNotFound, ElfError."""
    if "/" in file:
        return open_named(file, pid)
    found = find_library(file, pid) or find_exe(file)
    if found is None:
        raise BinaryNotFound(file, "neither a library (without its 'lib') nor a command")
    return open_named(as_text(found), pid)


def matching_functions(binary: Binary, pattern: str) -> Iterator[tuple[str, int]]:
    """(name, address) of the functions whose names the regular expression matches."""
    matches = re.compile(pattern).match
    for one in binary.symbols.functions():
        if one.address and matches(one.name):
            yield one.name, one.address
