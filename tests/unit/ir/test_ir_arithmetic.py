"""BPF's arithmetic, by exact numbers."""

from __future__ import annotations

import pytest

from seismo.ir.arithmetic import binary, compare, extend, swap
from seismo.ir.ops import BinaryKind, Cond

U64 = (1 << 64) - 1


@pytest.mark.parametrize(
    ("op", "left", "right", "width", "result"),
    [
        (BinaryKind.ADD, U64, 1, 64, 0),
        (BinaryKind.ADD, -1, 1, 32, 0),
        (BinaryKind.SUB, 0, 1, 32, 0xFFFFFFFF),
        (BinaryKind.MUL, 1 << 63, 3, 64, 1 << 63),
        (BinaryKind.DIV, -1, 2, 64, (1 << 63) - 1),
        (BinaryKind.DIV, 7, 0, 64, 0),
        (BinaryKind.MOD, 7, 0, 64, 7),
        (BinaryKind.MOD, 0x1_0000_0007, 1 << 32, 32, 7),
        (BinaryKind.SHL, 1, 65, 64, 2),
        (BinaryKind.SHL, 1, 33, 32, 2),
        (BinaryKind.SHR, -8, 1, 32, 0x7FFFFFFC),
        (BinaryKind.SAR, -8, 1, 32, 0xFFFFFFFC),
        (BinaryKind.SAR, -8, 65, 64, U64 - 3),
        (BinaryKind.AND, -1, 0xF0, 32, 0xF0),
        (BinaryKind.OR, 1 << 40, 1, 32, 1),
        (BinaryKind.XOR, -1, 1, 64, U64 - 1),
    ],
)
def test_binary(op: BinaryKind, left: int, right: int, width: int, result: int) -> None:
    assert binary(op, left, right, width) == result


@pytest.mark.parametrize(
    ("cond", "left", "right", "width", "holds"),
    [
        (Cond.EQ, 1 << 32, 0, 32, True),
        (Cond.NE, 1 << 32, 0, 64, True),
        (Cond.LT, -1, 0, 64, False),
        (Cond.SLT, -1, 0, 64, True),
        (Cond.SLT, 0xFFFFFFFF, 0, 64, False),
        (Cond.SLT, 0xFFFFFFFF, 0, 32, True),
        (Cond.LE, 5, 5, 64, True),
        (Cond.SLE, -6, -5, 32, True),
        (Cond.GT, -1, 1, 64, True),
        (Cond.SGT, -1, 1, 64, False),
        (Cond.GE, 4, 5, 64, False),
        (Cond.SGE, 5, -5, 64, True),
        (Cond.SET, 6, 8, 64, False),
        (Cond.SET, 1 << 32, 1 << 32, 32, False),
    ],
)
def test_compare(cond: Cond, left: int, right: int, width: int, holds: bool) -> None:
    assert compare(cond, left, right, width) is holds


def test_extend() -> None:
    assert extend(0x1FF, 8, signed=False) == 0xFF
    assert extend(0x1FF, 8, signed=True) == U64
    assert extend(0x7F, 8, signed=True) == 0x7F


def test_swap() -> None:
    assert swap(0xAABB_1122, 16) == 0x2211
    assert swap(0xAABB_1122, 32) == 0x2211_BBAA
    assert swap(1, 64) == 1 << 56
