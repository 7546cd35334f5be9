"""Ring and perf buffers: every record that was sent arrives once, every lost one is counted."""

from __future__ import annotations

import os
import random
import struct
import sys
from collections.abc import Iterator

import numpy as np
import pytest

from bpf_programs import (
    counter_map,
    reserving_program,
    ring_map,
    sending_program,
    u32,
    u64,
)
from seismo.base.errors import FormatError
from seismo.isa.map_types import MapType
from seismo.kernel.live import LiveKernel
from seismo.objects.errors import BadSpec
from seismo.objects.load import Loaded, load
from seismo.objects.perfbuf import PerfBuffer
from seismo.objects.ring_array import read_arrays
from seismo.objects.ringbuf import RingBuffer
from seismo.spec.types import MapSpec, ObjectSpec

pytestmark = pytest.mark.kernel

SMALL, ODD, LARGE = 16, 20, 48
PAIR = np.dtype([("number", "u8"), ("zero", "u8")])


def rings(size: int) -> ObjectSpec:
    """A ring and programs that put a record of each size, or a discarded one, into it."""
    return ObjectSpec(
        maps=(ring_map("events", size), counter_map("lost")),
        programs=(
            sending_program("small", "events", "lost", SMALL, perf=False),
            sending_program("large", "events", "lost", LARGE, perf=False),
            reserving_program("odd", "events", ODD, submit=True),
            reserving_program("discard", "events", LARGE, submit=False),
        ),
    )


@pytest.fixture
def loaded(kernel: LiveKernel) -> Iterator[Loaded]:
    with load(rings(1 << 16), kernel) as loaded:
        yield loaded


@pytest.fixture
def ring(kernel: LiveKernel, loaded: Loaded) -> Iterator[RingBuffer]:
    with RingBuffer(loaded.maps["events"], kernel) as ring:
        yield ring


def send(loaded: Loaded, program: str, numbers: range) -> None:
    run = loaded.programs[program].test_run
    for number in numbers:
        run(ctx=u64(number))


def counted(loaded: Loaded, name: str) -> int:
    return int.from_bytes(loaded.maps[name].get(u32(0)), sys.byteorder)


def number_of(record: memoryview) -> int:
    return struct.unpack_from("=Q", record)[0]


def test_every_record_arrives_once_and_in_order(loaded: Loaded, ring: RingBuffer) -> None:
    """Far more than the ring holds passes through it, so records wrap round many times."""
    received: list[int] = []
    for first in range(0, 10_000, 500):
        send(loaded, "large", range(first, first + 500))
        assert ring.consume(lambda record: received.append(number_of(record))) == 500
    assert received == list(range(10_000))
    assert counted(loaded, "lost") == 0
    assert ring.pending_bytes == 0


def test_produced_is_received_plus_lost(kernel: LiveKernel) -> None:
    with load(rings(4096), kernel) as loaded, RingBuffer(loaded.maps["events"], kernel) as ring:
        send(loaded, "large", range(1000))
        received = ring.consume(len)
        assert counted(loaded, "lost") == 1000 - received
        # 56 bytes with the header; the ring is full when one byte less than its size is used
        assert received == 4095 // 56


def test_poll_waits_for_records_only(loaded: Loaded, ring: RingBuffer) -> None:
    assert not ring.poll(timeout_ms=0)
    assert not ring.poll(timeout_ms=20)
    send(loaded, "small", range(1))
    assert ring.poll(timeout_ms=1000)
    assert ring.pending_bytes == 24
    assert ring.consume(len) == 1
    assert not ring.poll(timeout_ms=0)


def test_discarded_records_are_passed_over(loaded: Loaded, ring: RingBuffer) -> None:
    for program in ("discard", "small", "discard", "discard", "large", "discard"):
        send(loaded, program, range(7, 8))
    assert [run.length for run in ring.consume_runs()] == [SMALL, LARGE]
    send(loaded, "discard", range(3))
    assert ring.consume(len) == 0
    assert ring.pending_bytes == 0


