"""`Stream`: a run of audit without threads: batches of records, and the account of all of them.

>>> with Stream(probe) as stream:
...     stream.start()
...     while not is_over():
...         sink.write(stream.shown(stream.poll(100)))
...     sink.write(stream.shown(stream.finish()))
...     print(stream.account().text())
"""

from __future__ import annotations

import time

from seismo.audit.program.backends import missed
from seismo.audit.record.account import Account, TypeAccount
from seismo.audit.record.batch import Batch
from seismo.audit.record.layout import Counter
from seismo.audit.tracer.losses import Counts, lost_in_ring
from seismo.audit.tracer.ordering import ORDER_NS
from seismo.audit.tracer.probe import Probe
from seismo.audit.tracer.reader import AT_ONCE, Reader
from seismo.base.closing import Closing
from seismo.kernel.protocol import Kernel

__all__ = ("Stream",)

# A program that was running when it was detached is over by then, unless its CPU is kept waiting.
_SETTLE_SECONDS = 2.0
_PAUSE_SECONDS = 0.002
_NOTHING = (0,) * len(Counter)


class Stream(Closing):
    """Reads what the programs of a probe send; the probe is its from here on.

    A batch that `poll` gives has all there is, also what only correlation is to see; `shown` is
    what was asked for, and counts it as delivered. What is to go no further is given to `drop`.
    """

    def __init__(self, probe: Probe, kernel: Kernel, *, order_ns: int = ORDER_NS) -> None:
        self.probe = probe
        self.is_finished = False
        self._kernel = kernel
        self._reader = Reader(probe.ring, probe.decoder, order_ns=order_ns)
        self._delivered: dict[int, int] = {}
        self._hidden: dict[int, int] = {}
        self._dropped: dict[int, int] = {}
        self._told = Counts(by_type={}, sequences=())
        self._told_dropped = 0

    @property
    def fd(self) -> int:
        """Readable when there are records; for who waits for other things, too."""
        return int(self.probe.maps["events"].fd)

    @property
    def reached_ns(self) -> int:
        """Up to this time (CLOCK_MONOTONIC) all was in the batches that `poll` has given, but for
        what comes too late: long ago where the ring has more than could be read."""
        return self._reader.reached_ns

    def start(self) -> None:
        """Attach: what is registered is traced from here on. NotInKernel, AttachRefused."""
        self.probe.attach()

    def poll(self, timeout_ms: int, *others: int, limit: int = AT_ONCE) -> Batch:
        """Wait for records, or for one of the descriptors `others`, and take what is there; what is
        younger than the reader's bound comes with a later batch."""
        self._kernel.poll((self.fd, *others), timeout_ms)
        return self._reader.drain(self.probe.handlers, limit)

    def finish(self) -> Batch:
        """Detach in order, and take all that is left; a second time gives an empty batch.

        System calls that are in progress then are unfinished.
        """
        handlers = self.probe.handlers
        if not self.is_finished:
            self.probe.programs.detach_entries()
            self.probe.programs.detach()
            self._settle()
            self.is_finished = True
        return self._reader.drain_all(handlers)

    def shown(self, batch: Batch) -> Batch:
        """What was asked for of a batch; from here on it is delivered."""
        visible = batch.visible()
        _add(self._delivered, visible.counts())
        if visible is not batch:
            _add(self._hidden, batch.counts())
            _add(self._hidden, visible.counts(), -1)
        return visible

    def drop(self, batch: Batch) -> None:
        """Count a batch as lost to a consumer that is too slow; what nobody asked for is not."""
        visible = batch.visible()
        _add(self._dropped, visible.counts())
        if visible is not batch:
            _add(self._hidden, batch.counts())
            _add(self._hidden, visible.counts(), -1)

    def new_losses(self) -> int:
        """How many events were lost since the last time that this was asked, for any reason."""
        counts = self.probe.counters.read()
        dropped = sum(self._dropped.values())
        lost = sum(lost_in_ring(self._told, counts).values()) + dropped - self._told_dropped
        self._told, self._told_dropped = counts, dropped
        return lost

    def account(self) -> Account:
        """Where all events have gone, so far; exact when the stream is finished and all batches
        were `shown` or given to `drop`."""
        counts = self.probe.counters.read()
        progress = self.probe.counters.unfinished() if self.is_finished else None
        numbers = sorted({*counts.by_type, *self._delivered, *self._dropped, *self._hidden})
        types = {
            number: self._type_account(
                number,
                counts.by_type.get(number, _NOTHING),
                None if progress is None else progress.get(number, 0),
            )
            for number in numbers
        }
        received = sum(self._reader.received_by_cpu.values())
        holes = sum(counts.sequences) - received if self.is_finished else self._reader.holes()
        return Account(
            types=types,
            names={number: self._name(number) for number in numbers},
            undecodable=self.probe.decoder.undecodable + self._reader.undecodable,
            out_of_order=self._reader.out_of_order,
            sequence_holes=holes,
            missed=missed(self.probe.programs.programs),
            is_final=self.is_finished,
        )

    def close(self) -> None:
        """Close the probe; a second time does nothing."""
        self.probe.close()

    def _type_account(
        self, number: int, counts: tuple[int, ...], in_progress: int | None
    ) -> TypeAccount:
        """`in_progress`: how many calls are, None while that changes: then it is what the counters
        leave over."""
        produced, filtered = counts[Counter.PRODUCED], counts[Counter.FILTERED]
        submitted = counts[Counter.SUBMITTED]
        ring, pending = counts[Counter.LOST_RING], counts[Counter.LOST_PENDING]
        delivered = self._delivered.get(number, 0)
        hidden, dropped = self._hidden.get(number, 0), self._dropped.get(number, 0)
        if in_progress is None:
            in_progress = max(0, produced - submitted - filtered - ring - pending)
            received = submitted
        else:
            received = self._reader.received.get(number, 0)
        lost = {"ring": ring, "pending": pending, "consumer": dropped}
        return TypeAccount(
            produced=produced,
            delivered=delivered,
            filtered=filtered + hidden,
            lost={reason: count for reason, count in lost.items() if count},
            unfinished=in_progress + max(0, received - delivered - hidden - dropped),
            faulted=counts[Counter.FAULTED],
            truncated=counts[Counter.TRUNCATED],
            no_entry=counts[Counter.NO_ENTRY],
        )

    def _name(self, number: int) -> str:
        return self.probe.catalog.by_id(number).name

    def _settle(self) -> None:
        """Wait for programs that were running when they were detached."""
        patience = time.monotonic() + _SETTLE_SECONDS
        while time.monotonic() < patience:
            self._reader.collect()
            counts = self.probe.counters.read()
            received = sum(self._reader.received.values()) + self._reader.undecodable
            offered = counts.total(Counter.SUBMITTED) + counts.total(Counter.LOST_RING)
            is_all_read = received == counts.total(Counter.SUBMITTED)
            if is_all_read and offered == sum(counts.sequences) and self._is_quiet(counts):
                return
            time.sleep(_PAUSE_SECONDS)

    def _is_quiet(self, counts: Counts) -> bool:
        """Whether each event that was begun has got as far as it can, and a moment later, too."""
        ended = (Counter.SUBMITTED, Counter.FILTERED, Counter.LOST_RING, Counter.LOST_PENDING)
        left = counts.total(Counter.PRODUCED) - sum(counts.total(one) for one in ended)
        if left != sum(self.probe.counters.unfinished().values()):
            return False
        time.sleep(_PAUSE_SECONDS)
        return self.probe.counters.read() == counts


def _add(counts: dict[int, int], more: dict[int, int], sign: int = 1) -> None:
    for number, count in more.items():
        total = counts.get(number, 0) + sign * count
        if total:
            counts[number] = total
        else:
            counts.pop(number, None)
