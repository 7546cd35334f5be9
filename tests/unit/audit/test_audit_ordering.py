"""Records in the order of time: what is held back, and what comes too late."""

from __future__ import annotations

from audit_bytes import syscall
from ring_memory import Record, RingMemory, ring_over
from seismo.audit.catalog.build import shipped_catalog
from seismo.audit.record.decode import Decoder
from seismo.audit.record.handlers import NO_HANDLERS
from seismo.audit.tracer.ordering import Ordering
from seismo.audit.tracer.reader import Reader


def put(ordering: Ordering, *times: int) -> None:
    ordering.put([str(one).encode() for one in times], list(times))


def taken(records: list[bytes]) -> list[int]:
    return [int(one) for one in records]


def test_what_is_younger_than_the_bound_waits() -> None:
    ordering = Ordering(10)
    put(ordering, 100, 103, 101, 115)
    assert taken(ordering.take()) == [100, 101, 103]
    assert len(ordering) == 1
    put(ordering, 112, 116)
    assert taken(ordering.take()) == []
    assert taken(ordering.take(now_ns=125)) == [112, 115]
    assert taken(ordering.take_all()) == [116]
    assert ordering.out_of_order == 0


def test_what_is_at_the_bound_goes() -> None:
    ordering = Ordering(10)
    put(ordering, 100, 110)
    assert taken(ordering.take()) == [100]


def test_what_comes_too_late_is_given_and_counted() -> None:
    ordering = Ordering(10)
    put(ordering, 100, 120)
    assert taken(ordering.take()) == [100]
    put(ordering, 90, 95, 100, 130)
    assert taken(ordering.take()) == [90, 95, 100, 120]
    assert ordering.out_of_order == 2
    assert taken(ordering.take_all()) == [130]
    assert ordering.out_of_order == 2


def test_the_same_time_keeps_the_order_of_coming() -> None:
    ordering = Ordering(1)
    ordering.put([b"a", b"b"], [5, 5])
    ordering.put([b"c", b"d"], [4, 5])
    assert ordering.take_all() == [b"c", b"a", b"b", b"d"]


def test_a_reader_counts_by_type_and_cpu_and_sees_holes() -> None:
    kernel = RingMemory()
    kernel.begin_at(0)
    getppid, read = (shipped_catalog()[name].id for name in ("getppid", "read"))
    records = [
        syscall(getppid, time_ns=30, cpu=0, sequence=1),
        syscall(getppid, time_ns=20, cpu=1, sequence=4),  # three were lost before it
        syscall(read, time_ns=10, cpu=0, sequence=3),  # interrupted the next one
        syscall(read, time_ns=40, cpu=0, sequence=2),
        syscall(getppid, time_ns=50, cpu=1, sequence=6),
        b"too short",
    ]
    with ring_over(kernel) as ring:
        reader = Reader(ring, Decoder(shipped_catalog()), order_ns=5)
        for one in records:
            kernel.reserve(Record(len(one)), one)
        batch = reader.drain(NO_HANDLERS)
        assert list(batch) == [records[2], records[1], records[0], records[3], records[4]]
        assert reader.received == {getppid: 3, read: 2}
        assert reader.received_by_cpu == {0: 3, 1: 2}
        assert reader.last_sequences == {0: 3, 1: 6}
        assert reader.holes() == 3 + 1
        assert reader.undecodable == 1
        assert not reader.has_more


def test_a_reader_that_stops_at_its_limit_holds_back_by_what_has_come() -> None:
    """What is still in the ring may be older than now."""
    kernel = RingMemory()
    kernel.begin_at(0)
    number = shipped_catalog()["getppid"].id
    first, second, third = (syscall(number, time_ns=time) for time in (100, 200, 150))
    with ring_over(kernel) as ring:
        reader = Reader(ring, Decoder(shipped_catalog()), order_ns=60)
        longer = syscall(number, time_ns=160) + bytes(0)
        for one in (first, second):
            kernel.reserve(Record(len(one)), one)
        kernel.reserve(Record(9), b"a hurdle.")
        for one in (third, longer):
            kernel.reserve(Record(len(one)), one)
        assert list(reader.drain(NO_HANDLERS, limit=1)) == [first]
        assert reader.held() == {number: 1}
        assert reader.reached_ns == 200 - 60
        assert list(reader.drain_all(NO_HANDLERS)) == [third, longer, second]
        assert reader.out_of_order == 0
