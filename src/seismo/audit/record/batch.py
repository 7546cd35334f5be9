"""`Batch`: records in the order of time, decoded only if somebody asks.

>>> batch.headers()["duration_ns"].mean()      # numpy, no Python for a single record
>>> for event in batch.events(): ...
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from struct import Struct
from typing import TYPE_CHECKING, Any, overload

from seismo.audit.record.decode import Decoder
from seismo.audit.record.event import AuditEvent
from seismo.audit.record.handlers import Handlers
from seismo.audit.record.layout import HEADER, EventFlag

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ("WORD_OFFSET", "Batch", "handler_of", "type_of")

WORD_OFFSET = HEADER.field("type").offset
"""Where type, flags, cpu and handler stand, u16 each: together one u64."""

_WORD = Struct("<Q")
_TIME = Struct("=Q")
_U16 = 0xFFFF


def type_of(word: int) -> int:
    """The type in a word of type, flags, cpu and handler."""
    return word & _U16


def handler_of(word: int) -> int:
    """The handler in such a word."""
    return word >> 48


class _Undecoded:
    """Stands for an event that nobody has asked for yet."""


_UNDECODED = _Undecoded()


class Batch(Sequence[bytes]):
    """Records and the decoder for them; `handlers` is what their handlers' indices mean.

    A sequence of the records' bytes. What is selected of a batch shares its events: an event is
    decoded once, and what correlation has put into it is seen by all.
    """

    __slots__ = ("_places", "_store", "_when_decoded", "_words", "decoder", "handlers", "records")

    def __init__(
        self, records: list[bytes], decoder: Decoder, handlers: Handlers | None = None
    ) -> None:
        self.records = records
        self.decoder = decoder
        self.handlers = decoder.handlers if handlers is None else handlers
        self._store: list[AuditEvent | _Undecoded | None] = []
        self._places: Sequence[int] = ()
        self._words: list[int] | None = None
        self._when_decoded: Callable[[AuditEvent], object] | None = None

    def __len__(self) -> int:
        return len(self.records)

    @overload
    def __getitem__(self, index: int) -> bytes: ...

    @overload
    def __getitem__(self, index: slice) -> list[bytes]: ...

    def __getitem__(self, index: int | slice) -> bytes | list[bytes]:
        return self.records[index]

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.records)

    def events(self) -> list[AuditEvent]:
        """The events, decoded once; damaged records have none, and `decoder.undecodable` counts
        them."""
        store, places = self._shared()
        found: list[AuditEvent] = []
        for record, place in zip(self.records, places, strict=True):
            event = store[place]
            if isinstance(event, _Undecoded):
                event = store[place] = self.decoder.event_or_none(record, self.handlers)
                if event is not None and self._when_decoded is not None:
                    self._when_decoded(event)
            if event is not None:
                found.append(event)
        return found

    def when_decoded(self, complete: Callable[[AuditEvent], object]) -> None:
        """Have each event be completed when it is decoded; selections that are made from now on do
        so, too."""
        self._when_decoded = complete

    def headers(self) -> npt.NDArray[Any]:
        """The headers as a numpy structured array; needs numpy."""
        from seismo.audit.record.columns import (  # noqa: PLC0415 (lazy: docs/architecture.md)
            headers,
        )

        return headers(self.records)

    @property
    def words(self) -> list[int]:
        """Type, flags, cpu and handler of each record as a number: `type_of`, `handler_of`."""
        if self._words is None:
            unpack = _WORD.unpack_from
            self._words = [unpack(one, WORD_OFFSET)[0] for one in self.records]
        return self._words

    @property
    def times(self) -> list[int]:
        """`time_ns` of each record."""
        unpack = _TIME.unpack_from
        return [unpack(one)[0] for one in self.records]

    def counts(self) -> dict[int, int]:
        """How many records there are of each type, by its number."""
        counts: dict[int, int] = {}
        for word, count in Counter(self.words).items():
            counts[word & _U16] = counts.get(word & _U16, 0) + count
        return counts

    def select(self, types: Collection[int]) -> Batch:
        """Only the records of these types."""
        return self._keep(lambda word: word & _U16 in types)

    def visible(self) -> Batch:
        """Without what nobody has asked for, or a filter refused; itself where that is
        everything."""
        hidden = self.handlers.is_hidden
        return self._keep(
            lambda word: not (word >> 16 & EventFlag.HIDDEN or hidden(word >> 48, word & _U16))
        )

    def _keep(self, is_wanted: Callable[[int], bool]) -> Batch:
        words = self.words
        wanted = {one for one in set(words) if is_wanted(one)}
        if all(one in wanted for one in set(words)):
            return self
        places = [at for at, word in enumerate(words) if word in wanted]
        kept = Batch([self.records[at] for at in places], self.decoder, self.handlers)
        kept._words = [words[at] for at in places]
        store, shared = self._shared()
        kept._store, kept._places = store, [shared[at] for at in places]
        kept._when_decoded = self._when_decoded
        return kept

    def _shared(self) -> tuple[list[AuditEvent | _Undecoded | None], Sequence[int]]:
        """The events of the batch that this one was selected of, and where ours are in it."""
        if len(self._places) != len(self.records):
            self._store = [_UNDECODED] * len(self.records)
            self._places = range(len(self.records))
        return self._store, self._places
