"""Both ways to read a ring, over memory that this test writes as the kernel does."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ring_memory import SIZE, Record, RingMemory, State, ring_over
from seismo.objects.ringbuf import RingBuffer


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


def test_no_record_behind_a_position_is_consumed() -> None:
    kernel = RingMemory()
    with ring_over(kernel) as ring:
        for number in range(3):
            kernel.reserve(Record(4), number.to_bytes(4, "little"))
        second = Record(4).room
        seen: list[int] = []

        def take(record: memoryview) -> None:
            seen.append(record[0])

        assert ring.produced == 3 * second
        assert ring.consume(take, until=0) == 0
        assert ring.consume(take, until=second) == 1
        assert (seen, ring.consumed) == ([0], second)
        assert ring.consume(take, until=100 * second) == 2
        assert (seen, ring.consumed) == ([0, 1, 2], ring.produced)


def ring_is_waiting(kernel: RingMemory) -> bool:
    """Whether exactly the last record that was produced is still to be consumed."""
    return kernel.produced - struct.unpack_from("=Q", kernel.consumer)[0] == Record(4).room
