"""Control groups of version 2: found by path or id, opened for maps of them.

>>> find_cgroup(kernel, "system.slice/ssh.service")
'/sys/fs/cgroup/system.slice/ssh.service'

Version 1 has groups of its own for every controller, which BPF programs cannot tell apart:
Documentation/admin-guide/cgroup-v2.rst.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator

from seismo.base.diagnostics import did_you_mean
from seismo.base.errors import BpfError, SyscallError
from seismo.kernel.fd import Fd
from seismo.kernel.protocol import Kernel

__all__ = ("CgroupError", "cgroup_id", "cgroup_root", "cgroups", "find_cgroup", "open_cgroup")

# Only directories of version 2 have the one, those of both the other.
_FILE_OF_V2, _FILE_OF_BOTH = "cgroup.controllers", "cgroup.procs"


class CgroupError(BpfError):
    """There is no such cgroup, or not of version 2; `hint` says what to do."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message + (f"\nhint: {hint}" if hint else ""))
        self.message = message
        self.hint = hint


def cgroup_id(path: str) -> int:
    """The id of the cgroup whose directory is `path`; SyscallError.

    It is the directory's inode number: since Linux 5.5 (commit 40430452fd5d, "kernfs: use 64bit
    inos if ino_t is 64bit").
    """
    try:
        number = os.stat(path).st_ino
    except OSError as error:
        raise SyscallError(f"stat {path}", error.errno or 0) from None
    if not os.path.exists(os.path.join(path, _FILE_OF_V2)):
        hint = "it must be a directory of a cgroup version 2 hierarchy: see 'mount -t cgroup2'"
        raise SyscallError(f"cgroup id of {path}", errno.EINVAL, hint)
    return number


def cgroup_root(kernel: Kernel) -> str:
    """Where the hierarchy of version 2 is mounted; CgroupError where it is not."""
    mounts = kernel.read_file("/proc/self/mountinfo").decode("utf-8", "surrogateescape")
    for line in mounts.splitlines():
        mount, _, source = line.partition(" - ")
        if source.startswith("cgroup2 "):
            return _unescaped(mount.split(" ")[4])
    raise CgroupError(
        "no hierarchy of cgroups of version 2 is mounted", "mount -t cgroup2 none DIR"
    )


def cgroups(kernel: Kernel) -> Iterator[tuple[str, int]]:
    """(directory, id) of every cgroup, parents first; one that is gone meanwhile is left out.

    The id is the inode number: since Linux 5.5 (commit 40430452fd5d, "kernfs: use 64bit inos if
    ino_t is 64bit").
    """
    waiting = [cgroup_root(kernel)]
    yield waiting[0], os.stat(waiting[0]).st_ino
    while waiting:
        try:
            inner = [one for one in os.scandir(waiting.pop()) if one.is_dir(follow_symlinks=False)]
        except FileNotFoundError:
            continue
        for one in inner:
            waiting.append(one.path)
            yield one.path, one.inode()


def find_cgroup(kernel: Kernel, text: str) -> str:
    """The directory that is meant by a path, also one from the root of the hierarchy, or by an id.

    Raises CgroupError, with a near name, where there is none.
    """
    if text.isdecimal():
        for path, number in cgroups(kernel):
            if str(number) == text:
                return path
        raise CgroupError(
            f"no cgroup has the id {text}", "it is the inode of its directory: ls -di"
        )
    root = cgroup_root(kernel)
    inside = f"{root}/{text.strip('/')}".rstrip("/")
    for path in (text, inside):
        if os.path.exists(f"{path}/{_FILE_OF_V2}"):
            return os.path.abspath(path)
    if os.path.exists(f"{text}/{_FILE_OF_BOTH}"):
        hint = f"programs know groups of version 2, and these are below {root}"
        raise CgroupError(f"'{text}' is a cgroup of version 1", hint)
    if os.path.isdir(text):
        raise CgroupError(f"'{text}' is no cgroup", f"those of version 2 are below {root}")
    raise CgroupError(f"there is no cgroup '{text}'", _near(inside) or f"all are below {root}")


def open_cgroup(kernel: Kernel, path: str) -> Fd:
    """An fd of a cgroup's directory, as maps of cgroups take it; SyscallError."""
    try:
        number = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise SyscallError(f"open {path}", error.errno or 0) from None
    return Fd(kernel, number, "cgroup", path)


def _near(path: str) -> str:
    """A hint at a cgroup beside the one that is not there."""
    parent, name = os.path.split(path)
    if not os.path.isdir(parent):
        return ""
    return did_you_mean(name, [one.name for one in os.scandir(parent) if one.is_dir()])


def _unescaped(path: str) -> str:
    """Without the octal escapes of blanks and the like (fs/seq_file.c: `mangle_path`)."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), path)
