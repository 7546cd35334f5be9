"""`Scope`: what a handler is for: a process, a tree of them, a cgroup, an executable, all."""

from __future__ import annotations

import os
import sys
from struct import Struct

from seismo.audit.tracer.errors import ScopeError
from seismo.base.dataclass import dataclass
from seismo.base.enum import Enum
from seismo.base.errors import SyscallError
from seismo.kernel.cgroups import cgroup_id, find_cgroup
from seismo.kernel.mounts import file_identity, mounted_devices
from seismo.kernel.protocol import Kernel
from seismo.runtime.containers import find_container

__all__ = (
    "EVERYTHING",
    "Scope",
    "ScopeKind",
    "cgroup_scope",
    "container_scope",
    "descendants",
    "exe_scope",
    "is_alive",
    "process_key",
    "process_scope",
    "running_exe",
)

_INODE = Struct("=QII")  # bpf/maps.h: audit_inode


class ScopeKind(Enum):
    """Which of the kernel's maps has it."""

    PROCESS = "process"
    TREE = "tree"
    CGROUP = "cgroup"
    EXE = "exe"
    EVERYTHING = "everything"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """`key` is that of the kernel's map, `name` how a user calls it. What is `inherited` children
    have from their beginning. `pid` is that of PROCESS and TREE, else 0."""

    kind: ScopeKind
    key: bytes = b""
    name: str = ""
    inherited: bool = False
    pid: int = 0

    def __str__(self) -> str:
        return f"{self.kind.value} {self.name}".strip()


EVERYTHING = Scope(kind=ScopeKind.EVERYTHING)
"""All processes but our own."""


def process_scope(pid: int, *, with_children: bool) -> Scope:
    """A process, with all of its threads; and all that it makes from now on. ScopeError."""
    if pid <= 0 or not is_alive(pid):
        raise ScopeError(f"there is no process {pid}", "ps -e lists those that run")
    kind = ScopeKind.TREE if with_children else ScopeKind.PROCESS
    return Scope(kind=kind, key=process_key(pid), name=str(pid), inherited=with_children, pid=pid)


def cgroup_scope(kernel: Kernel, text: str | int) -> Scope:
    """A cgroup of version 2 with those below it, by its path or id; CgroupError."""
    path = find_cgroup(kernel, str(text))
    return _cgroup(path, path)


def container_scope(kernel: Kernel, prefix: str) -> Scope:
    """The container whose id begins so; CgroupError where there is none or more than one."""
    return _cgroup(find_container(kernel, prefix), f"of container {prefix}")


def _cgroup(path: str, name: str) -> Scope:
    key = cgroup_id(path).to_bytes(8, sys.byteorder)
    return Scope(kind=ScopeKind.CGROUP, key=key, name=name, inherited=True)


def exe_scope(path: str, *, with_children: bool = True) -> Scope:
    """An executable file, by whatever name it is run; ScopeError.

    A script is run by its interpreter: name that one.
    """
    try:
        inode, device = file_identity(path)
    except OSError as error:
        raise ScopeError(
            f"executable '{path}': {os.strerror(error.errno or 0)}", "give the path of the file"
        ) from None
    key = _INODE.pack(inode, device, 0)
    return Scope(kind=ScopeKind.EXE, key=key, name=path, inherited=with_children)


def process_key(pid: int) -> bytes:
    """The key of `watched_processes`."""
    return pid.to_bytes(4, sys.byteorder)


def is_alive(pid: int) -> bool:
    """Whether it is a process, no thread of another one, of which some thread still runs."""
    try:
        with open(f"/proc/{pid}/status", "rb") as file:
            text = file.read()
        is_over = b"\nState:\tZ" in text or b"\nState:\tX" in text
        # The first thread may end before the others do, and is a zombie until then.
        if is_over and len(os.listdir(f"/proc/{pid}/task")) <= 1:
            return False
    except OSError:
        return False
    return b"\nTgid:\t%d\n" % pid in text


def descendants(kernel: Kernel, root: int) -> list[int]:
    """The processes that descend from `root` now, parents first, as far as their parents live."""
    children: dict[int, list[int]] = {}
    for pid in _processes(kernel):
        if parent := _parent(kernel, pid):
            children.setdefault(parent, []).append(pid)
    found: list[int] = []
    waiting = [root]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += below
        waiting += below
    return found


def running_exe(kernel: Kernel, scope: Scope) -> list[int]:
    """The processes that run the executable of a scope now."""
    inode, device, _ = _INODE.unpack(scope.key)
    found: list[int] = []
    devices = mounted_devices()
    for pid in _processes(kernel):
        try:
            identity = file_identity(f"/proc/{pid}/exe", devices)
        except OSError:
            continue  # one of the kernel's own, or it has ended
        if identity == (inode, device):
            found.append(pid)
    return found


def _processes(kernel: Kernel) -> list[int]:
    return [int(name) for name in kernel.list_directory("/proc") if name.isdigit()]


def _parent(kernel: Kernel, pid: int) -> int:
    """The parent's process id; 0 where there is none any more."""
    try:
        text = kernel.read_file(f"/proc/{pid}/stat")
    except SyscallError:
        return 0
    fields = text.rpartition(b") ")[2].split()
    return int(fields[1]) if len(fields) > 1 else 0
