"""`TextSink`: what people read, as bpftrace 0.26 prints it.

>>> sink = TextSink(sys.stdout.buffer, sys.stderr.buffer)
>>> sink.map(MapView(name="@", key=Layout.of("key", [("0", U32), ("1", U32)]), value=U64), rows)
>>> sink.flush()
@[1, 2]: 3
"""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from typing import BinaryIO

from seismo.base.diagnostics import Diagnostic
from seismo.base.source import Span
from seismo.events.kinds import EventLayout, MapView
from seismo.events.value import Row, Value, key_texter, texter

__all__ = ("TextSink",)


class TextSink:
    """Events and maps to `stream`, notes about the run to `errors`.

    Both are binary: text is written as UTF-8, with the bytes that were none given back unchanged.
    `is_quiet` (-q) leaves out the number of probes, `has_warnings` (not --no-warnings) the warnings
    of `runtime_error`, `helper_error` and `warning`. What was lost is always said.
    """

    def __init__(
        self,
        stream: BinaryIO,
        errors: BinaryIO,
        *,
        is_quiet: bool = False,
        has_warnings: bool = True,
    ) -> None:
        self._stream = stream
        self._errors = errors
        self._is_quiet = is_quiet
        self._has_warnings = has_warnings
        self._texts: list[str] = []

    def attached(self, count: int) -> None:
        if not self._is_quiet:
            self._note(f"Attached {count} {'probe' if count == 1 else 'probes'}")

    def printf(self, text: str, event: EventLayout) -> None:
        self._texts.append(text)

    def value(self, value: Value, event: EventLayout) -> None:
        self._texts.append(texter(event.layout.fields[1].type)(value) + "\n")

    def map(self, view: MapView, rows: Sequence[Row]) -> None:
        value_text = texter(view.value)
        if view.key is None:
            self._texts += [f"{view.name}: {value_text(value)}\n" for _, value in rows]
            return
        key_text = key_texter(view.key)
        self._texts += [
            f"{view.name}[{key_text(key)}]: {value_text(value)}\n" for key, value in rows
        ]

    def lost(self, count: int) -> None:
        self._note(f"Lost {count} events")

    def runtime_error(self, message: str, span: Span) -> None:
        self._warn(Diagnostic("warning", span, message))

    def helper_error(self, helper: str, retcode: int, span: Span) -> None:
        is_full = helper == "map_update_elem" and retcode == -errno.E2BIG
        self._warn(
            Diagnostic(
                "warning",
                span,
                f"{helper} returned {retcode}: {os.strerror(-retcode)}",
                "the map is full: raise max_map_keys" if is_full else "",
            )
        )

    def warning(self, message: str) -> None:
        if self._has_warnings:
            self._note(f"warning: {message}")

    def end(self) -> None:
        self._texts.append("\n\n")

    def flush(self) -> None:
        if self._texts:
            data = "".join(self._texts).encode("utf-8", "surrogateescape")
            self._texts.clear()
            self._stream.write(data)
            self._stream.flush()

    def _warn(self, diagnostic: Diagnostic) -> None:
        if self._has_warnings:
            self._note(str(diagnostic))

    def _note(self, text: str) -> None:
        """Write to `errors` at once, after what came before it: both may be one terminal."""
        self.flush()
        self._errors.write(f"{text}\n".encode("utf-8", "surrogateescape"))
        self._errors.flush()
