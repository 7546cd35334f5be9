"""How bytes are cut into moves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seismo.builtin.bytes import chunks


@pytest.mark.parametrize(
    ("size", "start", "moves"),
    [
        (0, 0, []),
        (8, 0, [(0, 8)]),
        (15, 0, [(0, 8), (8, 4), (12, 2), (14, 1)]),
        (8, 4, [(0, 4), (4, 4)]),
        (3, 1, [(0, 1), (1, 2)]),
    ],
)
def test_moves(size: int, start: int, moves: list[tuple[int, int]]) -> None:
    assert list(chunks(size, start)) == moves


@given(st.integers(0, 300), st.integers(0, 64))
def test_moves_cover_all_and_are_aligned(size: int, start: int) -> None:
    end = 0
    for offset, width in chunks(size, start):
        assert offset == end
        assert (start + offset) % width == 0
        end += width
    assert end == size
