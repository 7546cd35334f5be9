"""A tool's rows: aligned text under a heading, and JSON objects, of the same printf."""

from __future__ import annotations

import json

import pytest

from seismo.base.layout import S32, U32, Int, Symbolic, Text
from seismo.base.source import NOWHERE
from seismo.events.kinds import Action, EventLayout, event_layout
from seismo.tools.rows import RowWriter
from seismo.tools.tool import Column, columns
from seismo.tools.words import errno_name

STACK = Symbolic("kstack_t", 64)


def event(text: str, *types: object) -> EventLayout:
    layout = event_layout("printf", [(f"arg{n}", one) for n, one in enumerate(types)])
    return EventLayout(id=1, action=Action.PRINTF, layout=layout, span=NOWHERE, text=text)


OPEN = event("%-7d %-8s %4d %-6d %s\n", U32, Text(16), S32, U32, Text(64))
OPEN_COLUMNS = (*columns("pid comm fd"), Column("err", errno_name), Column("path"))


def test_the_heading_stands_where_the_values_stand() -> None:
    rows = RowWriter(OPEN_COLUMNS, is_json=False)
    line = rows.render(OPEN)((7, "cat", 3, 0, "/etc/passwd"))
    assert rows.heading == "PID     COMM       FD ERR    PATH\n"
    assert line == "7       cat         3 -      /etc/passwd\n"


def test_a_number_with_a_word_is_shown_as_the_word() -> None:
    render = RowWriter(OPEN_COLUMNS, is_json=False).render(OPEN)
    assert render((7, "cat", -1, 2, "/nope")) == "7       cat        -1 ENOENT /nope\n"


def test_json_has_the_columns_in_order() -> None:
    render = RowWriter(OPEN_COLUMNS, is_json=True).render(OPEN)
    line = render((7, "cat", -1, 2, 'a"b\\\n'))
    assert line.endswith("}\n")
    assert list(json.loads(line).items()) == [
        ("pid", 7), ("comm", "cat"), ("fd", -1), ("err", "ENOENT"), ("path", 'a"b\\\n'),
    ]  # fmt: skip
    assert json.loads(render((7, "cat", 3, 0, "/x")))["err"] is None


def test_what_a_terminal_would_act_on_is_escaped() -> None:
    render = RowWriter(OPEN_COLUMNS, is_json=False).render(OPEN)
    assert render((7, "c\x1bt", 3, 0, "/tmp/a\nb")).endswith(" /tmp/a\\nb\n")
    assert "\x1b" not in render((7, "c\x1b[2Jt", 3, 0, "/"))


@pytest.mark.parametrize("is_json", [False, True])
def test_other_printfs_are_no_rows(is_json: bool) -> None:
    rows = RowWriter(OPEN_COLUMNS, is_json=is_json)
    assert rows.render(event("%d lost\n", U32))((7,)) == ("" if is_json else "7 lost\n")
    assert rows.heading == ""


def test_a_stack_is_a_list_of_frames_and_stands_under_its_row() -> None:
    what = (Column("pid"), Column("stack", is_stack=True))
    drop = event("%-7d%s\n", U32, STACK)
    stack = "\n        tcp_drop+4\n        tcp_rcv+10\n"
    rows = RowWriter(what, is_json=False)
    assert rows.render(drop)((7, stack)) == f"7      {stack}\n"
    assert rows.heading == "PID\n"
    text = RowWriter(what, is_json=True).render(drop)((7, stack))
    assert json.loads(text) == {"pid": 7, "stack": ["tcp_drop", "tcp_rcv"]}


def test_an_enumerator_is_its_name() -> None:
    reason = Int(4, False, "enum", names=((0, "NONE"), (3, "NO_SOCKET")))
    render = RowWriter(columns("reason"), is_json=True).render(event("%s\n", reason))
    assert [render((3,)), render((9,))] == ['{"reason": "NO_SOCKET"}\n', '{"reason": "9"}\n']
