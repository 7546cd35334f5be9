"""Integer literals: every form, every limit."""

from __future__ import annotations

import pytest

from seismo.base.number import Integer, NumberError, parse_integer


@pytest.mark.parametrize(
    ("text", "value", "unsigned"),
    [
        ("0", 0, False),
        ("42", 42, False),
        ("0x2A", 42, False),
        ("0X_2a".replace("_", ""), 42, False),
        ("052", 42, False),
        ("1_000_000", 1_000_000, False),
        ("0xdead_beef", 0xDEADBEEF, False),
        ("1e6", 1_000_000, False),
        ("2E3", 2_000, False),
        ("1e3ms", 1_000_000_000, False),
        ("1__0", 10, False),
        ("0x1__f", 0x1F, False),
        ("0_1_7", 0o17, False),
        ("9e18", 9 * 10**18, False),
        ("9223372036854775807", 2**63 - 1, False),
        ("9223372036854775808", 2**63, True),
        ("0xffffffffffffffff", 2**64 - 1, True),
        ("1u", 1, True),
        ("4294967295U", 2**32 - 1, True),
        ("1l", 1, False),
        ("1ull", 1, True),
        ("1UL", 1, True),
        ("5ns", 5, False),
        ("5us", 5_000, False),
        ("5ms", 5_000_000, False),
        ("5s", 5_000_000_000, False),
        ("2m", 120 * 10**9, False),
        ("2h", 7200 * 10**9, False),
        ("1d", 86400 * 10**9, False),
        ("0x1d", 0x1D, False),
    ],
)
def test_value(text: str, value: int, unsigned: bool) -> None:
    assert parse_integer(text) == Integer(value, unsigned)


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("1_", "'1_' is not an integer", "may not end in '_'"),
        ("089", "'089' is not an integer", "begins with 0 is octal"),
        ("12e3", "'12e3' is not an integer", "one digit, 'e'"),
        ("1x", "'1x' is not an integer", "suffixes are u l"),
        ("0x", "'0x' is not an integer", "suffixes are"),
        ("18446744073709551616", "18446744073709551616 is out of range", "18446744073709551615"),
        ("9" * 5000, "is out of range", "18446744073709551615"),
        ("4294967296u", "4294967296u is out of range", "4294967295u"),
        ("9223372036854775808l", "is out of range", "9223372036854775807l"),
        ("9e19", "9e19 is out of range", "18446744073709551615"),
        ("300000d", "300000d is out of range", "18446744073709551615"),
        ("", "'' is not an integer", ""),
    ],
)
def test_refused(text: str, message: str, hint: str) -> None:
    with pytest.raises(NumberError) as caught:
        parse_integer(text)
    assert message in caught.value.message
    assert hint in caught.value.hint
