"""`RingBuf`: ring buffers."""

from __future__ import annotations

from typing import Any

from seismo.bcc.table.events import EventTable
from seismo.bcc.table.inbox import Callback
from seismo.bcc.table.ring_reader import RingReader

__all__ = ("RingBuf",)


class RingBuf(EventTable):
    """`BPF_RINGBUF_OUTPUT`, of `max_entries` bytes. Since Linux 5.8."""

    _opening = "open_ring_buffer"

    def open_ring_buffer(self, callback: Callback | None, ctx: Any = None) -> None:
        """Have `BPF.ring_buffer_poll` call `callback(ctx, data, size)` for each record, of which
        `event(data)` makes an object; without a callback `arrays` and `read_async` take them.

        A negative answer of the callback ends the poll; what is behind that record is left for the
        next. A second call takes the place of the first.
        """
        reader = RingReader(self.bpf.kernel, self.map, callback, ctx)
        self._opened(reader)
        self.bpf.open_ring_reader(self.name, reader)

    def __len__(self) -> int:
        return 0

    def __iter__(self) -> Any:
        return iter(())
