"""`Timers`: what is due at intervals, on whatever clock its owner keeps.

>>> timers = Timers[str]()
>>> timers.add("tick", 10)
>>> timers.start(0)
>>> timers.take(25), timers.take(25), timers.take(25)
((10, 'tick'), (20, 'tick'), None)
"""

from __future__ import annotations

from typing import Generic, TypeVar

from seismo.base.dataclass import dataclass

__all__ = ("Timers",)

Subject = TypeVar("Subject")


@dataclass(slots=True, eq=False)
class _Timer(Generic[Subject]):
    subject: Subject
    period_ns: int
    due_ns: int


class Timers(Generic[Subject]):
    """Subjects with a period each; those that are due at one time come in the order of `add`."""

    def __init__(self) -> None:
        self._timers: list[_Timer[Subject]] = []
        self._next: _Timer[Subject] | None = None

    @property
    def next_ns(self) -> int | None:
        """When the next one is due; None when there is none."""
        return self._next.due_ns if self._next else None

    def add(self, subject: Subject, period_ns: int, now_ns: int = 0) -> None:
        """Due for the first time a period from now, or after `start`."""
        self._timers.append(_Timer(subject, period_ns, now_ns + period_ns))
        self._find_next()

    def start(self, now_ns: int) -> None:
        """The clock stands at `now_ns`: from here on periods count."""
        for timer in self._timers:
            timer.due_ns = now_ns + timer.period_ns
        self._find_next()

    def remove(self, subject: Subject) -> None:
        """No longer due."""
        self._timers = [timer for timer in self._timers if timer.subject is not subject]
        self._find_next()

    def take(self, until_ns: int, *, is_late: bool = False) -> tuple[int, Subject] | None:
        """When the next one was due, and which, if that is not after `until_ns`. With `is_late`
        what it has missed by then is not made up for."""
        timer = self._next
        if timer is None or timer.due_ns > until_ns:
            return None
        due_ns = timer.due_ns
        periods = (until_ns - due_ns) // timer.period_ns if is_late else 0
        timer.due_ns += timer.period_ns * (periods + 1)
        self._find_next()
        return due_ns, timer.subject

    def _find_next(self) -> None:
        self._next = min(self._timers, key=lambda timer: timer.due_ns, default=None)
