"""Typed values as JSON has them, and as a line of text."""

from __future__ import annotations

import pytest

from seismo.ui.cli.plain import as_text, plain


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"sh", "sh"),
        (b"", ""),
        ("s\u00e9ance".encode(), "s\u00e9ance"),
        (b"two words\tand\n", "two words\tand\n"),
        (b"\x0a\0\0\0", [10, 0, 0, 0]),
        (b"\x1b[31m", [27, 91, 51, 49, 109]),
        (b"\xff", [255]),
    ],
)
def test_bytes_are_text_if_they_can_be_printed(value: bytes, expected: object) -> None:
    assert plain(value) == expected


def test_a_line_has_no_control_characters() -> None:
    assert as_text(b"a\nb") == '"a\\nb"'
    assert as_text((b"\x1b[2J", True)) == "[[27, 91, 50, 74], true]"
