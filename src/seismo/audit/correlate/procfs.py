"""What /proc tells of processes that run: `Known` of each, as the table of processes takes it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping

from seismo.audit.correlate.process import TICK_NS, CgroupOf, Image
from seismo.audit.correlate.process_table import Known
from seismo.kernel.mounts import file_identity, mounted_devices
from seismo.kernel.pid_namespace import pid_namespace

__all__ = ("Procfs",)

_OURS = "/proc"
_DELETED = " (deleted)"
_SECOND_NS = 1_000_000_000
_STAT_PPID, _STAT_THREADS, _STAT_START = 1, 17, 19  # behind the name: state is 0
_NAMESPACES = ("mnt", "pid", "net", "uts", "ipc", "user", "cgroup", "time")
_CAPABILITIES = {
    "CapInh": "cap_inheritable",
    "CapPrm": "cap_permitted",
    "CapEff": "cap_effective",
    "CapBnd": "cap_bounding",
    "CapAmb": "cap_ambient",
}
_USERS = ("uid", "euid", "suid", "fsuid")
_GROUPS = ("gid", "egid", "sgid", "fsgid")


class Procfs:
    """Reads processes below `root`, which is /proc. `cgroup_id` gives the id of a cgroup's path.

    /proc counts starts in clock ticks, and as this time namespace sees them; what is returned is
    since boot, as records have it. Ids are those of records in the initial PID namespace alone: in
    another one `has_ids` is false, and nothing is told of processes.
    """

    def __init__(self, root: str = _OURS, *, cgroup_id: Callable[[str], int] | None = None) -> None:
        self.root = root
        self.has_ids = root != _OURS or pid_namespace() is None
        self._cgroup_id = cgroup_id or (lambda _: 0)
        self._offset_ns = self._boot_offset()

    def processes(self) -> Iterator[Known]:
        """All that run now; those that end while they are read are left out."""
        devices = mounted_devices()
        for name in os.listdir(self.root) if self.has_ids else ():
            if name.isdigit():
                try:
                    yield self.process(int(name), devices)
                except (OSError, ValueError, IndexError):
                    continue

    def process(self, tgid: int, devices: Mapping[bytes, int] | None = None) -> Known:
        """One process; OSError when it is gone. `devices` as `file_identity` has them."""
        if not self.has_ids:
            raise ProcessLookupError(f"{self.root} has other ids")
        name, rest = self._stat(tgid)
        known = Known(
            tgid=tgid,
            start_ns=int(rest[_STAT_START]) * TICK_NS - self._offset_ns,
            ppid=int(rest[_STAT_PPID]),
            comm=name,
            threads=int(rest[_STAT_THREADS]),
            image=self._image(tgid, devices),
            group=self._group(tgid),
            credentials=self._credentials(tgid),
            namespaces=self._namespaces(tgid),
        )
        # The id may have been used again meanwhile: then this is nobody's.
        if self._stat(tgid)[1][_STAT_START] != rest[_STAT_START]:
            raise ProcessLookupError(f"process {tgid} ended while it was read")
        return known

    def is_running(self, tgid: int, start_ns: int) -> bool:
        """Whether the process that started then is still there, a zombie included, as far as can
        be told."""
        if not self.has_ids:
            return True
        try:
            start = int(self._stat(tgid)[1][_STAT_START]) * TICK_NS - self._offset_ns
        except (OSError, ValueError, IndexError):
            return False
        return start // TICK_NS == start_ns // TICK_NS

    def now_ns(self) -> int:
        """When a process starts that starts now."""
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME) - self._offset_ns

    def root_of(self, tgid: int) -> str:
        """Where the process's root is, as seen from ours; OSError."""
        return os.readlink(f"{self.root}/{tgid}/root")

    def mount_namespace(self) -> int:
        """The inode number of our own; 0 where /proc does not tell."""
        try:
            return os.stat(f"{self.root}/self/ns/mnt").st_ino
        except OSError:
            return 0

    def _stat(self, tgid: int) -> tuple[str, list[str]]:
        # The name may hold blanks and brackets, so what follows begins at the last bracket.
        head, _, rest = self._text(tgid, "stat").rpartition(")")
        return head.partition("(")[2], rest.split()

    def _text(self, tgid: int, name: str) -> str:
        with open(f"{self.root}/{tgid}/{name}", encoding="utf-8", errors="surrogateescape") as file:
            return file.read()

    def _image(self, tgid: int, devices: Mapping[bytes, int] | None) -> Image:
        """Without words for a kernel thread; without a file where we may not see it."""
        words = self._text(tgid, "cmdline")
        exe = self._link(tgid, "exe")
        inode = device = mode = 0
        try:
            inode, device = file_identity(f"{self.root}/{tgid}/exe", devices)
            mode = os.stat(f"{self.root}/{tgid}/exe").st_mode
        except OSError:
            pass  # said in the docstring
        return Image(
            exe=exe.removesuffix(_DELETED),
            argv=tuple(words.removesuffix("\0").split("\0")) if words else (),
            cwd=self._link(tgid, "cwd"),
            inode=inode,
            device=device,
            mode=mode,
            is_deleted=exe.endswith(_DELETED),
        )

    def _link(self, tgid: int, name: str) -> str:
        try:
            return os.readlink(f"{self.root}/{tgid}/{name}")
        except OSError:
            return ""

    def _group(self, tgid: int) -> CgroupOf:
        path, others = "", list[str]()
        for line in self._text(tgid, "cgroup").splitlines():
            number, _, rest = line.partition(":")
            here = rest.partition(":")[2]
            if number == "0":
                path = here
            elif here not in ("/", *others):
                others.append(here)
        return CgroupOf(id=self._cgroup_id(path), path=path, others=tuple(others))

    def _credentials(self, tgid: int) -> dict[str, int]:
        found: dict[str, int] = {}
        for line in self._text(tgid, "status").splitlines():
            name, _, rest = line.partition(":")
            if name in ("Uid", "Gid"):
                names = _USERS if name == "Uid" else _GROUPS
                found |= dict(zip(names, map(int, rest.split()), strict=True))
            elif name in _CAPABILITIES:
                found[_CAPABILITIES[name]] = int(rest, 16)
        for name in ("loginuid", "sessionid"):
            try:
                found[name] = int(self._text(tgid, name))
            except (OSError, ValueError):
                continue  # a kernel without CONFIG_AUDIT
        return found

    def _namespaces(self, tgid: int) -> dict[str, int]:
        found: dict[str, int] = {}
        for name in _NAMESPACES:
            link = self._link(tgid, f"ns/{name}")
            number = link.partition("[")[2].rstrip("]")
            if number.isdigit():
                found[name] = int(number)
        return found

    def _boot_offset(self) -> int:
        """What this time namespace adds to CLOCK_BOOTTIME, and so to starts in /proc."""
        try:
            with open(f"{self.root}/self/timens_offsets", encoding="ascii") as file:
                rows = [line.split() for line in file]
        except OSError:
            return 0
        for row in rows:
            if row[0] == "boottime":
                return int(row[1]) * _SECOND_NS + int(row[2])
        return 0
