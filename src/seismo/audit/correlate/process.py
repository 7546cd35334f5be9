"""`Process`: a process as it was at a time; `Life`: all that is known of it, from start to end.

A process is named by its id and the time it started, since ids are used again. Events carry both.
What a process is (executable, cgroup, credentials …) changes while it lives, so each is a
`Timeline`, and what an event is given is the process as it was then.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable
from operator import attrgetter
from typing import Any, TypeVar

from seismo.audit.correlate.containers import NO_CONTAINER, Container, container_of
from seismo.audit.correlate.timeline import Timeline
from seismo.base.dataclass import dataclass

__all__ = (
    "NO_EXIT",
    "NO_GROUP",
    "NO_IMAGE",
    "TICK_NS",
    "CgroupOf",
    "ExitStatus",
    "Image",
    "Life",
    "Process",
)

TICK_NS = 10_000_000
"""What /proc counts the start of a process in: USER_HZ is 100 on x86-64 and aarch64."""

T = TypeVar("T")
_ANCESTORS = 256
_SMALL = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """What one execve(2) made of a process. `exe` is the path of the file, '' if it is not known.

    `device` is as st_dev has it. `argv` was cut where `is_cut`.
    """

    exe: str = ""
    argv: tuple[str, ...] = ()
    cwd: str = ""
    environment: tuple[str, ...] = ()
    inode: int = 0
    device: int = 0
    mode: int = 0
    is_deleted: bool = False
    is_cut: bool = False
    is_secure: bool = False

    @property
    def is_memfd(self) -> bool:
        """Whether the executable was a file of memfd_create(2), which has no place on a disk."""
        return self.exe.startswith("/memfd:") or self.exe.startswith("memfd:")

    @property
    def command(self) -> str:
        """The words of argv as a shell would take them; the executable where there are none."""
        return shlex.join(self.argv) if self.argv else self.exe


@dataclass(frozen=True, slots=True, kw_only=True)
class CgroupOf:
    """A cgroup of version 2 by its id and path below the root, '' if the path is not known.

    `others` are the paths in hierarchies of version 1, which only /proc tells.
    """

    id: int = 0
    path: str = ""
    others: tuple[str, ...] = ()

    @property
    def container(self) -> Container:
        """What the paths say; where the hierarchy of version 2 says nothing, the others."""
        found = container_of(self.path)
        for path in self.others:
            if found.id:
                break
            inner = container_of(path)
            found = inner if inner.id else found
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitStatus:
    """How a process ended; `is_seen` is false where only its absence was noticed."""

    time_ns: int = 0
    code: int = 0
    signal: int = 0
    is_core_dumped: bool = False
    is_seen: bool = True

    def __str__(self) -> str:
        if not self.is_seen:
            return "ended"
        core = ", core dumped" if self.is_core_dumped else ""
        return f"signal {self.signal}{core}" if self.signal else f"exit {self.code}"


NO_IMAGE = Image()
NO_GROUP = CgroupOf()
NO_EXIT = ExitStatus(is_seen=False)
NO_NUMBERS: dict[str, int] = {}


class Life:
    """All that is known of one process. Only `ProcessTable` changes it.

    `start_ns` is since boot; where it comes from /proc it is that of a clock tick, and `is_exact`
    is false until a record tells more. `forked_ns` is when it was forked, by CLOCK_MONOTONIC, 0 if
    that was before we looked; `parent` is who forked it, which is not who adopted it later.
    """

    __slots__ = (
        "cgroups",
        "comms",
        "credentials",
        "cwds",
        "exit",
        "forked_ns",
        "forks",
        "has_exited",
        "images",
        "inherits",
        "is_exact",
        "is_forgotten",
        "is_guess",
        "missing",
        "namespaces",
        "parent",
        "parent_time_ns",
        "ppid",
        "retained",
        "start_ns",
        "tgid",
        "threads",
        "uid",
    )

    def __init__(self, tgid: int, start_ns: int, *, is_exact: bool = True) -> None:
        self.tgid = tgid
        self.start_ns = start_ns
        self.is_exact = is_exact
        self.ppid = 0
        self.uid = 0
        self.parent: Life | None = None
        self.parent_time_ns = 0
        self.forked_ns = 0
        self.forks = 0
        self.inherits = 0
        self.threads = 1
        self.has_exited = False
        self.exit = NO_EXIT
        self.is_forgotten = False
        self.is_guess = False
        self.missing = 0
        self.retained = 0
        self.images = Timeline[Image]()
        self.cwds = Timeline[str](_SMALL)
        self.comms = Timeline[str](_SMALL)
        self.cgroups = Timeline[CgroupOf]()
        self.credentials = Timeline[dict[str, int]](_SMALL)
        self.namespaces = Timeline[dict[str, int]](_SMALL)

    @property
    def key(self) -> tuple[int, int]:
        """What names the process: (tgid, start_ns)."""
        return self.tgid, self.start_ns

    def image_at(self, time_ns: int) -> Image:
        """Its own image at that time, or the one it was forked with."""
        return _inherited(self, time_ns, _IMAGES, NO_IMAGE)

    def cwd_at(self, time_ns: int) -> str:
        """The working directory, as far as it was told; '' if it was not."""
        return _inherited(self, time_ns, _CWDS, "")

    def cgroup_at(self, time_ns: int) -> CgroupOf:
        """The cgroup, inherited where nothing else was told."""
        return _inherited(self, time_ns, _CGROUPS, NO_GROUP)

    def credentials_at(self, time_ns: int) -> dict[str, int]:
        """The credentials, inherited where nothing else was told."""
        return _inherited(self, time_ns, _CREDENTIALS, NO_NUMBERS)

    def namespaces_at(self, time_ns: int) -> dict[str, int]:
        """The inode numbers of the namespaces, inherited where nothing else was told."""
        return _inherited(self, time_ns, _NAMESPACES, NO_NUMBERS)

    def settle(self) -> None:
        """Keep as its own what it has from its parent, so that the parent may be forgotten."""
        for line, nothing in _LINES:
            own = line(self)
            if not own.has_at(self.forked_ns):
                # What is not known, too: nobody need look further up.
                own.put(self.forked_ns, _inherited(self, self.forked_ns, line, nothing))
        self.inherits = 0

    def at(self, time_ns: int) -> Process:
        """The process as it was then."""
        return Process(self, time_ns)


_IMAGES: Callable[[Life], Timeline[Image]] = attrgetter("images")
_CWDS: Callable[[Life], Timeline[str]] = attrgetter("cwds")
_CGROUPS: Callable[[Life], Timeline[CgroupOf]] = attrgetter("cgroups")
_CREDENTIALS: Callable[[Life], Timeline[dict[str, int]]] = attrgetter("credentials")
_NAMESPACES: Callable[[Life], Timeline[dict[str, int]]] = attrgetter("namespaces")
_LINES: tuple[tuple[Callable[[Life], Timeline[Any]], object], ...] = (
    (_IMAGES, NO_IMAGE),
    (_CWDS, ""),
    (_CGROUPS, NO_GROUP),
    (_CREDENTIALS, NO_NUMBERS),
    (_NAMESPACES, NO_NUMBERS),
)


def _inherited(life: Life, time_ns: int, line: Callable[[Life], Timeline[T]], nothing: T) -> T:
    """What a process was at a time by its own entries, or by those it had from who forked it.

    One whose fork was not seen has nothing from a parent: what it executed was not seen either.
    """
    one: Life | None = life
    while one is not None:
        own = line(one)
        if own.has_at(time_ns):
            return own.at(time_ns, nothing)
        if one.is_guess:
            return nothing
        time_ns = one.parent_time_ns
        one = one.parent
    return nothing


class Process:
    """A process as it was at `time_ns` (CLOCK_MONOTONIC). Equal to another if it is the same one.

    What is not known is '' or 0 or empty.
    """

    __slots__ = ("life", "time_ns")

    def __init__(self, life: Life, time_ns: int) -> None:
        self.life = life
        self.time_ns = time_ns

    @property
    def tgid(self) -> int:
        """The process id in the initial namespace."""
        return self.life.tgid

    @property
    def start_ns(self) -> int:
        """When it started, since boot (CLOCK_BOOTTIME)."""
        return self.life.start_ns

    @property
    def key(self) -> tuple[int, int]:
        """What names it: (tgid, start_ns)."""
        return self.life.key

    @property
    def ppid(self) -> int:
        """The tgid of who forked it."""
        return (
            self.life.parent.tgid if self.life.parent and not self.life.missing else self.life.ppid
        )

    @property
    def parent(self) -> Process | None:
        """Who forked it, as it was when it did; None at the top, or where that is not known."""
        parent = self.life.parent
        return None if parent is None else Process(parent, self.life.parent_time_ns)

    @property
    def ancestors(self) -> tuple[Process, ...]:
        """Parent, parent's parent and so on, 256 at most."""
        found: list[Process] = []
        one = self.parent
        while one is not None and len(found) < _ANCESTORS:
            found.append(one)
            one = one.parent
        return tuple(found)

    @property
    def image(self) -> Image:
        """What it executed."""
        return self.life.image_at(self.time_ns)

    @property
    def images(self) -> tuple[Image, ...]:
        """All that it has executed itself, in order, the first of them what it began with."""
        own = [image for _, image in self.life.images if image is not NO_IMAGE]
        if self.life.forked_ns and not self.life.images.has_at(self.life.forked_ns):
            begun = self.life.image_at(self.life.forked_ns)
            own[:0] = [begun] if begun is not NO_IMAGE else []
        return tuple(own)

    @property
    def image_before(self) -> Image:
        """What it was before its last execve(2) that was seen; the same as `image` without one."""
        times = [time for time in self.life.images.times() if 0 < time <= self.time_ns]
        return self.life.image_at(times[-1] - 1) if times else self.image

    @property
    def exe(self) -> str:
        """The path of the executable."""
        return self.image.exe

    @property
    def argv(self) -> tuple[str, ...]:
        """The words it was executed with."""
        return self.image.argv

    @property
    def command(self) -> str:
        """`argv` as a shell would take it, `[comm]` where nothing is known."""
        return self.image.command or f"[{self.comm}]"

    @property
    def cwd(self) -> str:
        """The working directory."""
        return self.life.cwd_at(self.time_ns)

    @property
    def comm(self) -> str:
        """The name of the thread that the last event was of."""
        return self.life.comms.at(self.time_ns, self.life.comms.last(""))

    @property
    def uid(self) -> int:
        """The user."""
        return self.credentials.get("uid", self.life.uid)

    @property
    def credentials(self) -> dict[str, int]:
        """By the names of the layout CREDENTIALS."""
        return self.life.credentials_at(self.time_ns)

    @property
    def namespaces(self) -> dict[str, int]:
        """Inode numbers, by the names of the layout NAMESPACES."""
        return self.life.namespaces_at(self.time_ns)

    @property
    def cgroup(self) -> CgroupOf:
        """The cgroup of version 2."""
        return self.life.cgroup_at(self.time_ns)

    @property
    def container(self) -> Container:
        """What the cgroup's path says; its `id` is '' outside of containers."""
        return self.cgroup.container if self.cgroup is not NO_GROUP else NO_CONTAINER

    @property
    def runtime(self) -> str:
        """The container's runtime: docker, podman, containerd, crio, lxc …"""
        return self.container.runtime

    @property
    def unit(self) -> str:
        """The unit of systemd."""
        return self.container.unit

    @property
    def threads(self) -> int:
        """How many threads it has, as far as they were seen to begin and end."""
        return max(self.life.threads, 0 if self.life.has_exited else 1)

    @property
    def has_exited(self) -> bool:
        """Whether it has ended, whatever `time_ns` is."""
        return self.life.has_exited

    @property
    def exit(self) -> ExitStatus:
        """How it ended; meaningless before `has_exited`."""
        return self.life.exit

    @property
    def lifetime_ns(self) -> int:
        """From its fork to its end; 0 where one of them was not seen."""
        if not (self.life.forked_ns and self.has_exited and self.exit.is_seen):
            return 0
        return self.exit.time_ns - self.life.forked_ns

    def __eq__(self, other: object) -> bool:
        return self.life is other.life if isinstance(other, Process) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.life)

    def __repr__(self) -> str:
        return f"<Process {self.tgid} {self.command}>"
