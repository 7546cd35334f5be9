"""`LiveResolver`: what this machine knows, read when it is first asked for.

Answers are kept: a run prints the same addresses and ids again and again.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable

from seismo.base.errors import NotSupported
from seismo.events.symbolic import Resolver, address_text
from seismo.kernel.errors import NotInKernel
from seismo.kernel.kallsyms import Kallsyms
from seismo.kernel.protocol import Kernel
from seismo.probes.wildcard import wildcard

__all__ = ("LiveResolver",)

_NS_PER_SECOND = 1_000_000_000
_USER_END = 1 << 63
"""Kernel addresses have the top bit set, on x86-64 and on arm64."""


class LiveResolver(Resolver):
    """Symbols, clocks, cgroups and users of the running kernel."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._kallsyms: Kallsyms | None = None
        self._symbols: dict[int, str] = {}
        self._users: dict[int, str] | None = None
        self._cgroups: dict[tuple[int, str], str] = {}
        self._offsets: dict[str, int] = {}

    def kernel_symbol(self, address: int) -> str:
        if address not in self._symbols:
            self._symbols[address] = self._find_symbol(address)
        return self._symbols[address]

    def user_symbol(self, address: int, pid: int) -> str:
        return address_text(address)

    def wall_ns(self, clock: str, ns: int) -> int:
        if clock not in self._offsets:
            self._offsets[clock] = _OFFSETS[clock]()
        return ns + self._offsets[clock]

    def cgroup_path(self, number: int, hierarchies: str) -> str:
        wanted = number, hierarchies
        if wanted not in self._cgroups:
            self._cgroups[wanted] = self._find_cgroup(number, hierarchies)
        return self._cgroups[wanted]

    def user_name(self, uid: int) -> str:
        if self._users is None:
            self._users = _user_names(self._kernel.read_file("/etc/passwd"))
        return self._users.get(uid, "")

    def _find_symbol(self, address: int) -> str:
        if address < _USER_END:
            return address_text(address)
        if self._kallsyms is None:
            self._kallsyms = Kallsyms.read(self._kernel)
        try:
            return self._kallsyms.at(address).symbol.name
        except (NotInKernel, NotSupported):
            return address_text(address)

    def _find_cgroup(self, number: int, hierarchies: str) -> str:
        """The path in every hierarchy that matches, the unified one first."""
        matches = wildcard(hierarchies or "*").fullmatch
        found = [
            f"{name}:{path}"
            for name, root in _cgroup_mounts(self._kernel.read_file("/proc/mounts"))
            if matches(name) and (path := _directory_with_inode(root, number))
        ]
        return ",".join(found)


def _cgroup_mounts(mounts: bytes) -> list[tuple[str, str]]:
    """(name, mount point) of every hierarchy: `unified` for cgroup2, else the directory's name."""
    unified, others = [], []
    for line in mounts.decode("utf-8", "surrogateescape").splitlines():
        _, point, kind, *_ = line.split()
        if kind == "cgroup2":
            unified.append(("unified", point))
        elif kind == "cgroup":
            others.append((os.path.basename(point), point))
    return [*unified, *sorted(others)]


def _directory_with_inode(root: str, number: int) -> str:
    """The path below `root` of the directory whose inode this is, `/` for itself; "" for none.

    A cgroup's id is the inode of its directory.
    """
    for path, inode in _directories(root):
        if inode == number:
            return path.removeprefix(root) or "/"
    return ""


def _directories(root: str) -> list[tuple[str, int]]:
    found: list[tuple[str, int]] = []
    open_paths = [root]
    while open_paths:
        path = open_paths.pop()
        try:
            found.append((path, os.stat(path).st_ino))
            with os.scandir(path) as entries:
                open_paths += [one.path for one in entries if one.is_dir(follow_symlinks=False)]
        except OSError:
            continue  # it has gone meanwhile
    return found


def _user_names(passwd: bytes) -> dict[int, str]:
    """By uid; of several the first, as getpwuid(3) has it."""
    names: dict[int, str] = {}
    for line in passwd.decode("utf-8", "surrogateescape").splitlines():
        name, _, uid, *_ = [*line.split(":"), "", ""]
        if uid.isdigit():
            names.setdefault(int(uid), name)
    return names


def _offset(clock: int) -> int:
    """What to add to a clock's time for ns since 1970; all clocks go on while they are read."""
    before = time.clock_gettime_ns(clock)
    wall = time.clock_gettime_ns(time.CLOCK_REALTIME)
    return wall - (before + time.clock_gettime_ns(clock)) // 2


def _tai_offset() -> int:
    """TAI is whole seconds ahead of UTC, or not at all where nobody has told the kernel."""
    return round(_offset(time.CLOCK_TAI) / _NS_PER_SECOND) * _NS_PER_SECOND


_OFFSETS: dict[str, Callable[[], int]] = {
    "boot": lambda: _offset(time.CLOCK_BOOTTIME),
    "monotonic": lambda: _offset(time.CLOCK_MONOTONIC),
    "tai": _tai_offset,
    "sw_tai": _tai_offset,
}
