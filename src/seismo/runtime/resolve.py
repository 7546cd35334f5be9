"""`LiveResolver`: what this machine knows, read when it is first asked for.

Answers are kept: a run prints the same addresses and ids again and again. Only processes must be
known before: a `LiveResolver` that is made for a plan which shows their symbols follows them.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Self

from seismo.base.errors import NotSupported, SyscallError
from seismo.base.layout import Array, FieldType, Layout, Symbolic
from seismo.events.stack import (
    KERNEL_STACK,
    SAMPLED_STACK,
    USER_STACK,
    Frame,
    StackSample,
)
from seismo.events.symbolic import Resolver, address_text
from seismo.kernel.errors import NotInKernel
from seismo.kernel.kallsyms import Kallsyms, Place
from seismo.kernel.protocol import Kernel
from seismo.plan import Plan
from seismo.probes.wildcard import wildcard

if TYPE_CHECKING:
    from seismo.runtime.symbols.users import UserSymbols

__all__ = ("LiveResolver", "shows_user_symbols")

_NS_PER_SECOND = 1_000_000_000
_KALLSYMS_SECONDS = 1.0
"""How long what /proc/kallsyms has not is not looked for there again."""
_USER_END = 1 << 63
"""Kernel addresses have the top bit set, on x86-64 and on arm64."""


class LiveResolver(Resolver):
    """Symbols, clocks, cgroups and users of the running kernel."""

    def __init__(
        self,
        kernel: Kernel,
        processes: UserSymbols | None = None,
        *,
        shows_kernel_stacks: bool = False,
    ) -> None:
        self._kernel = kernel
        self._shows_kernel_stacks = shows_kernel_stacks
        self._processes = processes
        self._kallsyms: Kallsyms | None = None
        self._kallsyms_until = 0.0
        self._frames: dict[int, Frame] = {}
        self._users: dict[int, str] | None = None
        self._cgroups: dict[tuple[int, str], str] = {}
        self._offsets: dict[str, int] = {}

    @classmethod
    def of(cls, plan: Plan, kernel: Kernel, *, pid: int = 0, demangles: bool = True) -> Self:
        """One that follows processes if the plan shows symbols of theirs: all of them, or `pid` and
        what it forks."""
        shows_kernel_stacks = any(one.kind == KERNEL_STACK for one in _symbolic(plan))
        if not shows_user_symbols(plan):
            return cls(kernel, shows_kernel_stacks=shows_kernel_stacks)
        from seismo.runtime.symbols.users import (  # noqa: PLC0415 (lazy: docs/architecture.md)
            UserSymbols,
        )

        processes = UserSymbols(kernel, pid=pid, demangles=demangles)
        return cls(kernel, processes, shows_kernel_stacks=shows_kernel_stacks)

    @property
    def fds(self) -> tuple[int, ...]:
        """What poll waits for: it is time to `drain`."""
        return self._processes.fds if self._processes else ()

    @property
    def trouble(self) -> str:
        """Why symbols of processes may be missing; "" where nothing is known to be missing."""
        processes = self._processes
        if processes is None or not (processes.trouble or processes.lost):
            return ""
        why = processes.trouble or f"{processes.lost} records about mappings were lost"
        return f"symbols of processes that have ended may be missing: {why}"

    def drain(self) -> None:
        """Learn what processes have done, so that the kernel has room to tell more."""
        if self._processes:
            self._processes.drain()

    def settle(self) -> None:
        """Read what is gone once the programs are: the names of those, and of their trampolines,
        which stand in stacks of the kernel."""
        if self._shows_kernel_stacks:
            with suppress(SyscallError):
                self._kallsyms = Kallsyms.read(self._kernel)
                self._kallsyms_until = math.inf

    def close(self) -> None:
        """Follow processes no longer."""
        if self._processes:
            self._processes.close()

    def kernel_symbol(self, address: int) -> str:
        return self._kernel_frame(address).name or address_text(address)

    def user_symbol(self, address: int, pid: int) -> str:
        frame = self._processes.symbol(address, pid) if self._processes else Frame(address)
        return frame.name or address_text(address)

    def kernel_frames(self, addresses: Sequence[int]) -> Sequence[Frame]:
        return [self._kernel_frame(address) for address in addresses]

    def user_frames(self, addresses: Sequence[int], pid: int) -> Sequence[Frame]:
        if self._processes is None:
            return [Frame(address) for address in addresses]
        return self._processes.frames(addresses, pid)

    def sampled_frames(self, sample: StackSample) -> Sequence[Frame]:
        return self._processes.sampled_frames(sample) if self._processes else ()

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

    def _kernel_frame(self, address: int) -> Frame:
        if address in self._frames:
            return self._frames[address]
        if address < _USER_END:
            return Frame(address)
        try:
            place = self._place(address)
        except (NotInKernel, NotSupported):
            return Frame(address)
        module = f"[{place.symbol.module or 'kernel.kallsyms'}]"
        frame = Frame(address, place.symbol.name, place.offset, module)
        self._frames[address] = frame
        return frame

    def _place(self, address: int) -> Place:
        """Modules and BPF programs that were loaded since are in the next text."""
        try:
            return self._symbols.at(address)
        except NotInKernel:
            if time.monotonic() < self._kallsyms_until:
                raise
        self._kallsyms = None
        return self._symbols.at(address)

    @property
    def _symbols(self) -> Kallsyms:
        if self._kallsyms is None:
            self._kallsyms = Kallsyms.read(self._kernel)
            self._kallsyms_until = time.monotonic() + _KALLSYMS_SECONDS
        return self._kallsyms

    def _find_cgroup(self, number: int, hierarchies: str) -> str:
        """The path in every hierarchy that matches, the unified one first."""
        matches = wildcard(hierarchies or "*").fullmatch
        found = [
            f"{name}:{path}"
            for name, root in _cgroup_mounts(self._kernel.read_file("/proc/mounts"))
            if matches(name) and (path := _directory_with_inode(root, number))
        ]
        return ",".join(found)


def shows_user_symbols(plan: Plan) -> bool:
    """Whether a record or a map of the plan has a symbol or a stack of a process."""
    return any(
        one.detail in ("bpftrace", "perf")
        if one.kind == USER_STACK
        else one.kind in ("usym_t", SAMPLED_STACK)
        for one in _symbolic(plan)
    )


def _symbolic(plan: Plan) -> Iterator[Symbolic]:
    """Every symbolic value in records and maps."""
    forms: list[FieldType] = [one.layout for one in plan.events.values()]
    for view in plan.maps:
        forms += [view.value] if view.key is None else [view.key, view.value]
    while forms:
        match forms.pop():
            case Symbolic() as form:
                yield form
            case Array() as form:
                forms.append(form.element)
            case Layout() as form:
                forms += [field.type for field in form.fields]
            case _:
                pass


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
