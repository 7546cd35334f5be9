"""`MappedRing`, read by the reader of the kernel's rings."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seismo.base.errors import SyscallError
from seismo.engine.kernel import VmKernel
from seismo.engine.ring import MappedRing
from seismo.isa.map_types import MapType
from seismo.objects.map import Map
from seismo.objects.ringbuf import RingBuffer
from seismo.spec.types import MapSpec
from seismo.vm.errors import Errno

SIZE = 4096
SPEC = MapSpec(name="ring", type=MapType.RINGBUF, key_size=0, value_size=0, max_entries=SIZE)


class Pair:
    """A ring, and what reads it."""

    def __init__(self, kernel: VmKernel, map_: Map) -> None:
        ring = kernel.ring(int(map_.fd))
        assert ring is not None
        self.ring: MappedRing = ring
        self.reader = RingBuffer(map_, kernel)

    def read(self) -> list[bytes]:
        found: list[bytes] = []
        self.reader.consume(lambda record: found.append(record.tobytes()))
        return found


@pytest.fixture
def pair() -> Iterator[Pair]:
    kernel = VmKernel()
    with Map.create(kernel, SPEC) as map_:
        yield Pair(kernel, map_)


def test_records_come_as_they_were_written(pair: Pair) -> None:
    assert (pair.read(), pair.ring.has_records) == ([], False)
    for data in (b"", b"x", b"12345678", bytes(range(100))):
        pair.ring.output(data)
    assert pair.reader.pending_bytes == 8 + 16 + 16 + 112 == pair.ring.query(0)
    assert pair.read() == [b"", b"x", b"12345678", bytes(range(100))]
    assert [pair.ring.query(what) for what in range(4)] == [0, SIZE, 152, 152]


def test_a_record_in_work_holds_up_those_behind_it(pair: Pair) -> None:
    first = pair.ring.reserve(4)
    assert first is not None
    pair.ring.output(b"second")
    assert pair.read() == []
    first.data[:] = b"1st!"
    pair.ring.close(first, is_discarded=False)
    assert pair.read() == [b"1st!", b"second"]


def test_discarded_and_abandoned_records_are_passed_over(pair: Pair) -> None:
    dropped, _abandoned = pair.ring.reserve(4), pair.ring.reserve(5)
    assert dropped is not None
    pair.ring.output(b"kept")
    pair.ring.close(dropped, is_discarded=True)
    pair.ring.abandon()
    assert pair.read() == [b"kept"]
    assert pair.reader.pending_bytes == 0


def test_a_full_ring_refuses_until_it_is_read(pair: Pair) -> None:
    count = 0
    while pair.ring.reserve(56) is not None:
        count += 1
    # The kernel never fills the last byte, so as to tell a full ring from an empty one.
    assert count == SIZE // 64 - 1
    with pytest.raises(Errno) as refused:
        pair.ring.output(bytes(56))
    assert str(refused.value) == "Resource temporarily unavailable (EAGAIN)"
    pair.ring.abandon()
    assert pair.read() == []
    pair.ring.output(b"again")
    assert pair.read() == [b"again"]


@given(st.lists(st.lists(st.binary(max_size=900), max_size=4), max_size=20))
def test_nothing_is_lost_or_changed_as_the_ring_wraps_round(rounds: list[list[bytes]]) -> None:
    kernel = VmKernel()
    with Map.create(kernel, SPEC) as map_:
        pair = Pair(kernel, map_)
        for records in rounds:
            for data in records:
                pair.ring.output(data)
            assert pair.read() == records


@given(st.lists(st.integers(1, 30), max_size=20), st.integers(0, 40))
def test_runs_of_records_of_one_length_are_seen_in_one_piece(
    counts: list[int], length: int
) -> None:
    kernel = VmKernel()
    with Map.create(kernel, SPEC) as map_:
        pair = Pair(kernel, map_)
        written: list[bytes] = []
        found: list[bytes] = []
        for count in counts:
            for _ in range(count):
                data = len(written).to_bytes(2, "little").ljust(length + 2, b"\xff")
                pair.ring.output(data)
                written.append(data)
            for run in pair.reader.consume_runs():
                for n in range(run.count):
                    start = n * run.stride + 8
                    found.append(bytes(run.data[start : start + run.length]))
        assert found == written


def test_only_rings_are_mapped() -> None:
    kernel = VmKernel()
    spec = MapSpec(name="a", type=MapType.ARRAY, key_size=4, value_size=8, max_entries=1)
    with Map.create(kernel, spec) as array, pytest.raises(SyscallError) as refused:
        kernel.mmap(int(array.fd), 4096)
    assert refused.value.errno_name == "ENODEV"
