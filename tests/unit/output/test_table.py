"""Columns line up whatever they hold."""

from __future__ import annotations

import pytest

from seismo.output.table import table_text


def test_numbers_go_right_and_text_left() -> None:
    rows = [(7, "sh", 1), (1234, "python3", 250)]
    assert table_text(("PID", "COMM", "READS"), rows) == (
        " PID  COMM     READS\n"
        "   7  sh           1\n"
        "1234  python3    250\n"
    )  # fmt: skip


def test_a_column_with_any_text_goes_left() -> None:
    assert table_text(("FD", "X"), [(3, 0.5), ("-", 12)]) == "FD    X\n3   0.5\n-    12\n"


def test_align_says_where_columns_go() -> None:
    assert table_text(("A", "LONG"), [("1000", 7)], align="><") == "   A  LONG\n1000  7\n"


def test_lines_have_no_trailing_blanks() -> None:
    assert table_text(("A", "B"), [("x", ""), ("", "yy")]) == "A  B\nx\n   yy\n"


def test_no_rows_are_the_headings() -> None:
    assert table_text(("PID", "COMM"), []) == "PID  COMM\n"


def test_names_cannot_break_lines_or_reach_the_terminal() -> None:
    rows = [("a\nb", 1), ("\x1b[31mred", 2)]
    assert table_text(("FILE", "N"), rows) == (
        "FILE         N\n"
        "a\\nb         1\n"
        "\\x1b[31mred  2\n"
    )  # fmt: skip


def test_wide_characters_take_two_cells() -> None:
    assert table_text(("FILE", "N"), [("日本", 1), ("e\u0301", 2)]) == (
        "FILE  N\n"
        "日本  1\n"
        "e\u0301     2\n"
    )  # fmt: skip


@pytest.mark.parametrize("row", [(1,), (1, 2, 3)])
def test_rows_are_as_long_as_the_headings(row: tuple[int, ...]) -> None:
    with pytest.raises(ValueError):
        table_text(("A", "B"), [row])
