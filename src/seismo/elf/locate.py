"""Which file is meant by what a script calls a binary: a path, a library or a command.

>>> locate("libc", os.environ), locate("bash", os.environ)
('/lib/x86_64-linux-gnu/libc.so.6', '/usr/bin/bash')

With a `root` (`/proc/PID/root`) all is looked up as a process sees it that lives there.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from functools import partial

from seismo.base.errors import SyscallError
from seismo.elf.archive import SEPARATOR
from seismo.elf.errors import BinaryNotFound, ElfError
from seismo.elf.library_cache import read_library_cache
from seismo.elf.root import inside

__all__ = ("executable_mappings", "locate")

_CACHE = "/etc/ld.so.cache"
_FOLDERS = ("/lib", "/usr/lib", "/lib64", "/usr/lib64", "/usr/local/lib")
"""Where libraries are looked for after `LD_LIBRARY_PATH` and the cache, which musl has not."""

_DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def locate(name: str, environment: Mapping[str, str], root: str = "") -> str:
    """The path of the file, the root before it; a member of an archive stays behind its `!/`.

    What has a slash is a path. `libssl` is `libssl.so`, otherwise its highest version, of the
    machine's 64-bit libraries; what is no library is a command of `PATH`. `environment` gives
    `PATH` and `LD_LIBRARY_PATH`. Raises `BinaryNotFound`.
    """
    archive, mark, member = name.partition(SEPARATOR)
    if "/" in archive:
        return _existing(inside(root, archive), name) + mark + member
    if not archive:
        raise BinaryNotFound(name, "it has no name")
    is_library = archive.startswith("lib") or ".so" in archive
    if is_library and (found := _library(archive, environment, root)):
        return found + mark + member
    path = environment.get("PATH", _DEFAULT_PATH)
    for directory in path.split(":"):
        found = inside(root, f"{directory or '.'}/{archive}")
        if os.path.isfile(found) and os.access(found, os.X_OK):
            return found + mark + member
    raise BinaryNotFound(name, _hint(archive, path))


def executable_mappings(pid: int) -> tuple[str, ...]:
    """The files that a process has mapped to run, each once, by the paths that it knows them by.

    Files that have been deleted are left out. `SyscallError` if the process is gone, or another
    user's.
    """
    path = f"/proc/{pid}/maps"
    try:
        with open(path, encoding="utf-8", errors="surrogateescape", newline="\n") as file:
            lines = file.readlines()
    except OSError as error:
        raise SyscallError(f"open {path}", error.errno or 0) from error
    found: dict[str, None] = {}
    for line in lines:
        _, permissions, _, _, _, *rest = line.rstrip("\n").split(maxsplit=5)
        if "x" in permissions and rest and rest[0][0] == "/" and not rest[0].endswith(" (deleted)"):
            # seq_file escapes what would break the line.
            found[rest[0].replace("\\012", "\n")] = None
    return tuple(found)


def _existing(path: str, name: str) -> str:
    if not os.path.exists(path):
        raise BinaryNotFound(name, "there is no such file")
    if not os.path.isfile(path):
        raise BinaryNotFound(name, "it is no regular file")
    return path


def _hint(name: str, path: str) -> str:
    if os.path.isfile(name):
        return f"for the file in this directory, write './{name}'"
    if name.startswith("lib"):
        return f"neither a library of {_CACHE} nor a command in {path}"
    return f"no command in {path}; for a library write 'lib{name}'"


def _library(name: str, environment: Mapping[str, str], root: str) -> str:
    """The path of a library; '' if there is none."""
    prefix = name if ".so" in name else f"{name}.so"
    folders = [one for one in environment.get("LD_LIBRARY_PATH", "").split(":") if one]
    machine = os.uname().machine
    for found in (
        _in_folders(prefix, folders, root),
        _in_cache(prefix, machine, root),
        _in_folders(prefix, [*_FOLDERS, *[f"{one}/{machine}-linux-gnu" for one in _FOLDERS]], root),
    ):
        if found:
            return found[max(found, key=partial(_preference, prefix))]
    return ""


def _in_cache(prefix: str, machine: str, root: str) -> dict[str, str]:
    """The libraries of the cache whose names begin so and that are there."""
    try:
        with open(inside(root, _CACHE), "rb") as file:
            known = read_library_cache(file.read(), machine, prefix)
    except (OSError, ElfError):
        # The folders will do; the dynamic linker takes it like this, too.
        return {}
    found = {name: inside(root, path) for name, path in known.items()}
    return {name: path for name, path in found.items() if os.path.isfile(path)}


def _in_folders(prefix: str, folders: Iterable[str], root: str) -> dict[str, str]:
    """The libraries of the first folder that has one whose name begins so."""
    for folder in folders:
        try:
            names = os.listdir(inside(root, folder))
        except OSError:
            continue
        found = {one: inside(root, f"{folder}/{one}") for one in names if one.startswith(prefix)}
        if found:
            return found
    return {}


def _preference(wanted: str, name: str) -> tuple[bool, tuple[int, ...]]:
    """The name as it was written, then the highest version."""
    version = name.rpartition(".so")[2]
    return name == wanted, tuple([int(number) for number in re.findall(r"\d+", version)])
