"""`TextSink`: events as lines, by any format, to any place that takes lines."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from seismo.audit.record.account import Account
from seismo.audit.record.batch import Batch
from seismo.audit.record.event import AuditEvent
from seismo.audit.sinks.alert import Alert
from seismo.audit.sinks.output_file import LineOutput

__all__ = ("LineFormat", "TextSink")


class LineFormat(Protocol):
    """How an event is a line; lines have no newline, and '' is none."""

    def heading(self) -> str:
        """What stands above all lines."""

    def line(self, event: AuditEvent) -> str:
        """An event."""

    def alert(self, alert: Alert) -> str:
        """What a rule found."""

    def account(self, account: Account, *, is_final: bool) -> str:
        """How things stand; may be several lines, but for formats that are read by programs."""

    def gap(self, failed: int, reason: str) -> str:
        """Where `failed` events are missing that could not be written, once writing works again."""


class TextSink:
    """Each batch is written as soon as it comes: nothing is held back.

    `failed` counts events and alerts. Where some are missing, the first line that can be written
    after them says so.
    """

    def __init__(self, format_: LineFormat, output: LineOutput) -> None:
        self.failed = 0
        self.failure = ""
        self._format = format_
        self._output = output
        self._missing = 0
        self._is_closed = False
        if heading := format_.heading():
            self._put(f"{heading}\n")

    def write(self, batch: Batch) -> None:
        line = self._format.line
        self._add([line(event) for event in batch.events()])

    def alert(self, alert: Alert) -> None:
        self._add([self._format.alert(alert)])

    def account(self, account: Account, *, is_final: bool) -> None:
        text = self._format.account(account, is_final=is_final)
        if text and self._say_gap():
            self._put(f"{text}\n")

    def flush(self) -> None:
        self._lose(self._output.flush)

    def close(self) -> None:
        if not self._is_closed:
            self._is_closed = True
            self._say_gap()
            self._lose(self._output.close)

    def _add(self, lines: list[str]) -> None:
        """Write lines; an event that is none (a format may leave one out) is no failure."""
        shown = [line for line in lines if line]
        if not shown:
            return
        if not self._say_gap():
            self._missing += len(shown)
            self.failed += len(shown)
            return
        lost = min(self._put("\n".join([*shown, ""])), len(shown))  # an alert may have two lines
        self.failed += lost
        self._missing += lost

    def _say_gap(self) -> bool:
        """Say what is missing here, if anything is; false if there is no room for that either."""
        if self._missing:
            gap = self._format.gap(self._missing, self.failure)
            if gap and self._put(f"{gap}\n"):
                return False
            self._missing = 0
        return True

    def _put(self, text: str) -> int:
        lost = self._output.write(text.encode("utf-8", "surrogateescape"))
        if self._output.failure:
            self.failure = self._output.failure
        return lost

    def _lose(self, pass_on: Callable[[], int]) -> None:
        self.failed += pass_on()
        if self._output.failure:
            self.failure = self._output.failure
