"""Every operation against RFC 9669, at the values where C, Python and processors differ."""

from __future__ import annotations

import pytest

from seismo.isa.parse import parse_listing
from seismo.vm.machine import Machine
from vm_engines import ENGINES

MAX = (1 << 64) - 1
MIN = 1 << 63
BIG = 0x8000_0001_9ABC_DEF0


def agreed(text: str) -> int:
    """r0 of a program, about which all engines must agree."""
    insns = parse_listing(text)
    results = [Machine(insns, engine=one).run() for one in ENGINES]
    ((r0, _),) = {(one.r0, one.steps) for one in results}
    return r0


CASES = [
    ("r0 += r1", MAX, 1, 0),
    ("r0 -= r1", 0, 1, MAX),
    ("r0 *= r1", MAX, MAX, 1),
    ("r0 /= r1", MAX, 2, MIN - 1),
    ("r0 /= r1", 7, 0, 0),
    ("r0 %= r1", 7, 0, 7),
    ("r0 %= r1", MAX, 10, 5),
    ("r0 s/= r1", MAX - 6, 2, MAX - 2),
    ("r0 s/= r1", MIN, MAX, MIN),
    ("r0 s/= r1", MIN, 0, 0),
    ("r0 s%= r1", MAX - 6, 2, MAX),
    ("r0 s%= r1", 7, MAX - 1, 1),
    ("r0 s%= r1", MIN, MAX, 0),
    ("r0 s%= r1", MAX - 6, 0, MAX - 6),
    ("r0 |= r1", MIN, 1, MIN + 1),
    ("r0 &= r1", MAX, BIG, BIG),
    ("r0 ^= r1", MAX, BIG, MAX - BIG),
    ("r0 <<= r1", 3, 63, MIN),
    ("r0 <<= r1", 3, 65, 6),
    ("r0 >>= r1", MIN, 127, 1),
    ("r0 s>>= r1", MIN, 63, MAX),
    ("r0 s>>= r1", MIN, 64, MIN),
    ("r0 = r1", 5, BIG, BIG),
    ("r0 = (s8)r1", 0, 0x180, MAX - 0x7F),
    ("r0 = (s16)r1", 0, 0x18000, MAX - 0x7FFF),
    ("r0 = (s32)r1", 0, BIG, 0xFFFF_FFFF_9ABC_DEF0),
    ("r0 = -r0", 1, 0, MAX),
    ("r0 = -r0", MIN, 0, MIN),
    ("w0 += w1", MAX, 1, 0),
    ("w0 -= w1", MIN, 1, 0xFFFF_FFFF),
    ("w0 *= w1", BIG, 2, 0x3579_BDE0),
    ("w0 /= w1", BIG, 16, 0x9ABCDEF),
    ("w0 /= w1", BIG, MIN, 0),
    ("w0 %= w1", BIG, MIN, 0x9ABC_DEF0),
    ("w0 s/= w1", 0x8000_0000, 0xFFFF_FFFF, 0x8000_0000),
    ("w0 s%= w1", 0xFFFF_FFF9, 2, 0xFFFF_FFFF),
    ("w0 s%= w1", BIG, MIN, 0x9ABC_DEF0),
    ("w0 <<= w1", BIG, 36, 0xABCD_EF00),
    ("w0 >>= w1", BIG, 33, 0x4D5E_6F78),
    ("w0 s>>= w1", BIG, 36, 0xF9AB_CDEF),
    ("w0 = w1", MAX, BIG, 0x9ABC_DEF0),
    ("w0 = (s8)w1", MAX, 0x80, 0xFFFF_FF80),
    ("w0 = (s16)w1", MAX, 0x7FFF, 0x7FFF),
    ("w0 = -w0", MIN + 1, 0, 0xFFFF_FFFF),
    ("r0 = le16 r0", BIG, 0, 0xDEF0),
    ("r0 = le32 r0", BIG, 0, 0x9ABC_DEF0),
    ("r0 = le64 r0", BIG, 0, BIG),
    ("r0 = be16 r0", BIG, 0, 0xF0DE),
    ("r0 = be32 r0", BIG, 0, 0xF0DE_BC9A),
    ("r0 = be64 r0", BIG, 0, 0xF0DE_BC9A_0100_0080),
    ("r0 = bswap16 r0", BIG, 0, 0xF0DE),
    ("r0 = bswap32 r0", BIG, 0, 0xF0DE_BC9A),
    ("r0 = bswap64 r0", BIG, 0, 0xF0DE_BC9A_0100_0080),
]


@pytest.mark.parametrize(("line", "left", "right", "want"), CASES)
def test_an_operation(line: str, left: int, right: int, want: int) -> None:
    assert agreed(f"r0 = {left:#x}\nr1 = {right:#x}\n{line}\nexit") == want


@pytest.mark.parametrize(
    ("line", "want"),
    [
        ("r0 += -1", 9),
        ("w0 += -1", 9),
        ("r0 /= -1", 0),
        ("r0 s/= -3", MAX - 2),
        ("w0 s%= -3", 1),
        ("r0 %= 0", 10),
        ("w0 /= 0", 0),
        ("r0 |= -16", MAX - 5),
        ("w0 |= -16", 0xFFFF_FFFA),
        ("r0 &= -2147483648", 0),
        ("r0 = -2", MAX - 1),
        ("w0 = -2", 0xFFFF_FFFE),
        ("r0 <<= 62", MIN),
    ],
)
def test_an_immediate_is_extended_by_its_sign(line: str, want: int) -> None:
    assert agreed(f"r0 = 10\n{line}\nexit") == want


def test_mov_of_a_negative_immediate_keeps_all_of_it() -> None:
    assert agreed("r0 = -2\nr0 >>= 32\nexit") == 0xFFFF_FFFF


JUMPS = [
    ("==", BIG, BIG, True),
    ("!=", BIG, BIG + 1, True),
    (">", MIN, 1, True),
    (">=", 1, 1, True),
    ("<", 1, MIN, True),
    ("<=", 2, 1, False),
    ("s>", MIN, 1, False),
    ("s>=", MAX, MAX, True),
    ("s<", MIN, 1, True),
    ("s<=", 1, MAX, False),
    ("&", BIG, MIN, True),
    ("&", 6, 9, False),
]


@pytest.mark.parametrize(("sign", "left", "right", "is_taken"), JUMPS)
def test_a_comparison(sign: str, left: int, right: int, is_taken: bool) -> None:
    text = f"r0 = 1\nr1 = {left:#x}\nr2 = {right:#x}\nif r1 {sign} r2 goto pc+1\nr0 = 0\nexit"
    assert agreed(text) == is_taken


@pytest.mark.parametrize(
    ("condition", "is_taken"),
    [
        ("w1 == 0x9abcdef0", True),
        ("r1 == 0x9abcdef0", False),
        ("w1 s< 0x0", True),
        ("w1 > 0xffffffff", False),
        ("w1 s> 0x80000000", True),
        ("r1 > 0xffffffff", False),
        ("w1 & 0xf", False),
        ("r1 s< 0xffffffff", True),
    ],
)
def test_a_comparison_with_an_immediate(condition: str, is_taken: bool) -> None:
    text = f"r0 = 1\nr1 = {BIG:#x}\nif {condition} goto pc+1\nr0 = 0\nexit"
    assert agreed(text) == is_taken


def test_long_jumps() -> None:
    assert agreed("gotol pc+1\nr0 = 1\nr0 = 2\ngoto pc+1\nr0 = 3\nexit") == 2
