"""Both ways to read a ring, over memory that this test writes as the kernel does."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from mmap import PAGESIZE, mmap

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
        return SIZE - 1 - (self.produced - struct.unpack_from("=Q", self.consumer)[0])

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


def read_one_by_one(ring: RingBuffer) -> list[bytes]:
    records: list[bytes] = []
    assert ring.consume(lambda record: records.append(record.tobytes())) == len(records)
    return records


def read_by_runs(ring: RingBuffer) -> list[bytes]:
    return [
        run.data[at : at + run.length].tobytes()
        for run in ring.consume_runs()
        for at in range(8, run.stride * run.count, run.stride)
    ]


READERS = [read_one_by_one, read_by_runs]

lengths = st.sampled_from([1, 4, 8, 12, 16, 16, 16, 16, 48, 200])
records = st.builds(
    Record, lengths, st.sampled_from([State.SUBMITTED] * 6 + [State.DISCARDED, State.RESERVED])
)


@pytest.mark.parametrize("read", READERS)
@given(
    start=st.integers(0, 100 * SIZE).map(lambda n: n & -8),
    batches=st.lists(st.lists(records, max_size=40), min_size=1, max_size=5),
)
def test_what_was_submitted_before_the_first_busy_record_is_read(
    read: object, start: int, batches: list[list[Record]]
) -> None:
    """A record in work holds up those behind it, until it is submitted."""
    kernel = RingMemory()
    kernel.begin_at(start)
    waiting: list[tuple[Record, bytes, int]] = []
    serial = 0
    with ring_over(kernel) as ring:
        for batch in batches:
            for record in batch:
                if record.room > kernel.room:
                    break
                serial += 1
                data = (serial.to_bytes(4, "little") * 50)[: record.length]
                waiting.append((record, data, kernel.reserve(record, data)))
            busy = [one for one in waiting if one[0].state is State.RESERVED]
            ready = waiting[: waiting.index(busy[0])] if busy else waiting
            expected = [data for record, data, _ in ready if record.state is State.SUBMITTED]
            assert read(ring) == expected
            waiting = waiting[len(ready) :]
            assert ring.pending_bytes == sum(record.room for record, _, _ in waiting)
            for at, (record, data, position) in enumerate(waiting):
                if record.state is State.RESERVED:
                    kernel.submit(position, record.length)
                    waiting[at] = (Record(record.length), data, position)


@pytest.mark.parametrize("count", [1, 15, 16, 17, 18, 80, 81, 82, 127])
def test_a_run_is_as_long_as_its_records_are_alike(count: int) -> None:
    """Around the sizes of the chunks in which the reader looks ahead."""
    kernel = RingMemory()
    kernel.begin_at(SIZE - 64)
    with ring_over(kernel) as ring:
        for _ in range(count):
            kernel.reserve(Record(16), bytes(16))
        kernel.reserve(Record(20), bytes(20))
        runs = [(run.length, run.stride, run.count) for run in ring.consume_runs()]
    assert runs == [(16, 24, count), (20, 32, 1)]


def test_a_limit_leaves_the_rest_for_the_next_time() -> None:
    """Also when the producer is as fast as the reader: a call then must not go on for ever."""
    kernel = RingMemory()
    with ring_over(kernel) as ring:
        seen: list[bytes] = []

        def take(record: memoryview) -> None:
            seen.append(record.tobytes())
            kernel.reserve(Record(4), len(seen).to_bytes(4, "little"))

        kernel.reserve(Record(4), bytes(4))
        assert [ring.consume(take, 10), ring.consume(take, 5)] == [10, 5]
    assert seen == [number.to_bytes(4, "little") for number in range(15)]
    assert ring_is_waiting(kernel)


def ring_is_waiting(kernel: RingMemory) -> bool:
    """Whether exactly the last record that was produced is still to be consumed."""
    return kernel.produced - struct.unpack_from("=Q", kernel.consumer)[0] == Record(4).room
