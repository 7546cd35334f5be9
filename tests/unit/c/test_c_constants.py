"""Constant expressions: what they come to, as GCC computes them."""

from __future__ import annotations

import pytest

from c_texts import in_function
from seismo.base.source import NOWHERE
from seismo.c.sema.constants import NotConstant, evaluate, fold_binary, wrap
from seismo.c.tree import (
    Binary,
    BuiltinCall,
    Cast,
    Conditional,
    Constant,
    Expr,
    Initializer,
    Load,
    Logical,
    Unary,
    Variable,
    VariablePlace,
)
from seismo.c.types import BOOL, CHAR, INT, S64, U8, U16, U32, U64, CType, Enumeration

UNKNOWN = Load(VariablePlace(Variable("x", INT, NOWHERE), INT, NOWHERE), INT, NOWHERE)


def number(value: int, type_: CType = INT) -> Constant:
    return Constant(value, type_, NOWHERE)


@pytest.mark.parametrize(
    ("value", "type_", "wrapped"),
    [
        (300, U8, 44),
        (200, CHAR, -56),
        (-1, U32, 0xFFFFFFFF),
        (-1, U64, 0xFFFFFFFFFFFFFFFF),
        (1 << 31, INT, -(1 << 31)),
        (256, BOOL, 1),
        (-1, Enumeration("e", U32), 0xFFFFFFFF),
    ],
)
def test_a_type_holds_what_fits_it(value: int, type_: CType, wrapped: int) -> None:
    assert wrap(value, type_) == wrapped


@pytest.mark.parametrize(
    ("op", "left", "right", "type_", "result"),
    [
        ("+", 0xFFFFFFFF, 1, U32, 0),
        ("-", 0, 1, U64, 0xFFFFFFFFFFFFFFFF),
        ("*", 1 << 20, 1 << 20, INT, 0),
        ("/", -7, 2, INT, -3),
        ("%", -7, 2, INT, -1),
        ("%", 7, -2, INT, 1),
        ("/", 7, 2, U32, 3),
        (">>", -8, 1, INT, -4),
        ("<<", 1, 31, INT, -(1 << 31)),
        ("<<", 1, 63, U64, 1 << 63),
        ("^", 5, 3, INT, 6),
        ("<=", 3, 3, INT, 1),
        (">", 3, 3, INT, 0),
        ("!=", 3, 4, INT, 1),
    ],
)
def test_operators(op: str, left: int, right: int, type_: CType, result: int) -> None:
    assert fold_binary(op, left, right, type_, NOWHERE) == result


@pytest.mark.parametrize(
    ("op", "right", "why"),
    [("/", 0, "a division by zero"), ("%", 0, "a division by zero"), ("<<", 32, "a shift by 32")],
)
def test_what_c_leaves_undefined_is_no_constant(op: str, right: int, why: str) -> None:
    with pytest.raises(NotConstant, match=why):
        fold_binary(op, 1, right, INT, NOWHERE)


def test_only_what_decides_is_looked_at() -> None:
    assert evaluate(Logical("||", number(1), UNKNOWN, INT, NOWHERE)) == 1
    assert evaluate(Logical("&&", number(0), UNKNOWN, INT, NOWHERE)) == 0
    assert evaluate(Conditional(number(1), number(5), UNKNOWN, INT, NOWHERE)) == 5
    assert evaluate(Conditional(number(7), None, UNKNOWN, INT, NOWHERE)) == 7


@pytest.mark.parametrize(
    "expr",
    [
        UNKNOWN,
        Binary("+", number(1), UNKNOWN, INT, NOWHERE),
        Logical("&&", number(1), UNKNOWN, INT, NOWHERE),
        Cast(UNKNOWN, S64, NOWHERE),
        BuiltinCall("memcmp", (number(1),), INT, NOWHERE),
    ],
)
def test_what_is_known_only_when_it_runs(expr: Expr) -> None:
    with pytest.raises(NotConstant):
        evaluate(expr)


def test_casts_and_signs() -> None:
    assert evaluate(Cast(number(-1), U16, NOWHERE)) == 0xFFFF
    assert evaluate(Unary("~", number(0, U32), U32, NOWHERE)) == 0xFFFFFFFF
    assert evaluate(Unary("-", number(1, U32), U32, NOWHERE)) == 0xFFFFFFFF
    assert evaluate(Unary("!", number(5), INT, NOWHERE)) == 0
    swapped = BuiltinCall("bswap16", (number(0x1234, U16),), U16, NOWHERE)
    assert evaluate(swapped) == 0x3412


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("(unsigned long)&((struct list_head *)0)->prev", 8),
        ("(unsigned long)&((struct list_head *)16)[1].prev", 40),
        ("sizeof(((struct task_struct *)0)->comm)", 16),
        ("(char *)&((int *)8)[2] - (char *)8", 8),
        ("-1 < 0u", 0),
        ("(u8)300 + 1", 45),
    ],
)
def test_expressions_of_programs(text: str, value: int) -> None:
    declared = in_function(f"u64 x = {text};")["x"]
    assert declared.value is not None
    assert not isinstance(declared.value, Initializer)
    assert evaluate(declared.value) == value
