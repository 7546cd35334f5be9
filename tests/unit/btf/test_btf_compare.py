"""Equivalence across ids."""

from __future__ import annotations

import pytest

from seismo.btf.compare import equivalent
from seismo.btf.spec import Btf
from seismo.btf.types import Int, IntEncoding, Member, Ptr, Struct, Type, Typedef
from seismo.btf.write import write


def table(*types: Type) -> Btf:
    return Btf.from_bytes(write(types))


LIST = table(Struct("list", 16, (Member("next", 2, 0), Member("prev", 2, 64))), Ptr(1))
MOVED = table(
    Ptr(0), Ptr(4), Ptr(4), Struct("list", 16, (Member("next", 2, 0), Member("prev", 3, 64)))
)


def test_ids_do_not_count() -> None:
    assert equivalent(LIST, 1, MOVED, 4)
    assert equivalent(LIST, 2, MOVED, 3)
    assert LIST.type(1) != MOVED.type(4)


def test_a_type_is_not_its_pointer() -> None:
    assert not equivalent(LIST, 1, MOVED, 3)
    assert not equivalent(LIST, 2, MOVED, 1)
    assert equivalent(LIST, 0, MOVED, 0)


@pytest.mark.parametrize(
    "other",
    [
        Int("int", 4, IntEncoding.SIGNED),
        Int("uint", 4),
        Int("int", 8),
        Typedef("int", 0),
    ],
)
def test_a_difference_far_down_counts(other: Type) -> None:
    left = table(Ptr(2), Struct("s", 8, (Member("a", 3, 0),)), Int("int", 4))
    right = table(Ptr(2), Struct("s", 8, (Member("a", 3, 0),)), other)
    assert equivalent(left, 1, left, 1)
    assert not equivalent(left, 1, right, 1)


def test_rings_of_different_length_take_no_product_of_steps() -> None:
    def ring(length: int) -> Btf:
        return table(*[Ptr(id % length + 1) for id in range(1, length + 1)])

    assert equivalent(ring(9_973), 1, ring(10_007), 1)
