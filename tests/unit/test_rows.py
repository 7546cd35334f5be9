"""A tool's rows as JSON objects."""

from __future__ import annotations

import io
import json

from seismo.base.layout import S32, U32, Text
from seismo.base.source import NOWHERE
from seismo.events.kinds import Action, EventLayout, MapView, event_layout
from seismo.output.rows import RowSink, row_renderer


def event(*types: U32.__class__ | Text) -> EventLayout:
    layout = event_layout("printf", [(f"arg{n}", one) for n, one in enumerate(types)])
    return EventLayout(id=1, action=Action.PRINTF, layout=layout, span=NOWHERE)


def test_a_row_is_an_object_with_the_columns_in_order() -> None:
    render = row_renderer(("pid", "fd", "path"))(event(U32, S32, Text(64)))
    line = render((7, -1, 'a"b\\\n'))
    assert line.endswith("}\n")
    assert list(json.loads(line).items()) == [("pid", 7), ("fd", -1), ("path", 'a"b\\\n')]


def test_a_heading_is_no_row() -> None:
    assert row_renderer(("pid", "fd"))(event(U32))((7,)) == ""


def test_maps_and_the_end_print_nothing() -> None:
    stream, errors = io.BytesIO(), io.BytesIO()
    sink = RowSink(stream, errors, is_quiet=True)
    sink.map(MapView(name="@m", key=None, value=U32), [((), 1)])
    sink.end()
    sink.printf("row\n", event())
    sink.flush()
    assert (stream.getvalue(), errors.getvalue()) == (b"row\n", b"")
