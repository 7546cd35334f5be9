"""`Mailbox`: batches between the thread that reads the ring and who consumes them, with a bound."""

from __future__ import annotations

import os
from collections import deque
from threading import Condition

from seismo.audit.record.batch import Batch
from seismo.base.closing import Closing

__all__ = ("Mailbox",)


class Mailbox(Closing):
    """Holds at most `limit` records; a batch is put as a whole or not at all.

    An empty mailbox takes any batch, so that one larger than the limit is not for ever too large.
    Urgent batches have as much room once more, for themselves.
    `fd` is readable while something is in it, or it has ended: for loops that wait for many things.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._batches: deque[tuple[Batch, bool]] = deque()
        self._records = [0, 0]
        """How many records are in it, of batches that are not urgent, and of those that are."""
        self._has_ended = False
        self._changed = Condition()
        self.fd = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)

    def __len__(self) -> int:
        """How many records are in it."""
        return sum(self._records)

    @property
    def is_over(self) -> bool:
        """Whether nothing is in it, and nothing comes any more."""
        with self._changed:
            return self._has_ended and not self._batches

    def offer(self, batch: Batch, *, is_urgent: bool = False) -> bool:
        """Put a batch into it; False if there is no room."""
        with self._changed:
            if not self._has_room(batch, is_urgent):
                return False
            self._add(batch, is_urgent)
        return True

    def put(self, batch: Batch, seconds: float | None = None) -> bool:
        """Wait for room, at most so long; whether there was some."""
        with self._changed:
            fits = self._changed.wait_for(lambda: self._has_room(batch, False), seconds)
            if fits:
                self._add(batch)
        return fits

    def force(self, batch: Batch) -> None:
        """Put a batch into it, room or not: the last one, which nothing follows."""
        with self._changed:
            self._add(batch)

    def take(self, seconds: float | None = None) -> Batch | None:
        """The next batch, after waiting at most so long (None: for ever); None if there was none,
        or if nothing comes any more."""
        with self._changed:
            self._changed.wait_for(lambda: self._batches or self._has_ended, seconds)
            if not self._batches:
                return None
            batch, is_urgent = self._batches.popleft()
            self._records[is_urgent] -= len(batch)
            if not self._batches and not self._has_ended:
                self._clear()
            self._changed.notify_all()
            return batch

    def end(self) -> None:
        """Nothing comes any more; who waits is woken."""
        with self._changed:
            self._has_ended = True
            self._signal()
            self._changed.notify_all()

    def another_fd(self) -> int:
        """A descriptor like `fd` that its caller closes, and that may outlive this one."""
        return os.dup(self.fd) if self.fd >= 0 else os.eventfd(1, os.EFD_CLOEXEC)

    def close(self) -> None:
        """Close the descriptor; a second time does nothing."""
        fd, self.fd = self.fd, -1
        if fd >= 0:
            os.close(fd)

    def _has_room(self, batch: Batch, is_urgent: bool) -> bool:
        return not self._batches or len(batch) <= self.limit - self._records[is_urgent]

    def _add(self, batch: Batch, is_urgent: bool = False) -> None:
        self._batches.append((batch, is_urgent))
        self._records[is_urgent] += len(batch)
        self._signal()
        self._changed.notify_all()

    def _signal(self) -> None:
        if self.fd >= 0:
            os.eventfd_write(self.fd, 1)

    def _clear(self) -> None:
        try:
            os.eventfd_read(self.fd)
        except BlockingIOError:
            return
