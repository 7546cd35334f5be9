"""`ListedSource`: hits that are all known beforehand: a recording's, or those of a test."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from seismo.engine.hit import Hit
from seismo.engine.places import Places
from seismo.engine.source import Source

__all__ = ("ListedSource",)


class ListedSource(Source):
    """Fires `hits` in the order of their times, those of one time in the order given; time begins
    with the first."""

    is_live = False
    fds: tuple[int, ...] = ()
    ended_fd = -1

    def __init__(self, hits: Iterable[Hit], places: Places, *, wall_offset_ns: int = 0) -> None:
        self.places = places
        self.wall_offset_ns = wall_offset_ns
        self._hits = sorted(hits, key=lambda hit: hit.ns)
        self.started_ns = self._hits[0].ns if self._hits else 0
        self._next = 0

    @property
    def is_over(self) -> bool:
        return self._next >= len(self._hits)

    def want(self, places: frozenset[str], *, needs_cpu: bool = True) -> None:
        """Hits elsewhere are fired all the same: time passes with them."""

    def start(self) -> None:
        """Hits are there from the beginning."""

    def pump(self, fire: Callable[[Hit], None], limit: int) -> int:
        hits = self._hits[self._next : self._next + limit]
        self._next += len(hits)
        for hit in hits:
            fire(hit)
        return len(hits)

    def close(self) -> None:
        self._next = len(self._hits)
