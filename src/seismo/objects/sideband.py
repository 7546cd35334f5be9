"""`Sideband`: what processes map, start, become and end, as the kernel tells it while it happens.

>>> with Sideband(kernel) as sideband:
...     sideband.drain(print)
ExecRecord(time_ns=…, pid=4711)
MapRecord(time_ns=…, pid=4711, start=4198400, size=4096, offset=4096, …, path='/usr/bin/true')

Every CPU has a ring of its own; records carry the time, by which those of all rings are put in
order. Only executable mappings are told of, and no unmapping.
"""

from __future__ import annotations

import os
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from operator import attrgetter
from typing import TypeAlias

from seismo.base.closing import Closing
from seismo.base.dataclass import dataclass
from seismo.kernel.perf_sideband import COMM_IS_EXEC, SidebandRecord, open_sideband
from seismo.kernel.proc import online_cpus
from seismo.kernel.protocol import Kernel
from seismo.objects.perf_ring import PerfRing, lost_records

__all__ = ("ExecRecord", "ExitRecord", "ForkRecord", "MapRecord", "ProcessRecord", "Sideband")

_PAGES = 128
"""With its page of positions, what kernel.perf_event_mlock_kb grants each CPU unless changed."""

_WAKE_BYTES = 256
"""About half of what an exec writes: files can be looked at while the process is there, and a busy
machine does not wake us for every record."""

_IDS = struct.Struct("=II")  # pid, tid
_MAP = struct.Struct("=IIQQQIIQQII")  # struct perf_record_mmap2, up to its file name
_TASK = struct.Struct("=IIIIQ")  # pid, ppid, tid, ptid, time
_TIME = struct.Struct("=Q")


@dataclass(frozen=True, slots=True)
class MapRecord:
    """`size` bytes at `start` are executable from now on: those of the file from `offset` on.

    The file is (`device`, as os.makedev() has it, `inode`), and `path` in the process's root;
    `//anon` or a name in brackets for memory without a file.
    """

    time_ns: int
    pid: int
    start: int
    size: int
    offset: int
    device: int
    inode: int
    path: str


@dataclass(frozen=True, slots=True)
class ExecRecord:
    """The process begins another program: all that it had mapped is gone."""

    time_ns: int
    pid: int


@dataclass(frozen=True, slots=True)
class ForkRecord:
    """A new process, with all that `parent` has mapped."""

    time_ns: int
    pid: int
    parent: int


@dataclass(frozen=True, slots=True)
class ExitRecord:
    """The last thread to tell of the process has ended; others of it may go on."""

    time_ns: int
    pid: int


ProcessRecord: TypeAlias = MapRecord | ExecRecord | ForkRecord | ExitRecord
"""Times are in ns by CLOCK_MONOTONIC, process ids those of our own PID namespace."""


class Sideband(Closing):
    """Reads the rings of all online CPUs; `lost` counts the records that found no room in one.

    Raises `SyscallError` where the kernel refuses. `open_sideband` tells what it takes.
    """

    def __init__(self, kernel: Kernel) -> None:
        self.lost = 0
        self._waiting: list[ProcessRecord] = []
        with ExitStack() as on_error:
            self._rings = [
                on_error.enter_context(_opened(kernel, cpu)) for cpu in online_cpus(kernel)
            ]
            self._owned = on_error.pop_all()

    @property
    def fds(self) -> tuple[int, ...]:
        """What poll waits for: something has happened."""
        return tuple([int(ring.event) for ring in self._rings])

    def drain(self, act: Callable[[ProcessRecord], object]) -> int:
        """Hand out what has happened up to now, in order; how many records.

        What one ring has from after its fellows were read stays for the next time.
        """
        now = time.monotonic_ns()
        for ring in self._rings:
            for type_, misc, body in ring.take():
                self._sort_in(type_, misc, body)
        if not self._waiting:
            return 0
        self._waiting.sort(key=attrgetter("time_ns"))
        ready = [one for one in self._waiting if one.time_ns <= now]
        del self._waiting[: len(ready)]
        for record in ready:
            act(record)
        return len(ready)

    def close(self) -> None:
        """Close the rings."""
        self._owned.close()

    def _sort_in(self, type_: int, misc: int, body: memoryview) -> None:
        if type_ == SidebandRecord.LOST:
            self.lost += lost_records(body)
        else:
            self._waiting += _records(type_, misc, body)


def _records(type_: int, misc: int, body: memoryview) -> Iterator[ProcessRecord]:
    """The record, if it is about a process and not one of its threads."""
    (time_ns,) = _TIME.unpack_from(body, len(body) - _TIME.size)
    match type_:
        case SidebandRecord.MMAP2:
            pid, _, start, size, offset, major, minor, inode, *_ = _MAP.unpack_from(body)
            path = bytes(body[_MAP.size :]).partition(b"\0")[0].decode("utf-8", "surrogateescape")
            device = os.makedev(major, minor)
            yield MapRecord(time_ns, pid, start, size, offset, device, inode, path)
        case SidebandRecord.COMM if misc & COMM_IS_EXEC:
            yield ExecRecord(time_ns, _IDS.unpack_from(body)[0])
        case SidebandRecord.FORK:
            pid, parent, *_ = _TASK.unpack_from(body)
            if pid != parent:
                yield ForkRecord(time_ns, pid, parent)
        case SidebandRecord.EXIT:
            pid, _, tid, *_ = _TASK.unpack_from(body)
            if pid == tid:
                yield ExitRecord(time_ns, pid)
        case _:
            pass


def _opened(kernel: Kernel, cpu: int) -> PerfRing:
    with ExitStack() as on_error:
        ring = PerfRing(kernel, open_sideband(kernel, cpu, _WAKE_BYTES), _PAGES)
        on_error.enter_context(ring)
        ring.enable()
        on_error.pop_all()
    return ring
