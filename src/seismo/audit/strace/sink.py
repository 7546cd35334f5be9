"""`StraceSink`: the stream of an audit, shown as strace shows it."""

from __future__ import annotations

from typing import TextIO

from seismo.audit.record.account import Account
from seismo.audit.record.batch import Batch
from seismo.audit.sinks.alert import Alert
from seismo.audit.strace.printer import Printer

__all__ = ("StraceSink",)


class StraceSink:
    """Writes to `stream`, which stays the caller's. Without `has_threads`, first threads only."""

    def __init__(self, printer: Printer, stream: TextIO, *, has_threads: bool = True) -> None:
        self.failed = 0
        self.failure = ""
        self._printer = printer
        self._stream = stream
        self._has_threads = has_threads

    def write(self, batch: Batch) -> None:
        for event in batch.events():
            if self._has_threads or event.tid == event.tgid:
                self._printer.take(event)

    def alert(self, alert: Alert) -> None:
        """There are no rules."""

    def account(self, account: Account, *, is_final: bool) -> None:
        """Losses are told by who runs the trace."""

    def flush(self) -> None:
        self._stream.flush()

    def close(self) -> None:
        self._stream.flush()
