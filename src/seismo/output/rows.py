"""A tool's rows as JSON: one object a line, its members the tool's columns.

>>> render = row_renderer(("pid", "path"))(event)
>>> render((7, "/etc/hostname"))
'{"pid": 7, "path": "/etc/hostname"}\\n'
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from seismo.events.kinds import EventLayout, MapView
from seismo.events.value import Row, Value
from seismo.output.jsonl import json_writer
from seismo.output.text import TextSink

__all__ = ("RowSink", "row_renderer")


def row_renderer(
    columns: Sequence[str],
) -> Callable[[EventLayout], Callable[[Sequence[Value]], str]]:
    """What renders the printf events that have these columns; others (a heading) become nothing."""

    def for_event(event: EventLayout) -> Callable[[Sequence[Value]], str]:
        fields = event.layout.fields[1:]
        if len(fields) != len(columns):
            return lambda _: ""
        writers = [
            (f'"{name}": ', json_writer(field.type))
            for name, field in zip(columns, fields, strict=True)
        ]

        def render(values: Sequence[Value]) -> str:
            members = [
                head + write(value) for (head, write), value in zip(writers, values, strict=True)
            ]
            return f"{{{', '.join(members)}}}\n"

        return render

    return for_event


class RowSink(TextSink):
    """Only rows go to the stream: no maps, and no blank lines at the end."""

    def map(self, view: MapView, rows: Sequence[Row]) -> None:
        pass

    def end(self) -> None:
        pass
