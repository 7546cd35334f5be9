"""What is written of a file or a function in an attach point is what is read there again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from seismo.probes.user_file import quoted, split_parts

PARTS = st.text(st.characters(exclude_characters="\0\n", exclude_categories=["Cs"]))


@given(st.lists(PARTS, min_size=1, max_size=4))
def test_quoted_parts_come_back(parts: list[str]) -> None:
    assert split_parts(":".join(map(quoted, parts))) == tuple(parts)
