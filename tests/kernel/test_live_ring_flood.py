"""A flood of records, decoded as arrays and one by one: every one of them, again and again."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from bpf_programs import flooding_program, ring_map
from seismo.kernel.live import LiveKernel
from seismo.objects.load import load
from seismo.objects.ring_array import read_arrays
from seismo.objects.ringbuf import RingBuffer
from seismo.spec.types import ObjectSpec

pytestmark = pytest.mark.kernel

LENGTH = 48
FLOOD = 10_000
ROUNDS = 5
RECORD = np.dtype([("number", "u8"), ("rest", "u8", 5)])


@pytest.fixture
def flooded(kernel: LiveKernel) -> Iterator[tuple[RingBuffer, Callable[[], object]]]:
    """A ring and what fills it with FLOOD records."""
    spec = ObjectSpec(
        maps=(ring_map("events", 1 << 20),),
        programs=(flooding_program("flood", "events", LENGTH, FLOOD),),
    )
    with load(spec, kernel) as loaded, RingBuffer(loaded.maps["events"], kernel) as ring:
        yield ring, loaded.programs["flood"].test_run


def test_arrays_hold_every_record(flooded: tuple[RingBuffer, Callable[[], object]]) -> None:
    ring, fill = flooded
    for _ in range(ROUNDS):
        fill()
        arrays = [array["number"].copy() for array in read_arrays(ring, RECORD)]
        assert np.concatenate(arrays).tolist() == list(range(FLOOD))


def test_callbacks_see_every_record(flooded: tuple[RingBuffer, Callable[[], object]]) -> None:
    ring, fill = flooded
    unpack = struct.Struct("=6Q").unpack_from
    numbers: list[int] = []
    for _ in range(ROUNDS):
        numbers.clear()
        fill()
        assert ring.consume(lambda record: numbers.append(unpack(record)[0])) == FLOOD
        assert numbers == list(range(FLOOD))