def test_a_raising_callback_has_had_its_record(loaded: Loaded, ring: RingBuffer) -> None:
    send(loaded, "small", range(3))

    def refuse(record: memoryview) -> None:
        raise ValueError(number_of(record))

    for number in (0, 1):
        with pytest.raises(ValueError, match=str(number)):
            ring.consume(refuse)
    rest: list[int] = []
    ring.consume(lambda record: rest.append(number_of(record)))
    assert rest == [2]


def test_a_run_is_given_back_when_it_was_used(loaded: Loaded, ring: RingBuffer) -> None:
    send(loaded, "small", range(10))
    runs = ring.consume_runs()
    run = next(runs)
    assert (run.count, run.length, run.stride) == (10, SMALL, 24)
    assert ring.pending_bytes == 240
    runs.close()
    assert ring.pending_bytes == 0


def read_one_by_one(ring: RingBuffer) -> list[bytes]:
    records: list[bytes] = []
    ring.consume(lambda record: records.append(record.tobytes()))
    return records


def read_by_runs(ring: RingBuffer) -> list[bytes]:
    return [
        run.data[at : at + run.length].tobytes()
        for run in ring.consume_runs()
        for at in range(8, run.stride * run.count, run.stride)
    ]


@pytest.mark.parametrize("seed", range(5))
def test_runs_and_callback_see_the_same(kernel: LiveKernel, seed: int) -> None:
    """The same mix of sizes and discards through two rings, read by one path each."""
    chosen = random.Random(seed)
    program_of = ["small", "large", "odd", "discard"]
    with (
        load(rings(1 << 15), kernel) as left,
        load(rings(1 << 15), kernel) as right,
        RingBuffer(left.maps["events"], kernel) as one_by_one,
        RingBuffer(right.maps["events"], kernel) as by_runs,
    ):
        total = 0
        for _ in range(12):
            for _ in range(chosen.randrange(1, 9)):
                program = chosen.choice(program_of)
                first = chosen.randrange(1000)
                numbers = range(first, first + chosen.choice([1, 2, 15, 16, 17, 50]))
                send(left, program, numbers)
                send(right, program, numbers)
            records = read_one_by_one(one_by_one)
            assert read_by_runs(by_runs) == records
            total += len(records)
        assert counted(left, "lost") == counted(right, "lost")
        assert total > 300


def test_arrays_hold_what_was_sent(loaded: Loaded, ring: RingBuffer) -> None:
    received: list[int] = []
    for first in range(0, 6000, 1500):
        send(loaded, "small", range(first, first + 1500))
        for array in read_arrays(ring, PAIR):
            assert array.dtype == PAIR
            assert not array["zero"].any()
            received.extend(array["number"].tolist())
    assert received == list(range(6000))


def test_an_array_of_another_size_is_refused(loaded: Loaded, ring: RingBuffer) -> None:
    send(loaded, "small", range(4))
    send(loaded, "large", range(1))
    arrays = read_arrays(ring, PAIR)
    assert next(arrays)["number"].tolist() == [0, 1, 2, 3]
    with pytest.raises(FormatError, match="a record of 48 bytes where 16 were due"):
        next(arrays)


def test_a_kept_array_outlives_the_ring(kernel: LiveKernel, loaded: Loaded) -> None:
    send(loaded, "small", range(4))
    with RingBuffer(loaded.maps["events"], kernel) as ring:
        array = next(read_arrays(ring, PAIR))
    assert array["number"].tolist() == [0, 1, 2, 3]


@pytest.fixture
def perf_loaded(kernel: LiveKernel) -> Iterator[Loaded]:
    events = MapSpec(
        name="events",
        type=MapType.PERF_EVENT_ARRAY,
        key_size=4,
        value_size=4,
        max_entries=os.cpu_count() or 1,
    )
    spec = ObjectSpec(
        maps=(events, counter_map("lost")),
        programs=(
            sending_program("small", "events", "lost", SMALL, perf=True),
            sending_program("large", "events", "lost", LARGE, perf=True),
        ),
    )
    with load(spec, kernel) as loaded:
        yield loaded


