"""`Events`: the records of a ring buffer or perf buffer, typed, one by one or as whole arrays.

>>> for event in obj.events("events", timeout=1.0):
...     print(event.pid, event.comm.decode())
>>> async for event in obj.events("events"): ...
>>> obj.events("events").arrays(timeout=1.0)["pid"]

What programs produced is what was received and what was lost. The kernel counts what a perf buffer
loses (`lost`, reported in front of the next record of that CPU). Of a ring buffer nobody but the
program knows: `bpf_ringbuf_reserve` gave it NULL, or `bpf_ringbuf_output` an error.
"""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Self

from seismo.api.codec import Buffer, Codec
from seismo.api.errors import WrongState, WrongType, WrongValue
from seismo.api.maps import Map
from seismo.api.record import RecordCodec
from seismo.base.closing import Closing
from seismo.isa.map_types import MapType
from seismo.kernel.protocol import Kernel
from seismo.objects.perfbuf import PerfBuffer
from seismo.objects.ringbuf import RingBuffer

if TYPE_CHECKING:
    import numpy.typing as npt
    import pyarrow

    from seismo.api.readable import Waiting

__all__ = ("EventTypes", "Events")

_AT_ONCE = 4096
_PERF_PADDING = 8
"""The kernel pads a record in a perf buffer to 8k + 4 bytes."""


class EventTypes:
    """Of which type records are: `named`, or the only one of `candidates` that is as long; those
    come in groups, of which the first counts that has one. With neither they are bytes."""

    def __init__(self, named: Codec | None, *candidates: tuple[RecordCodec, ...]) -> None:
        self.named = named
        self._candidates = candidates

    def of_size(self, size: int, padding: int) -> Codec | None:
        """The type of a record of `size` bytes, of which up to `padding` are none of it.

        None where nothing is known: such records are bytes. `WrongType` where several would do.
        """
        if self.named is not None:
            return self.named
        found = (
            [one for one in group if size - padding <= one.size <= size]
            for group in self._candidates
        )
        fitting = next(filter(None, found), [])
        if len(fitting) > 1:
            names = " or ".join(one.name for one in fitting)
            raise WrongType(
                f"records of {size} bytes may be {names}\n"
                f'hint: say which: events(…, type="{fitting[0].name}")'
            )
        return fitting[0] if fitting else None

    @property
    def only(self) -> Codec:
        """The type if it is known before there is a record; else `WrongType`."""
        if self.named is not None:
            return self.named
        for group in self._candidates:
            if len(group) == 1:
                return group[0]
        raise WrongType('of which type are the records?\nhint: events(…, type="struct …")')


