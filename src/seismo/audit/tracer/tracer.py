"""`Tracer`: audit for a program: events to a callback, from a loop, or on asyncio's loop.

>>> with Tracer(callback=print) as tracer:
...     tracer.register_handler(7, tree=pid, events=["file"])
...     tracer.start()
...     tracer.run(["make"], program_id=8)

>>> with Tracer() as tracer:
...     tracer.register_handler(7, pid=pid)
...     tracer.start()
...     for event in tracer: ...            # until tracer.stop(), from wherever

A thread reads the ring, so that a slow consumer has `buffer` records of patience. What then? With
`on_slow="drop"` batches are dropped and counted (`lost["consumer"]`), but for what correlation has
to know; with `on_slow="wait"` the ring fills, and what finds no room there the kernel counts.
"""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from threading import Lock, Thread, get_ident

from seismo.audit.catalog.build import audit_catalog
from seismo.audit.catalog.table import Catalog
from seismo.audit.program.audit_object import PENDING, RING_BYTES, AuditObject
from seismo.audit.program.backends import choose
from seismo.audit.program.battery import load_battery
from seismo.audit.program.compile import compile_audit
from seismo.audit.record.account import Account
from seismo.audit.record.batch import Batch
from seismo.audit.record.event import AuditEvent
from seismo.audit.tracer.cache import CACHE_SIZE
from seismo.audit.tracer.command import StoppedCommand
from seismo.audit.tracer.errors import NotTracing
from seismo.audit.tracer.mailbox import Mailbox
from seismo.audit.tracer.ordering import ORDER_NS
from seismo.audit.tracer.probe import TRACKED, Probe
from seismo.audit.tracer.programs import Recording, require_privilege
from seismo.audit.tracer.stream import Stream
from seismo.audit.tracer.watches import Registration
from seismo.base.closing import Closing
from seismo.base.errors import NotSupported
from seismo.facts import LiveFacts
from seismo.kernel.live import LiveKernel
from seismo.kernel.protocol import Kernel
from seismo.kernel.tracefs import Tracefs
from seismo.views import LiveView

__all__ = ("BUFFER", "Tracer")

BUFFER = 1 << 18
"""How many records may wait for the consumer where nothing else is said: some 40 to 100 MB."""

_POLL_MS = 50
_LOSS_SECONDS = 1.0
_SWEEP_SECONDS = 30.0
_ROOM_SECONDS = 0.1


