"""No text from outside reaches a terminal as anything but characters on one line."""

from __future__ import annotations

import pytest

from seismo.output.printable import cut_text, printable, text_width


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text", "plain text"),
        ("größe 日本", "größe 日本"),
        ("back\\slash", "back\\slash"),
        ("a\tb\nc\rd", "a\\tb\\nc\\rd"),
        ("\x1b[2J\x00\x7f", "\\x1b[2J\\x00\\x7f"),
        (b"\xff\x80".decode("utf-8", "surrogateescape"), "\\xff\\x80"),
        ("\x9b", "\\u009b"),
        ("\u202egpj.exe\u2028", "\\u202egpj.exe\\u2028"),
        ("\ud800\ufffe", "\\ud800\\ufffe"),
        ("\U000e0041", "\\U000e0041"),
    ],
)
def test_what_is_not_printable_is_escaped(text: str, shown: str) -> None:
    assert printable(text) == shown


@pytest.mark.parametrize(
    ("text", "width"),
    [("", 0), ("abc", 3), ("日本", 4), ("ｆ", 2), ("é", 1), ("e\N{COMBINING ACUTE ACCENT}", 1)],
)
def test_width_is_in_cells(text: str, width: int) -> None:
    assert text_width(text) == width


@pytest.mark.parametrize(
    ("width", "shown"),
    [(0, "aä日本x"), (7, "aä日本x"), (6, "aä日…"), (5, "aä日…"), (4, "aä…"), (1, "…")],
)
def test_text_is_cut_by_cells(width: int, shown: str) -> None:
    assert cut_text("aä日本x", width) == shown