@pytest.fixture
def one_cpu() -> Iterator[int]:
    """This thread stays on one CPU, so that one perf ring has all records in order."""
    before = os.sched_getaffinity(0)
    cpu = max(before)
    os.sched_setaffinity(0, {cpu})
    yield cpu
    os.sched_setaffinity(0, before)


@pytest.mark.usefixtures("one_cpu")
def test_perf_records_arrive_once_and_in_order(kernel: LiveKernel, perf_loaded: Loaded) -> None:
    received: list[int] = []
    sizes: set[int] = set()

    def note(record: memoryview) -> None:
        sizes.add(len(record))
        received.append(number_of(record))

    with PerfBuffer(perf_loaded.maps["events"], kernel, pages=2) as buffer:
        assert not buffer.poll(timeout_ms=0)
        for first in range(0, 3000, 60):
            send(perf_loaded, "large" if first % 120 else "small", range(first, first + 60))
            assert buffer.poll(timeout_ms=1000)
            assert buffer.consume(note) == 60
        assert buffer.lost == 0
    assert received == list(range(3000))
    # u32 size + data, rounded up to 8: 16 becomes 20, 48 becomes 52
    assert sizes == {20, 52}


@pytest.mark.usefixtures("one_cpu")
def test_perf_losses_are_counted_exactly(kernel: LiveKernel, perf_loaded: Loaded) -> None:
    with PerfBuffer(perf_loaded.maps["events"], kernel, pages=1) as buffer:
        send(perf_loaded, "large", range(1000))
        received = buffer.consume(len)
        assert 0 < received < 1000
        # the kernel tells of the loss in front of the next record
        send(perf_loaded, "large", range(1))
        assert buffer.consume(len) == 1
        assert received + buffer.lost == 1000
        assert buffer.lost == counted(perf_loaded, "lost")


@pytest.mark.usefixtures("one_cpu")
def test_perf_losses_add_up_when_callbacks_raise(kernel: LiveKernel, perf_loaded: Loaded) -> None:
    """A reader that gives up now and then leaves room for some records and the next loss."""
    received: list[int] = []

    def give_up_at_tens(record: memoryview) -> None:
        received.append(number_of(record))
        if len(received) % 10 == 0:
            raise InterruptedError

    with PerfBuffer(perf_loaded.maps["events"], kernel, pages=1) as buffer:
        for first in range(0, 2000, 100):
            send(perf_loaded, "large", range(first, first + 100))
            with pytest.raises(InterruptedError):
                buffer.consume(give_up_at_tens)
        assert len(received) == 200
        buffer.consume(lambda record: received.append(number_of(record)))
        send(perf_loaded, "large", range(2000, 2001))
        buffer.consume(lambda record: received.append(number_of(record)))
        assert buffer.lost == counted(perf_loaded, "lost") == 2001 - len(received)
    assert received == sorted(set(received))


def test_perf_records_of_every_cpu_arrive(kernel: LiveKernel, perf_loaded: Loaded) -> None:
    before = os.sched_getaffinity(0)
    received: list[int] = []
    try:
        with PerfBuffer(perf_loaded.maps["events"], kernel) as buffer:
            for cpu in sorted(before):
                os.sched_setaffinity(0, {cpu})
                send(perf_loaded, "small", range(cpu, cpu + 1))
            buffer.consume(lambda record: received.append(number_of(record)))
    finally:
        os.sched_setaffinity(0, before)
    assert received == sorted(before)


def test_a_perf_ring_of_three_pages_is_refused(kernel: LiveKernel, perf_loaded: Loaded) -> None:
    with pytest.raises(BadSpec, match="a ring cannot have 3 pages"):
        PerfBuffer(perf_loaded.maps["events"], kernel, pages=3)
