"""`EventTable`: what perf and ring buffers have in common: typed events, losses, arrays."""

from __future__ import annotations

import ctypes as ct
from collections.abc import AsyncIterator
from functools import cached_property
from mmap import mmap
from typing import TYPE_CHECKING, Any

from seismo.base.dataclass import dataclass
from seismo.bcc.ctypes_of import ctype_class
from seismo.bcc.table.errors import NoEventType, NotOpen
from seismo.bcc.table.mapping import MappingTable
from seismo.bcc.table.readers import BoxReader
from seismo.objects.map import Map

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ("EventTable", "LossCounter")

_INDEX = bytes(4)


@dataclass(frozen=True, slots=True)
class LossCounter:
    """The u64 at `offset` of an array's only value, in which programs count what found no room."""

    map: Map
    offset: int

    def read(self) -> int:
        """How many it was up to now."""
        return int.from_bytes(self.map.get(_INDEX)[self.offset : self.offset + 8], "little")


class EventTable(MappingTable):
    """A table by which programs send records, of the type `declared.record`.

    What programs sent is what was received and what was lost: `received` + `lost`, once all that is
    there has been read.
    """

    losses: LossCounter | None = None
    _opening = ""
    _reader: BoxReader | None = None
    _memory: mmap | bytes = b""
    _base = 0

    @cached_property
    def event_class(self) -> type[Any]:
        """The class of the events; `NoEventType` where the program does not say what it sends."""
        if self.declared.record is None:
            raise NoEventType(self.name)
        return ctype_class(self.declared.record)

    def event(self, data: Any) -> Any:
        """The event at the address that a callback was given, as an object of `event_class`.

        It is a copy, and may be kept. Also takes a pointer of ctypes, or bytes.
        """
        try:
            return self._event_of(self._memory, data - self._base)
        except (TypeError, ValueError):
            return self._event_elsewhere(data)

    @cached_property
    def _event_of(self) -> Any:
        return self.event_class.from_buffer_copy

    def _event_elsewhere(self, data: Any) -> Any:
        size = ct.sizeof(self.event_class)
        if isinstance(data, (bytes, bytearray, memoryview)):
            return self._event_of(bytes(data).ljust(size, b"\0"))
        address = data if isinstance(data, int) else ct.cast(data, ct.c_void_p).value
        return self._event_of(ct.string_at(address or 0, size))

    @property
    def received(self) -> int:
        """How many records were taken out of the buffer so far."""
        return 0 if self._reader is None else self._reader.received

    @property
    def lost(self) -> int:
        """How many records programs could not send, because there was no room or nobody who reads:
        counted in the kernel, where it happens; without a counter there, what the buffer tells."""
        if self.losses is not None:
            return self.losses.read()
        return 0 if self._reader is None else self._reader.lost

    @property
    def reader(self) -> BoxReader:
        """The open buffer; `NotOpen` where there is none."""
        if self._reader is None:
            raise NotOpen(self.name, self._opening)
        return self._reader

    def _opened(self, reader: BoxReader) -> None:
        """The table's records come by this one from here on."""
        self._reader = reader
        self._memory, self._base = reader.inbox.memory, reader.inbox.base

    def arrays(self, timeout: int = 0) -> npt.NDArray[Any]:
        """All events that are there, as one numpy array of structs with the members of
        `event_class`, without callbacks.

        Waits (ms, -1: for ever) until there is something. Needs numpy.
        """
        from seismo.bcc.table.arrays import (  # noqa: PLC0415 (lazy: docs/architecture.md)
            take_array,
        )

        reader = self.reader
        if timeout and not reader.is_waiting:
            self.bpf.wait([reader], timeout)
        return take_array(reader, self.event_class)

    def read_async(self) -> AsyncIterator[Any]:
        """The events as they come, for `async for`; asyncio's other tasks run meanwhile."""
        from seismo.bcc.table.waiting import (  # noqa: PLC0415 (lazy: docs/architecture.md)
            each_event,
        )

        return each_event(self.reader, self.event)