class Tracer(Closing):
    """Registers handlers, and hands out what they asked for, in the order of time.

    `callback` gets each event, in a thread of its own; without it, iterate. `lost_callback` gets
    how many events were lost since it was last called, at most once a second. `enrich` is
    called with each batch before it is shown, hidden events included: correlation. What `callback`
    or `enrich` raises ends the tracing, and `stop` raises it.

    `audit` are the programs, the package's where they are not given; `cache_size` is how
    many handlers are kept for `register_handler_by_id`.
    """

    def __init__(
        self,
        callback: Callable[[AuditEvent], object] | None = None,
        lost_callback: Callable[[int], object] | None = None,
        cache_size: int = CACHE_SIZE,
        *,
        kernel: Kernel | None = None,
        catalog: Catalog | None = None,
        audit: AuditObject | None = None,
        recording: Recording | None = None,
        enrich: Callable[[Batch], object] | None = None,
        ring_bytes: int = RING_BYTES,
        pending: int = PENDING,
        order_ns: int = ORDER_NS,
        buffer: int = BUFFER,
        on_slow: str = "drop",
        pin_directory: str = "",
    ) -> None:
        if on_slow not in ("drop", "wait"):
            raise ValueError(f"on_slow: '{on_slow}' is neither 'drop' nor 'wait'")
        self._callback = callback
        self._lost_callback = lost_callback
        self._enrich = enrich
        self._is_patient = on_slow == "wait"
        self._kernel = kernel or LiveKernel()
        require_privilege(self._kernel)
        with ExitStack() as owned:
            tracefs = owned.enter_context(Tracefs(self._kernel))
            view = LiveView(self._kernel, tracefs)
            self.catalog = catalog or audit_catalog(view)
            self._wake = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
            owned.callback(os.close, self._wake)
            self._mailbox = owned.enter_context(Mailbox(buffer))
            self.probe = Probe(
                self._kernel,
                audit or _programs(view, self._kernel, ring_bytes, pending),
                self.catalog,
                tracefs,
                recording=recording,
                cache_size=cache_size,
                pin_directory=pin_directory,
            )
            self._stream = owned.enter_context(Stream(self.probe, self._kernel, order_ns=order_ns))
            self._owned = owned.pop_all()
        self._lock = Lock()
        self._threads: list[Thread] = []
        self._is_stopping = self._is_closed = False
        self._failure: BaseException | None = None
        self._commands: list[StoppedCommand] = []

    def register_handler(
        self,
        program_id: int,
        *,
        pid: int = 0,
        tree: int = 0,
        cgroup: str | int = "",
        exe: str = "",
        container: str = "",
        events: Iterable[str] = ("default",),
        session_id: int = 0,
    ) -> Registration:
        """As `Probe.register_handler`."""
        with self._lock:
            return self.probe.register_handler(
                program_id,
                pid=pid,
                tree=tree,
                cgroup=cgroup,
                exe=exe,
                container=container,
                events=events,
                session_id=session_id,
            )

    def register_handler_by_id(
        self, program_id: int, pid: int, digest: str, *, session_id: int = 0
    ) -> Registration:
        """As `Probe.register_handler_by_id`."""
        with self._lock:
            return self.probe.register_handler_by_id(program_id, pid, digest, session_id=session_id)

    def unregister_handler(self, registration: Registration) -> None:
        """As `Probe.unregister_handler`."""
        with self._lock:
            self.probe.unregister_handler(registration)

    def start(self) -> None:
        """Attach, and begin to read."""
        if self._threads or self._stream.is_finished:
            raise NotTracing("a tracer is started once\nhint: make another one")
        self._stream.start()
        self._spawn(self._read)
        if self._callback is not None:
            self._spawn(self._call_back)

    def run(
        self,
        argv: Sequence[str],
        *,
        program_id: int = 0,
        session_id: int = 0,
        events: Iterable[str] = ("default",),
    ) -> StoppedCommand:
        """Run a command, traced with all that it starts from its execve(2) on; `wait` for it.

        It is closed with the tracer.
        """
        command = StoppedCommand(argv)
        try:
            self.register_handler(
                program_id, tree=command.pid, events=events, session_id=session_id
            )
        except BaseException:
            command.close()
            raise
        self._commands.append(command)
        command.release()
        return command

    def stop(self) -> None:
        """Detach, and let the consumer have what is left; a second time does nothing.

        With a callback, it has had everything when this returns; called by the callback itself, it
        only says that this is to be. Raises what the callback raised.
        """
        self._is_stopping = True
        if not self._stream.is_finished:
            os.eventfd_write(self._wake, 1)
        if not self._is_one_of_ours():
            self._join()
            if not self._stream.is_finished:
                self._finish()
            failure, self._failure = self._failure, None
            if failure is not None:
                raise failure

    def account(self) -> Account:
        """Where all events have gone, so far; see `Stream.account`."""
        with self._lock:
            return self._stream.account()

    def batches(self, timeout: float | None = None) -> Iterator[Batch]:
        """What was asked for, in batches, until the tracer is stopped and all is handed out, or
        none has come for `timeout` seconds."""
        while (batch := self._mailbox.take(timeout)) is not None:
            if len(shown := self._shown(batch)):
                yield shown

    def __iter__(self) -> Iterator[AuditEvent]:
        """The events, until the tracer is stopped and all are handed out."""
        for batch in self.batches():
            yield from batch.events()

    async def events(self) -> AsyncIterator[AuditEvent]:
        """The same on asyncio's loop, which runs meanwhile."""
        from seismo.audit.tracer.waiting import (  # noqa: PLC0415 (lazy: docs/architecture.md)
            readable,
        )

        # One of our own: the tracer may be closed while we wait.
        fd = self._mailbox.another_fd()
        try:
            while not self._mailbox.is_over:
                # Also where there is something already: however fast it comes, others have a turn.
                await readable(fd)
                if (batch := self._mailbox.take(0)) is not None:
                    for event in self._shown(batch).events():
                        yield event
        finally:
            os.close(fd)

    def close(self) -> None:
        """Stop, and close everything, commands included; a second time does nothing.

        Called by the callback itself it only stops, as the reading thread needs what is open.
        """
        if self._is_one_of_ours():
            self.stop()
            return
        if self._is_closed:
            return
        self._is_closed = True
        with self._owned:
            for one in self._commands:
                one.close()
            self.stop()

    def _spawn(self, target: Callable[[], object]) -> None:
        thread = Thread(target=target, name=f"audit {target.__name__.strip('_')}", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _read(self) -> None:
        """The reading thread: from the ring into the mailbox, until the tracer is to stop."""
        next_report = next_sweep = time.monotonic()
        try:
            while not self._is_stopping:
                self._kernel.poll((self._stream.fd, self._wake), _POLL_MS)
                with self._lock:
                    batch = self._stream.poll(0)
                self._pass_on(batch)
                now = time.monotonic()
                if now >= next_report:
                    next_report = now + _LOSS_SECONDS
                    self._report_losses()
                if now >= next_sweep:
                    next_sweep = now + _SWEEP_SECONDS
                    with self._lock:
                        self.probe.sweep()
        except BaseException as error:
            self._fail(error)
        finally:
            self._finish()

    def _pass_on(self, batch: Batch) -> None:
        if not len(batch):
            return
        if self._is_patient:
            while not self._mailbox.put(batch, _ROOM_SECONDS):
                if self._is_stopping:
                    self._mailbox.force(batch)
                    return
        elif not self._mailbox.offer(batch):
            self._drop(batch)

    def _drop(self, batch: Batch) -> None:
        """All but what correlation has to know, and that, too, if there is far too much."""
        # A batch of its own: one that was selected keeps places for all events of the other.
        tracked = Batch(list(batch.select(TRACKED)), batch.decoder, batch.handlers)
        rest = batch
        if len(tracked) and self._mailbox.offer(tracked, is_urgent=True):
            rest = batch.select(set(batch.counts()) - TRACKED)
        with self._lock:
            self._stream.drop(rest)

    def _report_losses(self) -> None:
        if self._lost_callback is None:
            return
        with self._lock:
            lost = self._stream.new_losses()
        if lost:
            self._lost_callback(lost)

    def _finish(self) -> None:
        try:
            with self._lock:
                batch = self._stream.finish()
            if len(batch):
                self._mailbox.force(batch)
            self._report_losses()
        except BaseException as error:
            self._fail(error)
        finally:
            self._mailbox.end()

    def _call_back(self) -> None:
        """The consuming thread, where there is a callback."""
        callback = self._callback
        assert callback is not None
        try:
            for event in self:
                callback(event)
        except BaseException as error:
            self._fail(error)
            self._is_stopping = True

    def _shown(self, batch: Batch) -> Batch:
        if self._enrich is not None:
            self._enrich(batch)
        with self._lock:
            return self._stream.shown(batch)

    def _fail(self, error: BaseException) -> None:
        if self._failure is None:
            self._failure = error

    def _is_one_of_ours(self) -> bool:
        return any(one.ident == get_ident() for one in self._threads)

    def _join(self) -> None:
        for one in self._threads:
            one.join()


def _programs(view: LiveView, kernel: Kernel, ring_bytes: int, pending: int) -> AuditObject:
    """The programs for this kernel, with all that it takes: the package's, or else compiled."""
    try:
        return load_battery(view, LiveFacts(kernel), ring_bytes=ring_bytes, pending=pending)
    except NotSupported:
        pass  # the package has none for this machine
    files = [one.file for one in choose(view)]
    return compile_audit(view, optional=files, ring_bytes=ring_bytes, pending=pending)
