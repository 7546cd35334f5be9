"""`CountReader`: what the kernel has counted for rules, handed to the aggregator as user space's
own counts are.

A window's counts are taken, and removed from the kernel's map, when the window has ended and every
processor has had a tenth of a second to finish adding; those of rules without windows are taken as
they grow, and stay.

>>> reader = CountReader(kernel_rules(rules.rules), maps, names)
>>> alerts = reader.hand_over(aggregator, time.monotonic_ns())
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from seismo.audit.rules.aggregator import Aggregator
from seismo.audit.rules.kernel import KernelCount, KernelRule
from seismo.audit.sinks.alert import Alert
from seismo.base.dataclass import replace
from seismo.base.layout import BYTE_ORDER

__all__ = ("CountMap", "CountReader")

_GRACE_NS = 100_000_000


class CountMap(Protocol):
    """A map of u64 in the kernel."""

    def items(self) -> Iterator[tuple[bytes, bytes]]:
        """Its keys and values."""

    def delete_many(self, keys: list[bytes]) -> int:
        """Remove these keys."""


class CountReader:
    """Reads the maps of each rule (`maps`, by the rule's index: of its groups, and of what found no
    room there). `names` are those of the event types, by number."""

    def __init__(
        self,
        rules: Sequence[KernelRule],
        maps: Mapping[int, Sequence[CountMap]],
        names: Mapping[int, str],
    ) -> None:
        self._rules = tuple(rules)
        self._maps = maps
        self._names = names
        self._taken: dict[tuple[int, bytes], int] = {}

    def hand_over(
        self, aggregator: Aggregator, now_ns: int, *, is_final: bool = False
    ) -> list[Alert]:
        """Hand over what is complete by `now_ns` (CLOCK_MONOTONIC); at the end all there is."""
        alerts: list[Alert] = []
        for rule in self._rules:
            counts: list[KernelCount] = []
            for map_ in self._maps[rule.index]:
                counts += self._take(rule, map_, now_ns, is_final)
            for count in sorted(counts, key=lambda one: one.time_ns):
                alerts += aggregator.take_count(count.rule, count.key, count.events, count.time_ns)
            if rule.window_ns:
                # What is taken later is of windows that have not ended, but for the grace.
                alerts += aggregator.advance_rule(rule.rule.name, now_ns - _GRACE_NS)
        return alerts

    def _take(
        self, rule: KernelRule, map_: CountMap, now_ns: int, is_final: bool
    ) -> list[KernelCount]:
        found: list[KernelCount] = []
        complete: list[bytes] = []
        for key, value in map_.items():
            events = int.from_bytes(value, BYTE_ORDER)
            count = rule.count(key, events, self._names)
            if rule.window_ns:
                if is_final or count.time_ns + rule.window_ns + _GRACE_NS <= now_ns:
                    found.append(count)
                    complete.append(key)
            else:
                before = self._taken.get((rule.index, key), 0)
                self._taken[rule.index, key] = events
                if events > before:
                    grown = rule.count(key, events - before, self._names)
                    found.append(replace(grown, time_ns=now_ns))  # of no window that has a time
        if complete:
            map_.delete_many(complete)
        return found
