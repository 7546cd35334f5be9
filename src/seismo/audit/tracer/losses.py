"""What the kernel's programs have counted, by type: the array `counters`, and who reads it."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from seismo.audit.record.layout import TYPES, Counter
from seismo.base.dataclass import dataclass
from seismo.base.errors import SyscallError
from seismo.kernel import bpf
from seismo.kernel.protocol import Kernel
from seismo.objects.map import Map

__all__ = ("Counts", "KernelCounters", "lost_in_ring")

_COUNTERS = len(Counter)
_PENDING_TYPE_OFFSET = 56  # bpf/maps.h: audit_pending, behind started_ns and args


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """`by_type` has eight numbers, in the order of `Counter`, of each type that has any;
    `sequences` the last running number of each CPU."""

    by_type: Mapping[int, tuple[int, ...]]
    sequences: tuple[int, ...]

    def total(self, counter: Counter) -> int:
        """One counter of all types together."""
        return sum(counts[counter] for counts in self.by_type.values())


def lost_in_ring(before: Counts, after: Counts) -> dict[int, int]:
    """What found no room, in the ring or among the calls in progress, between two readings."""
    lost: dict[int, int] = {}
    for number, counts in after.by_type.items():
        old = before.by_type.get(number, _NOTHING)
        new = sum(counts[one] - old[one] for one in (Counter.LOST_RING, Counter.LOST_PENDING))
        if new > 0:
            lost[number] = new
    return lost


_NOTHING = (0,) * _COUNTERS


class KernelCounters:
    """Reads `counters`, `sequence` and `pending` of the loaded programs."""

    def __init__(self, maps: Mapping[str, Map], kernel: Kernel) -> None:
        self._counters = maps["counters"]
        self._sequence = maps["sequence"]
        self._pending = maps["pending"]
        self._kernel = kernel

    def read(self) -> Counts:
        """All counters, summed over the CPUs; SyscallError."""
        columns = self._columns()
        sums = columns[0] if len(columns) == 1 else list(map(sum, zip(*columns, strict=True)))
        by_type = {
            number: tuple(row)
            for number in range(TYPES)
            if any(row := sums[number * _COUNTERS : (number + 1) * _COUNTERS])
        }
        return Counts(by_type=by_type, sequences=self.sequences())

    def sequences(self) -> tuple[int, ...]:
        """The running numbers of the CPUs' last records."""
        values = self._sequence.get_per_cpu(bytes(4))
        return tuple(int.from_bytes(one, sys.byteorder) for one in values)

    def unfinished(self) -> dict[int, int]:
        """How many calls are in progress, by type."""
        found: dict[int, int] = {}
        at = _PENDING_TYPE_OFFSET
        for _, value in self._pending.items():
            number = int.from_bytes(value[at : at + 2], sys.byteorder)
            found[number] = found.get(number, 0) + 1
        return found

    def _columns(self) -> list[list[int]]:
        """The whole array, a list for each CPU; in a few calls where the kernel has batches of
        per-CPU arrays (Linux 5.13)."""
        map_ = self._counters
        sizes = (map_.spec.key_size, map_.value_bytes)
        parts: list[bytes] = []
        cursor, is_last = b"", False
        try:
            while not is_last:
                count = map_.spec.max_entries
                batch = bpf.map_lookup_batch(self._kernel, int(map_.fd), sizes, count, cursor)
                parts.append(batch.values)
                cursor, is_last = batch.cursor, batch.is_last or not batch.count
        except SyscallError:
            if parts:
                raise
            parts = [value for _, value in map_.items()]
        words = memoryview(b"".join(parts)).cast("Q")
        return [words[cpu :: map_.cpus].tolist() for cpu in range(map_.cpus)]
