"""Constant expressions of C, and the types of their values."""

from __future__ import annotations

import pytest

from c_cases import complaints_about_c, types_of


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("1 + 2 * 3 - 4", 3),
        ("1 << 2 + 3", 32),
        ("7 & 3 | 8 ^ 12", 7),
        ("(1 ? 2 : 3) + (0 ? 4 : 1 ? 5 : 6)", 7),
        ("-7 / 2", -3),
        ("-7 % 2", -1),
        ("-8 >> 1", -4),
        ("!5 + !0", 1),
        ("1 < 2 == 1", 1),
        ("1 && 0 || 1", 1),
        ("0x1F + 010 + 0b11 + 2UL", 44),
        ("1 << 31", -(1 << 31)),
        ("1u << 31", 1 << 31),
        ("0x80000000", 1 << 31),
        ("0xffffffff + 1", 0),
        ("0xffffffff + 1L", 1 << 32),
        ("4294967295 + 1", 1 << 32),
        ("~0u", 0xFFFF_FFFF),
        ("~0", -1),
        ("-1 < 0u", 0),
        ("-1 < 0", 1),
        ("-1L < 0u", 1),
        ("1ull << 63", 1 << 63),
        ("'A' + '\\n' + '\\0' + '\\x41' + '\\101'", 65 + 10 + 65 + 65),
        ("'\\377'", -1),
        ("sizeof(int) + sizeof(struct list_head) + sizeof(char *[3])", 4 + 16 + 24),
        ("_Alignof(long)", 8),
        ("(unsigned char)300 + (int)5", 49),
        ("(u32)-1", 0xFFFF_FFFF),
        ("(u8)-1 - 256", -1),
        ("(TASK_COMM_LEN) + FIRST", 16 + 1),
        ("TCP_LISTEN", 10),
    ],
)
def test_values(expression: str, value: int) -> None:
    types = types_of(f"enum e {{ FIRST = 1, TESTED = {expression} }};")
    assert types.enumerator("TESTED")[0] == value


@pytest.mark.parametrize(
    ("expression", "complaint"),
    [
        ("1 / 0", "1:16: a division by zero"),
        ("1 % (2 - 2)", "1:16: a division by zero"),
        ("1 << 32", "1:16: a shift of 32 bits by 32"),
        ("1 << -1", "1:16: a shift of 32 bits by -1"),
        ("1.5", "1:14: '1.5' is not an integer"),
        ("09", "1:14: '09' is not an integer"),
        ("1_000", "1:14: '1_000' is not an integer of C"),
        ("18446744073709551616", "1:14: '18446744073709551616' is not an integer of C"),
        ("1lul", "1:14: '1lul' is not an integer of C (suffixes are u l ul ll ull)"),
        ("'ab'", "1:14: 'ab' is more than one character"),
        ("'\\y'", "1:14: '\\y' is no character"),
        ('"a"', "1:14: expected an integer, not '\"a\"'"),
        ("(1", "1:17: expected ')' to close the bracket, not '}'"),
        ("sizeof 1", "1:21: expected '(' after sizeof, not '1'"),
        ("sizeof(1)", "1:21: expected a type, not '1'"),
        ("sizeof(void)", "1:21: void has no size (a pointer is written void *)"),
        ("(struct list_head)1", "1:15: a cast to struct list_head in a constant"),
        ("NOSUCH_X", "1:14: unknown constant 'NOSUCH_X'"),
        ("a + 1", "1:14: unknown constant 'a' (did you mean 'A'?)"),
        ("1 ? 2", "1:20: expected ':' between the values of '?', not '}'"),
    ],
)
def test_complaints(expression: str, complaint: str) -> None:
    assert complaints_about_c(f"enum {{ A, B ={expression} }};") == [complaint]


def test_depth_is_limited() -> None:
    (complaint,) = complaints_about_c(f"enum {{ A = {'(' * 1000}1{')' * 1000} }};")
    assert complaint.endswith("C text is nested more than 40 deep")
    (complaint,) = complaints_about_c(f"enum {{ A = {'- ' * 1000}1 }};")
    assert complaint.endswith("C text is nested more than 40 deep")
