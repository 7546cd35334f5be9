"""A ring buffer in plain memory, which a test writes as the kernel does."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from mmap import PAGESIZE, mmap

from seismo.isa.map_types import MapType
from seismo.kernel.fd import Fd
from seismo.kernel.live import LiveKernel
from seismo.objects.map import Map
from seismo.objects.ringbuf import RingBuffer
from seismo.spec.types import MapSpec

SIZE = PAGESIZE
BUSY, DISCARD = 1 << 31, 1 << 30


class State(Enum):
    """What a program has done with a record that it reserved."""

    SUBMITTED = 0
    DISCARDED = DISCARD
    RESERVED = BUSY


@dataclass(frozen=True)
class Record:
    length: int
    state: State = State.SUBMITTED

    @property
    def room(self) -> int:
        return (self.length + 15) & -8


class RingMemory(LiveKernel):
    """A kernel whose one ring is plain memory; what the data's second mapping shows is written."""

    def __init__(self) -> None:
        super().__init__()
        self.consumer = mmap(-1, PAGESIZE)
        self.ring = mmap(-1, PAGESIZE + 2 * SIZE)
        self.produced = 0

    def mmap(self, fd: int, size: int, *, offset: int = 0, writable: bool = False) -> mmap:
        return self.ring if offset else self.consumer

    def close(self, fd: int) -> None:
        pass

    @property
    def room(self) -> int:
        (consumed,) = struct.unpack_from("=Q", self.consumer)
        return SIZE - 1 - (self.produced - int(consumed))

    def begin_at(self, position: int) -> None:
        """As if that many bytes had gone through already."""
        self.produced = position
        struct.pack_into("=Q", self.consumer, 0, position)
        struct.pack_into("=Q", self.ring, 0, position)

    def reserve(self, record: Record, data: bytes) -> int:
        """Put the record where the producer is; the position of its header."""
        at = self.produced
        self._write(at, struct.pack("=II", record.length | record.state.value, 0) + data)
        self.produced += record.room
        struct.pack_into("=Q", self.ring, 0, self.produced)
        return at

    def submit(self, at: int, length: int) -> None:
        self._write(at, struct.pack("=I", length))

    def _write(self, at: int, data: bytes) -> None:
        for shift, byte in enumerate(data):
            offset = (at + shift) % SIZE
            self.ring[PAGESIZE + offset] = self.ring[PAGESIZE + SIZE + offset] = byte


@contextmanager
def ring_over(kernel: RingMemory) -> Iterator[RingBuffer]:
    spec = MapSpec(name="r", type=MapType.RINGBUF, key_size=0, value_size=0, max_entries=SIZE)
    with Map(kernel, Fd(kernel, 0, "ring"), spec) as map_, RingBuffer(map_, kernel) as ring:
        yield ring
