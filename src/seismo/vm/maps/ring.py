"""Ring buffers and perf event arrays: records on their way to user space."""

from __future__ import annotations

import errno

from seismo.base.bits import U32_MAX, align_up
from seismo.base.dataclass import dataclass
from seismo.spec.types import MapSpec
from seismo.vm.errors import Errno
from seismo.vm.maps.vm_map import VmMap, array_index

__all__ = ("PerfMap", "Record", "RingMap")

_HEADER_BYTES = 8
_MAX_RECORD = (U32_MAX >> 2) - _HEADER_BYTES
_AVAILABLE, _SIZE, _CONSUMER, _PRODUCER = range(4)


@dataclass(slots=True, eq=False)
class Record:
    """What was reserved: `is_open` until it is submitted or discarded. It begins, with its header,
    at `position`, which counts bytes since ever."""

    ring: RingMap
    data: bytearray
    position: int
    is_open: bool = True
    is_discarded: bool = False


class RingMap(VmMap):
    """RINGBUF: `max_entries` bytes, of which a record takes its own and a header, up to a multiple
    of 8. Room comes back by `drain`, in the order of reservations."""

    def __init__(self, spec: MapSpec, cpus: int = 1) -> None:
        super().__init__(spec, cpus)
        self._records: list[Record] = []
        self._consumed = 0
        self._produced = 0

    @property
    def consumed(self) -> int:
        """The position before which all room has come back."""
        return self._consumed

    @property
    def produced(self) -> int:
        """The position before which everything has been reserved."""
        return self._produced

    def reserve(self, size: int) -> Record | None:
        """Room for a record; None when the ring is full."""
        position = self.produced
        end = position + align_up(size + _HEADER_BYTES, _HEADER_BYTES)
        if size > _MAX_RECORD or end - self.consumed >= self.spec.max_entries:
            return None
        record = Record(self, bytearray(size), position)
        self._keep(record, end)
        return record

    def close(self, record: Record, *, is_discarded: bool) -> None:
        """Submit a record, or discard it."""
        record.is_open, record.is_discarded = False, is_discarded

    def output(self, data: bytes) -> None:
        """A record at once; Errno (EAGAIN) when the ring is full."""
        record = self.reserve(len(data))
        if record is None:
            raise Errno(errno.EAGAIN)
        record.data[:] = data
        self.close(record, is_discarded=False)

    def drain(self) -> list[bytes]:
        """The records up to the first that is still open, which they stop at."""
        taken: list[bytes] = []
        while self._records and not self._records[0].is_open:
            record = self._records.pop(0)
            self._consumed += align_up(len(record.data) + _HEADER_BYTES, _HEADER_BYTES)
            if not record.is_discarded:
                taken.append(bytes(record.data))
        return taken

    def query(self, what: int) -> int:
        """What `bpf_ringbuf_query` answers; 0 for a question that it does not know."""
        answers = {
            _AVAILABLE: self.produced - self.consumed,
            _SIZE: self.spec.max_entries,
            _CONSUMER: self.consumed,
            _PRODUCER: self.produced,
        }
        return answers.get(what, 0)

    def _keep(self, record: Record, end: int) -> None:
        """Take note of a record that reaches to the position `end`."""
        self._records.append(record)
        self._produced = end


class PerfMap(VmMap):
    """PERF_EVENT_ARRAY: a buffer a processor, all of them open; `records` are (cpu, bytes)."""

    def __init__(self, spec: MapSpec, cpus: int = 1) -> None:
        super().__init__(spec, cpus)
        self.records: list[tuple[int, bytes]] = []

    def output(self, index: int, data: bytes, cpu: int) -> None:
        """A record into the buffer of a processor, which must be the one that runs."""
        if index >= self.spec.max_entries:
            raise Errno(errno.E2BIG)
        if index >= self.cpus:
            raise Errno(errno.ENOENT)
        if index != cpu:
            raise Errno(errno.EOPNOTSUPP)
        self.records.append((index, data))

    def delete(self, key: bytes) -> None:
        if array_index(key) >= self.spec.max_entries:
            raise Errno(errno.E2BIG)
