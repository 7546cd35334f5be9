"""Tables, and the blocks of the document that hold them."""

from __future__ import annotations

import pytest

from bench.errors import BenchError
from bench.table import Section, format_section, format_table, replace_block

DOCUMENT = """before
<!-- bench:start -->
old
<!-- /bench:start -->
between
<!-- bench:kernel -->
<!-- /bench:kernel -->
"""


def test_columns_are_as_wide_as_their_widest_cell() -> None:
    assert format_table(("what", "ns"), (("count", "81"), ("a b", "1,234"))) == (
        "| what  |    ns |\n|-------|------:|\n| count |    81 |\n| a b   | 1,234 |"
    )


def test_a_narrow_column_still_has_a_rule() -> None:
    assert format_table(("a", "b"), ()) == "| a   |   b |\n|-----|----:|"


def test_a_row_must_fit_the_header() -> None:
    with pytest.raises(ValueError, match="shorter"):
        format_table(("a", "b"), (("1",),))


def test_a_section_is_title_table_and_notes() -> None:
    section = Section(
        name="x", title="Title", header=("a", "b"), rows=(("1", "2"),), notes=("one", "two")
    )
    table = "| a   |   b |\n|-----|----:|\n| 1   |   2 |"
    assert format_section(section) == f"**Title**\n\n{table}\n\n- one\n- two"


def test_a_block_is_replaced_and_nothing_else() -> None:
    once = replace_block(DOCUMENT, "start", "new\n")
    assert once == DOCUMENT.replace("old\n", "\nnew\n\n")
    assert replace_block(once, "start", "new") == once
    assert replace_block(DOCUMENT, "kernel", "x").endswith(
        "<!-- bench:kernel -->\n\nx\n\n<!-- /bench:kernel -->\n"
    )


@pytest.mark.parametrize(
    "document",
    [
        "no markers",
        "<!-- bench:start -->\n",
        "<!-- /bench:start -->\n<!-- bench:start -->\n",
        DOCUMENT + DOCUMENT,
    ],
)
def test_markers_must_be_there_once(document: str) -> None:
    with pytest.raises(BenchError, match="bench:start"):
        replace_block(document, "start", "new")
