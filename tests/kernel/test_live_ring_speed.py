"""How many records a second the ring's readers decode, in this thread's own CPU time."""

from __future__ import annotations

import struct
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from bpf_programs import flooding_program, ring_map
from seismo.kernel.live import LiveKernel
from seismo.objects.load import load
from seismo.objects.ring_array import read_arrays
from seismo.objects.ringbuf import RingBuffer
from seismo.spec.types import ObjectSpec

pytestmark = [pytest.mark.kernel, pytest.mark.speed]

LENGTH = 48
FLOOD = 10_000
ROUNDS = 20
RECORD = np.dtype([("number", "u8"), ("rest", "u8", 5)])
SUM = FLOOD * (FLOOD - 1) // 2


@pytest.fixture
def flooded(kernel: LiveKernel) -> Iterator[tuple[RingBuffer, Callable[[], object]]]:
    """A ring and what fills it with FLOOD records."""
    spec = ObjectSpec(
        maps=(ring_map("events", 1 << 20),),
        programs=(flooding_program("flood", "events", LENGTH, FLOOD),),
    )
    with load(spec, kernel) as loaded, RingBuffer(loaded.maps["events"], kernel) as ring:
        yield ring, loaded.programs["flood"].test_run


def records_per_second(
    flooded: tuple[RingBuffer, Callable[[], object]], read: Callable[[RingBuffer], int]
) -> float:
    """The best of some rounds; `read` returns the sum of the numbers that it decoded."""
    ring, fill = flooded
    best = float("inf")
    for _ in range(ROUNDS):
        fill()
        start = time.thread_time()
        total = read(ring)
        best = min(best, time.thread_time() - start)
        assert total == SUM
    return FLOOD / best


def test_arrays_decode_two_million_a_second(
    flooded: tuple[RingBuffer, Callable[[], object]],
) -> None:
    def read(ring: RingBuffer) -> int:
        return sum(int(array["number"].sum()) for array in read_arrays(ring, RECORD))

    assert records_per_second(flooded, read) > 2_000_000


def test_callbacks_decode_three_hundred_thousand_a_second(
    flooded: tuple[RingBuffer, Callable[[], object]],
) -> None:
    unpack = struct.Struct("=6Q").unpack_from
    numbers: list[int] = []

    def read(ring: RingBuffer) -> int:
        numbers.clear()
        ring.consume(lambda record: numbers.append(unpack(record)[0]))
        return sum(numbers)

    assert records_per_second(flooded, read) > 300_000
