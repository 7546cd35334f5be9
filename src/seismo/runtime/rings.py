"""`OrderedRings`: the records of the events and the control ring in the order they were made.

A control record tells how far the events ring had come (`after`, a position of its producer), so it
is acted on when the events ring has been consumed up to there. In the other direction: what of the
events ring lies before a position that was read *before* looking into the control ring cannot have
been made after a control record that was not seen there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from seismo.base.layout import Layout
from seismo.events.decode import layout_decoder
from seismo.events.kinds import event_layout
from seismo.objects.ringbuf import RingBuffer

__all__ = ("OrderedRings", "Record")

Record: TypeAlias = "bytes | memoryview"

_CONTROL: Layout = event_layout("control", [], is_control=True)


class OrderedRings:
    """Hands every record to `act`; `received` counts those that came through the events ring."""

    def __init__(
        self, events: RingBuffer, control: RingBuffer, act: Callable[[Record], object]
    ) -> None:
        self.received = 0
        self._events = events
        self._control = control
        self.act = act
        self._decode_control = layout_decoder(_CONTROL)
        self._waiting: list[tuple[int, bytes]] = []

    @property
    def is_empty(self) -> bool:
        """Whether nothing is left, nor in work, nor waiting for what is in work."""
        return not (self._waiting or self.pending_bytes)

    @property
    def pending_bytes(self) -> int:
        """How many bytes of both rings are not consumed, records in work included."""
        return self._events.pending_bytes + self._control.pending_bytes

    def consume(self, limit: int) -> int:
        """Act on some `limit` records that there are; on how many.

        A record that a program is still writing ends the call, and so may answer 0 before
        `is_empty`.
        """
        end = self._events.produced
        count = 0
        while count < limit and (self._waiting or self._control.consume(self._wait, limit=1)):
            after, record = self._waiting[0]
            count += self._consume_events(limit - count, after)
            if self._events.consumed < after:
                return count
            self._waiting.clear()
            self.act(record)
            count += 1
        return count + self._consume_events(limit - count, end)

    def _wait(self, record: memoryview) -> None:
        _, after = self._decode_control(record)
        self._waiting.append((after, record.tobytes()))

    def _consume_events(self, limit: int, until: int) -> int:
        if limit <= 0:
            return 0
        count = self._events.consume(self.act, limit, until=until)
        self.received += count
        return count
