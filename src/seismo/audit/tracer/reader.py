"""`Reader`: drains the ring of events into batches in the order of time, and counts what came.

Nothing is decoded here. Records that are alike in length come as one piece of memory, of which
times, running numbers and types are columns with a stride, so that what is done for each of them in
Python is a slice.
"""

from __future__ import annotations

import time
from collections import Counter

from seismo.audit.record.batch import WORD_OFFSET, Batch
from seismo.audit.record.decode import Decoder
from seismo.audit.record.handlers import Handlers
from seismo.audit.record.layout import HEADER
from seismo.audit.tracer.ordering import ORDER_NS, Ordering
from seismo.kernel.abi import BPF_RINGBUF_HDR_SZ
from seismo.objects.ringbuf import RingBuffer, Run

__all__ = ("AT_ONCE", "Reader")

AT_ONCE = 65536
"""How many records a call of `drain` takes out of the ring, about; a flood has to be heard of."""

_WORD = 8
_TIME_AT = HEADER.field("time_ns").offset // _WORD
_SEQUENCE_AT = HEADER.field("sequence").offset // _WORD
_TYPE_AT = WORD_OFFSET // _WORD
_U16 = 0xFFFF


class Reader:
    """The one consumer of a ring; `received` is what came out of it, by type.

    `undecodable` are records that are too short to have a header. `last_sequences` and
    `received_by_cpu` tell by CPU the greatest running number, and how many records came.
    """

    def __init__(self, ring: RingBuffer, decoder: Decoder, *, order_ns: int = ORDER_NS) -> None:
        self.received: dict[int, int] = {}
        self.undecodable = 0
        self.last_sequences: dict[int, int] = {}
        self.received_by_cpu: dict[int, int] = {}
        self.ordering = Ordering(order_ns)
        self._ring = ring
        self._decoder = decoder

    @property
    def out_of_order(self) -> int:
        """How many records came later than the bound."""
        return self.ordering.out_of_order

    @property
    def reached_ns(self) -> int:
        """Up to this time all was in the batches that were drained, but for what comes too late."""
        return self.ordering.reached

    @property
    def has_more(self) -> bool:
        """Whether there is something in the ring."""
        return bool(self._ring.pending_bytes)

    def drain(self, handlers: Handlers, limit: int = AT_ONCE) -> Batch:
        """What is there, in order; the newest of it are held back for the next time.

        `handlers` are those that the records' indices are of.
        """
        begun = time.monotonic_ns()
        is_empty = self._fill(limit)
        records = self.ordering.take(begun if is_empty else 0)
        return Batch(records, self._decoder, handlers)

    def drain_all(self, handlers: Handlers) -> Batch:
        """All that is there, and all that was held back; for when nothing is attached any more.

        A record that a program is still writing, and those behind it, stay in the ring.
        """
        self.collect()
        return Batch(self.ordering.take_all(), self._decoder, handlers)

    def collect(self) -> None:
        """Take all that is in the ring and hold it back."""
        while not self._fill(AT_ONCE):
            pass

    def holes(self) -> int:
        """How many running numbers are missing before the last of each CPU that has come."""
        received = self.received_by_cpu
        return sum(max(last - received[cpu], 0) for cpu, last in self.last_sequences.items())

    def held(self) -> dict[int, int]:
        """How many are held back, by type."""
        return Batch(list(self.ordering.held), self._decoder).counts()

    def _fill(self, limit: int) -> bool:
        """Take records out of the ring; whether that is all that were there."""
        taken = 0
        runs = self._ring.consume_runs()
        try:
            for run in runs:
                self._take(run)
                taken += run.count
                if taken >= limit:
                    return False
        finally:
            runs.close()  # type: ignore[attr-defined]
        return True

    def _take(self, run: Run) -> None:
        if run.length < HEADER.size:
            self.undecodable += run.count
            return
        data, length, stride = bytes(run.data), run.length, run.stride
        columns = memoryview(data).cast("Q")
        step = stride // _WORD
        first = BPF_RINGBUF_HDR_SZ // _WORD
        times = columns[first + _TIME_AT :: step].tolist()
        words = columns[first + _TYPE_AT :: step].tolist()
        sequences = columns[first + _SEQUENCE_AT :: step].tolist()
        end = stride * run.count
        records = [data[at : at + length] for at in range(BPF_RINGBUF_HDR_SZ, end, stride)]
        self.ordering.put(records, times)
        self._count(words, sequences)

    def _count(self, words: list[int], sequences: list[int]) -> None:
        """By type and by CPU; `words` are type, flags, cpu and handler of each record."""
        received, by_cpu, last = self.received, self.received_by_cpu, self.last_sequences
        for word, count in Counter(words).items():
            number, cpu = word & _U16, word >> 32 & _U16
            received[number] = received.get(number, 0) + count
            by_cpu[cpu] = by_cpu.get(cpu, 0) + count
        for word, sequence in _greatest(words, sequences).items():
            cpu = word >> 32 & _U16
            last[cpu] = max(last.get(cpu, 0), sequence)


def _greatest(words: list[int], sequences: list[int]) -> dict[int, int]:
    """The greatest number beside each word: the last, but where programs interrupt one another."""
    found = dict(zip(words, sequences, strict=True))
    for word, sequence in zip(words, sequences, strict=True):
        if sequence > found[word]:
            found[word] = sequence
    return found
