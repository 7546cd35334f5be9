"""`Source`: where hits come from: a command that is traced, a recording, a list."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from seismo.engine.hit import Hit
from seismo.engine.places import Places

__all__ = ("Source",)


class Source(Protocol):
    """What a `VmKernel` asks for hits.

    `is_live`: time is the machine's clock, else that of the hits, and `started_ns` is when it
    begins (0: with the first hit). `wall_offset_ns` is what makes a hit's time the wall clock's.
    `fds` are readable when there may be something to pump; with none of them it is pumped whenever
    nothing else is to be done. `ended_fd` is readable when the source is over (-1: there is none).
    """

    places: Places
    is_live: bool
    started_ns: int = 0
    wall_offset_ns: int

    @property
    def is_over(self) -> bool:
        """Whether no hit will come any more."""
        ...

    @property
    def fds(self) -> tuple[int, ...]: ...

    @property
    def ended_fd(self) -> int: ...

    def want(self, places: frozenset[str], *, needs_cpu: bool = True) -> None:
        """Only these places matter from now on, by their full attach points (`Hit.at`);
        `needs_cpu`: and which processor it was."""
        ...

    def start(self) -> None:
        """Everything is attached: from now on hits may come."""
        ...

    def pump(self, fire: Callable[[Hit], None], limit: int) -> int:
        """Fire the hits that are there now, some `limit` at most, without waiting; how many.

        The task that a hit is about stands still while `fire` runs.
        """
        ...

    def close(self) -> None:
        """Give everything up; a second time does nothing."""
        ...
