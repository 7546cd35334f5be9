"""Arithmetic on constants."""

from __future__ import annotations

import pytest

from seismo.lang.constants import FoldError, as_type, fold_binary, fold_unary
from seismo.lang.typed import Constant
from seismo.lang.types import BOOL, UINT8, IntType, PointerType, Type


@pytest.mark.parametrize(
    ("left", "op", "right", "value"),
    [
        (7, "+", 2, 9),
        (7, "-", 9, -2),
        (7, "*", -2, -14),
        (7, "/", 2, 3),
        (-7, "/", 2, -3),
        (7, "/", -2, -3),
        (-7, "%", 2, -1),
        (7, "%", -2, 1),
        (6, "&", 3, 2),
        (6, "|", 3, 7),
        (6, "^", 3, 5),
        (1, "<<", 63, 1 << 63),
        (-8, ">>", 1, (1 << 63) - 4),
        (1, "<", 2, True),
        (2, "<=", 1, False),
        (2, ">", 1, True),
        (1, ">=", 2, False),
        (1, "==", True, True),
        ("a", "==", "a", True),
        ("a", "!=", "a", False),
        (0, "||", "x", True),
        (1, "&&", "", False),
    ],
)
def test_binary(left: Constant, op: str, right: Constant, value: Constant) -> None:
    folded = fold_binary(op, left, right)
    assert folded == value
    assert type(folded) is type(value)


@pytest.mark.parametrize(
    ("left", "op", "right"), [("a", "<", "b"), ("a", "+", 1), (1, "<<", 64), (1, ">>", -1)]
)
def test_what_is_not_folded(left: Constant, op: str, right: Constant) -> None:
    with pytest.raises(KeyError):
        fold_binary(op, left, right)


@pytest.mark.parametrize(
    ("left", "op", "right", "message"),
    [
        (1, "/", 0, "this divides by zero"),
        (1, "%", 0, "this divides by zero"),
        ((1 << 64) - 1, "+", 1, "the result, 18446744073709551616, does not fit 64 bits"),
        (-(1 << 63), "-", 1, "the result, -9223372036854775809, does not fit 64 bits"),
    ],
)
def test_what_has_no_result(left: int, op: str, right: int, message: str) -> None:
    with pytest.raises(FoldError) as raised:
        fold_binary(op, left, right)
    assert raised.value.message == message


def test_unary() -> None:
    assert fold_unary("-", 5) == -5
    assert fold_unary("~", 5) == -6
    assert fold_unary("!", "") is True
    with pytest.raises(KeyError):
        fold_unary("-", "a")


@pytest.mark.parametrize(
    ("value", "type_", "result"),
    [
        (300, UINT8, 44),
        (200, IntType(8, True), -56),
        (-1, IntType(64, False), (1 << 64) - 1),
        (5, BOOL, True),
        (5, PointerType(None, "kernel"), 5),
        ("a", UINT8, "a"),
    ],
)
def test_what_a_cast_leaves(value: Constant, type_: Type, result: Constant) -> None:
    assert as_type(value, type_) == result