class Events(Closing):
    """Consumes the buffer `map_`, which has one consumer at a time; its object closes it.

    Iteration waits for records for ever, or ends when none has come for `timeout` seconds; `read`
    and `arrays` take what is there. A record that is shorter than its type raises `WrongValue` when
    those before it have been handed out, and the next call goes on behind it.
    """

    def __init__(
        self,
        map_: Map,
        types: EventTypes,
        kernel: Kernel,
        *,
        pages: int = 64,
        timeout: float | None = None,
    ) -> None:
        self.map = map_
        self.timeout = timeout
        self.received = 0
        self._lost = 0
        self._types = types
        self._codec = types.named
        self._kernel = kernel
        self._ready: deque[Any] = deque()
        self._error: WrongType | WrongValue | None = None
        self._decoders: dict[int, Callable[[Buffer], Any]] = {}
        self._waiting: Waiting | None = None
        self._ring: RingBuffer | None = None
        self._perf: PerfBuffer | None = None
        if map_.type is MapType.RINGBUF:
            self._ring = RingBuffer(map_.loaded, kernel)
        elif map_.type is MapType.PERF_EVENT_ARRAY:
            self._perf = PerfBuffer(map_.loaded, kernel, pages=pages)
        else:
            what = map_.type.name.lower()
            raise WrongType(f"map '{map_.name}' is no ring buffer or perf buffer, but a {what}")

    @property
    def is_open(self) -> bool:
        return self._ring is not None or self._perf is not None

    @property
    def lost(self) -> int:
        """How many records found no room in a perf buffer, as far as consumed; 0 for a ring."""
        return self._perf.lost if self._perf is not None else self._lost

    @property
    def fds(self) -> tuple[int, ...]:
        """What becomes readable when there are records."""
        if self._perf is not None:
            return self._perf.fds
        self._require_open()
        return (self.map.fileno(),)

    def poll(self, timeout: float | None = None) -> bool:
        """Wait up to `timeout` seconds (None: for ever) for records; whether there are any."""
        end = None if timeout is None else time.monotonic() + timeout
        while True:
            if self._perf is not None and not self._ready:
                # Polling says once that there is more, which may have been taken already.
                self._take()
            if self._ready or self._error is not None:
                return True
            left = None if end is None else end - time.monotonic()
            milliseconds = -1 if left is None else max(0, round(left * 1000))
            if not self._kernel.poll(self.fds, milliseconds):
                return False
            if self._ring is not None:
                return True

    def read(self, timeout: float | None = 0.0) -> list[Any]:
        """Every record that is there, after waiting up to `timeout` seconds for the first."""
        if self.poll(timeout):
            self._take(sys.maxsize)
        records = list(self._ready)
        self._ready.clear()
        if not records:
            self._raise_kept()
        return records

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        end = None if self.timeout is None else time.monotonic() + self.timeout
        while not self._ready:
            left = None if end is None else end - time.monotonic()
            if not self.poll(left):
                raise StopIteration
            self._take()
            if not self._ready:
                self._raise_kept()
        return self._ready.popleft()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        """The next record; the event loop runs meanwhile. Cancelling it loses nothing, and closing
        the events ends it."""
        from seismo.api.readable import (  # noqa: PLC0415 (lazy: docs/architecture.md)
            Waiting,
        )

        if self._waiting is None:
            self._waiting = Waiting(self.fds)
        end = self._waiting.end(self.timeout)
        while not self._ready:
            if self.poll(0):
                await self._waiting.turn()
            elif not await self._waiting.readable(end) and self.is_open and not self.poll(0):
                raise StopAsyncIteration
            self._take()
            if not self._ready:
                self._raise_kept()
                if not self.is_open:
                    raise StopAsyncIteration
        return self._ready.popleft()

    def arrays(self, timeout: float | None = 0.0) -> npt.NDArray[Any]:
        """Every record that is there as one numpy structured array, after waiting up to `timeout`
        seconds for the first; needs the `data` extra.

        No Python object is made for a record of a ring buffer. The dtype is the C type's: members
        at their offsets, `char[]` as `S` without what follows its NUL, nested structs nested, what
        has no dtype (128-bit integers) as `V`. Bit-fields are widened to their types, which takes
        a copy without C's offsets. `WrongType` for a member without a length.
        """
        if not self._ready:
            self._require_open()
        if self._codec is None and self.poll(timeout):
            self._take(1)
        array = self._array(self._codec or self._types.only)
        if not len(array) and timeout != 0 and self._error is None and self.poll(timeout):
            array = self._array(self._codec or self._types.only)
        if not len(array):
            self._raise_kept()
        return array

    def table(self, timeout: float | None = 0.0) -> pyarrow.Table:
        """The same as `arrays` gives, as an Arrow table: a column for each member, nested structs
        as struct columns, `char[]` as binary. Needs the `data` extra."""
        from seismo.api.table import (  # noqa: PLC0415 (lazy: docs/architecture.md)
            table_of,
        )

        return table_of(self.arrays(timeout))

    def close(self) -> None:
        """Stop reading: what has not been read of a perf buffer is gone."""
        if self._waiting is not None:
            self._waiting.close()
        if self._ring is not None:
            self._ring.close()
        if self._perf is not None:
            self._lost = self._perf.lost
            self._perf.close()
        self._ring = self._perf = None

    def __repr__(self) -> str:
        state = f"{self.received} received, {self.lost} lost" + ("" if self.is_open else ", closed")
        return f"<Events of {self.map.name}: {state}>"

    def _require_open(self) -> None:
        if not self.is_open:
            raise WrongState(f"the events of map '{self.map.name}' are closed")

    def _take(self, limit: int = _AT_ONCE) -> None:
        """Decode what is there now, which programs may be adding to faster than we are; what is
        wrong with a record is kept until those before it have been handed out."""
        if self._error is not None:
            return
        decoders, keep = self._decoders, self._ready.append

        def decode(record: memoryview) -> None:
            size = len(record)
            keep((decoders.get(size) or self._decoder(size))(record))

        before = len(self._ready)
        try:
            if self._ring is not None:
                self._ring.consume(decode, limit, until=self._ring.produced)
            elif self._perf is not None:
                self._perf.consume(decode)
        except (WrongType, WrongValue) as error:
            self._error = error
            self.received += 1
        finally:
            self.received += len(self._ready) - before

    def _array(self, codec: Codec) -> npt.NDArray[Any]:
        """What is there now; what is wrong with a record is kept as `_take` does."""
        from seismo.api.arrays import (  # noqa: PLC0415 (lazy: docs/architecture.md)
            collect,
        )

        first = [codec.encode(one, "a record") for one in self._ready]
        self._ready.clear()
        source = None if self._error is not None else self._ring or self._perf
        array, error = collect(codec, first, source, self._refuse)
        self.received += len(array) - len(first)
        self._error = self._error or error
        return array

    def _raise_kept(self) -> None:
        error, self._error = self._error, None
        if error is not None:
            raise error

    def _type_of(self, size: int) -> Codec | None:
        """The type of a record of so many bytes; None for bytes."""
        padding = _PERF_PADDING - 1 if self._perf is not None else 0
        return self._types.of_size(size, padding)

    def _decoder(self, size: int) -> Callable[[Buffer], Any]:
        """What makes the value of a record of so many bytes."""
        codec = self._type_of(size)
        decode = self._decoders[size] = bytes if codec is None else codec.decode
        self._codec = self._codec or codec
        return decode

    def _refuse(self, size: int, count: int) -> None:
        """Raise why `count` records of `size` bytes cannot be in an array; they are consumed."""
        codec = self._codec or self._types.only
        try:
            if size < codec.size or self._type_of(size) is not codec:
                raise WrongValue(f"{codec.name} has {codec.size} bytes, not {size}")
        except (WrongType, WrongValue):
            self.received += count
            raise
