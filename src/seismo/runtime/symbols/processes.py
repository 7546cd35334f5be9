"""`Processes`: what every process has mapped to execute, now and before.

It begins with /proc/PID/maps of those that there are, and goes on with what the side band tells. So
the mappings of a process are known when it has ended, and those of the program before its exec. No
record tells of a mapping's end: a later one in its place does.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence

from seismo.base.errors import SyscallError
from seismo.events.stack import Frame
from seismo.kernel.protocol import Kernel
from seismo.objects.sideband import ExecRecord, ExitRecord, ForkRecord, MapRecord, ProcessRecord
from seismo.runtime.symbols.mappings import (
    UNMAPPED,
    AddressSpace,
    Mapping,
    executable_lines,
    mapped_file,
    parse_maps,
)

__all__ = ("Process", "Processes", "Sighted")

_MOST_IMAGES = 8
_MOST_ENDED = 8192

Sighted = Callable[[int, Mapping], None]
"""Is told (process, mapping) while the process is likely to be there still."""


class Process:
    """The program images of one process id, the last one last.

    `since_ns` is the time by CLOCK_MONOTONIC up to which /proc has told everything. `frames` are
    for who asks, to keep what follows from the mappings: none is kept when they change.
    """

    __slots__ = ("frames", "images", "since_ns")

    def __init__(self, space: AddressSpace, since_ns: int) -> None:
        self.images = [space]
        self.since_ns = since_ns
        self.frames: dict[tuple[AddressSpace, int, bool], Frame] = {}

    @property
    def space(self) -> AddressSpace:
        """What is mapped now, or was last."""
        return self.images[-1]

    def begin(self, space: AddressSpace) -> None:
        """Another program, or another process of the same id."""
        self.images = [*self.images[1 - _MOST_IMAGES :], space]
        self.frames.clear()

    def map(self, mapping: Mapping) -> None:
        """One more mapping."""
        self.space.add(mapping)
        self.frames.clear()

    def image_of(self, addresses: Sequence[int]) -> AddressSpace:
        """The image that a stack is from: the last of those that have most of its addresses."""
        if len(self.images) == 1:
            return self.images[0]

        def mapped(space: AddressSpace) -> int:
            return sum([space.at(address) is not UNMAPPED for address in addresses])

        return max(reversed(self.images), key=mapped)


class Processes:
    """Processes by their ids in our own PID namespace.

    Only those are followed that `pid` is or forks, if it is not 0.
    """

    def __init__(self, kernel: Kernel, sighted: Sighted, pid: int = 0) -> None:
        self._kernel = kernel
        self._sighted = sighted
        self._is_selective = pid > 0
        self._known: dict[int, Process] = {}
        self._unparsed: dict[int, tuple[bytes, int]] = {}
        self._ended: dict[int, None] = {}
        namespace = _mount_namespace(os.getpid())
        for one in [pid] if pid else _process_ids():
            self._take_down(one, is_foreign=_mount_namespace(one) != namespace)

    def find(self, pid: int) -> Process:
        """What is known of a process; if that is nothing, what /proc knows now."""
        if pid in self._known:
            return self._known[pid]
        if pid in self._unparsed:
            text, since_ns = self._unparsed.pop(pid)
        else:
            text, since_ns = self._maps(pid)
        process = self._known[pid] = Process(AddressSpace(parse_maps(text)), since_ns)
        for mapping in process.space:
            self._sighted(pid, mapping)
        return process

    def look_again(self, pid: int) -> Process:
        """What /proc knows now, if the process is there still, behind what was known."""
        process = self.find(pid)
        text, since_ns = self._maps(pid)
        if text:
            process.begin(AddressSpace(parse_maps(text)))
            process.since_ns = since_ns
        return process

    def apply(self, record: ProcessRecord) -> None:
        """Learn from the side band; it says 0 for processes outside of our PID namespace."""
        followed = record.parent if isinstance(record, ForkRecord) else record.pid
        if not record.pid or (self._is_selective and not self._has(followed)):
            return
        match record:
            case MapRecord():
                self._map(record)
            case ExecRecord():
                process = self.find(record.pid)
                if record.time_ns >= process.since_ns:
                    process.begin(AddressSpace())
            case ForkRecord():
                self._fork(record)
            case ExitRecord():
                self._end(record.pid)

    def _has(self, pid: int) -> bool:
        return pid in self._known or pid in self._unparsed

    def _take_down(self, pid: int, *, is_foreign: bool) -> None:
        """Read the mappings; what they are is looked at when it is asked for.

        Files that only the process may reach are opened while it is there.
        """
        text, since_ns = self._maps(pid)
        if text:
            self._unparsed[pid] = text, since_ns
            if is_foreign or b" (deleted)\n" in text:
                self.find(pid)

    def _maps(self, pid: int) -> tuple[bytes, int]:
        """(the lines about executable mappings, the time before they were read); none of a process
        that is not there, as of one of the kernel's own, and time 0."""
        now = time.monotonic_ns()
        try:
            text = executable_lines(self._kernel.read_file(f"/proc/{pid}/maps"))
        except SyscallError:
            text = b""
        return text, now if text else 0

    def _map(self, record: MapRecord) -> None:
        process = self.find(record.pid)
        if record.time_ns < process.since_ns:
            return
        file = mapped_file(record.path, record.device, record.inode)
        mapping = Mapping(record.start, record.start + record.size, record.offset, file)
        process.map(mapping)
        self._sighted(record.pid, mapping)

    def _fork(self, record: ForkRecord) -> None:
        parent = self.find(record.parent)
        self._ended.pop(record.pid, None)
        if not self._has(record.pid):
            self._known[record.pid] = Process(parent.space.forked(), record.time_ns)
            return
        child = self.find(record.pid)
        if record.time_ns >= child.since_ns:
            child.begin(parent.space.forked())

    def _end(self, pid: int) -> None:
        """Of too many that have ended, the first is forgotten."""
        self._ended[pid] = None
        if len(self._ended) > _MOST_ENDED:
            forgotten = next(iter(self._ended))
            del self._ended[forgotten]
            self._known.pop(forgotten, None)
            self._unparsed.pop(forgotten, None)


def _process_ids() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def _mount_namespace(pid: int) -> int:
    """Its number; 0 for a process that has gone."""
    try:
        return os.stat(f"/proc/{pid}/ns/mnt").st_ino
    except OSError:
        return 0
