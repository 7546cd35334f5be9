"""How fast records leave a ring as numpy arrays, and whether any are lost on the way."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass

from bench.producer import Producer
from bench.ring_program import ATTACH, RECORD, ring_object
from bench.sample import Sample
from bench.table import Section
from seismo.events.arrays import dtype_of
from seismo.kernel.live import LiveKernel
from seismo.kernel.tracefs import Tracefs
from seismo.objects.attach.table import attach
from seismo.objects.load import Loaded, load
from seismo.objects.ring_array import read_arrays
from seismo.objects.ringbuf import RingBuffer

__all__ = ("Received", "measure_reader")

_RING_BYTES = 64 << 20
# What fits the ring at once: header and record, with room to spare.
_STORED_CALLS = _RING_BYTES // 64
_PAUSE_SECONDS = 0.001
_DTYPE = dtype_of(RECORD)


@dataclass(frozen=True, slots=True)
class Received:
    """One run: `produced` calls became `received` records and `lost` ones in `seconds`."""

    produced: int
    received: int
    lost: int
    seconds: float

    @property
    def rate(self) -> float:
        """Records received per second."""
        return self.received / self.seconds

    @property
    def unaccounted(self) -> int:
        """Neither received nor counted as lost: must be 0."""
        return self.produced - self.received - self.lost


class Traced:
    """A producer whose calls go into a ring."""

    def __init__(self, producer: Producer, loaded: Loaded, ring: RingBuffer) -> None:
        self._producer = producer
        self._lost = loaded.maps["lost"]
        self._ring = ring
        self._latest_ns = 0

    def stream(self, count: int) -> Received:
        """Read while the producer makes `count` calls as fast as it can."""
        lost = self._count_lost()
        received = 0
        self._producer.order(count)
        while not self._producer.is_done:
            received += self._take()
            time.sleep(_PAUSE_SECONDS)
        received += self._take()
        end_ns = time.monotonic_ns()
        made = self._producer.result()
        seconds = (end_ns - made.start_ns) / 1e9
        return Received(made.count, received, self._count_lost() - lost, seconds)

    def decode(self, count: int) -> Received:
        """Let the producer make `count` calls, and only then read: the reader's time alone."""
        lost = self._count_lost()
        made = self._producer.make(count)
        start_ns = time.monotonic_ns()
        received = self._take()
        seconds = (time.monotonic_ns() - start_ns) / 1e9
        return Received(made.count, received, self._count_lost() - lost, seconds)

    def _take(self) -> int:
        """Take what is in the ring and look at one column of it; how many records there were."""
        received = 0
        for calls in read_arrays(self._ring, _DTYPE):
            self._latest_ns = int(calls["time_ns"].max())
            received += len(calls)
        return received

    def _count_lost(self) -> int:
        return int.from_bytes(self._lost.get(bytes(4)), sys.byteorder)


def measure_reader(command: tuple[str, ...], count: int, rounds: int) -> Section:
    """The table of `count` calls read as they come, and of a full ring read at once."""
    kernel = LiveKernel()
    with (
        Producer(command, "getppid") as producer,
        load(ring_object(producer.pid, _RING_BYTES), kernel) as loaded,
        RingBuffer(loaded.maps["events"], kernel) as ring,
        Tracefs(kernel) as tracefs,
        attach(loaded.programs["record"], ATTACH, kernel, tracefs),
    ):
        traced = Traced(producer, loaded, ring)
        streams = [traced.stream(count) for _ in range(rounds)]
        decodes = [traced.decode(min(count, _STORED_CALLS)) for _ in range(rounds)]
    return _section(streams, decodes)


def _section(streams: list[Received], decodes: list[Received]) -> Section:
    return Section(
        name="reader",
        title=f"Reader: {RECORD.size}-byte records through a ring of {_RING_BYTES >> 20} MiB,"
        f" medians of {len(streams)} rounds, counts of all",
        header=("what", "million/s", "produced", "received", "lost", "unaccounted", "verdict"),
        rows=(
            _row("a producer at full speed", streams),
            _row("decode alone, records already there", decodes),
        ),
        notes=("Target: no record lost, and none unaccounted for.",),
    )


def _row(title: str, runs: list[Received]) -> tuple[str, ...]:
    lost, unaccounted = sum(run.lost for run in runs), sum(run.unaccounted for run in runs)
    return (
        title,
        f"{Sample(tuple(run.rate for run in runs)).median / 1e6:.2f}",
        f"{sum(run.produced for run in runs):,}",
        f"{sum(run.received for run in runs):,}",
        f"{lost:,}",
        f"{unaccounted:,}",
        "met" if lost == unaccounted == 0 else "missed",
    )
