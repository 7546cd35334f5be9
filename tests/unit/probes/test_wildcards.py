"""Wildcards in attach points."""

from __future__ import annotations

import pytest

from seismo.probes.kind import TargetError
from seismo.probes.wildcard import has_wildcard, wildcard


@pytest.mark.parametrize(
    ("pattern", "matching", "other"),
    [
        ("a:b", ["a:b"], ["a:bc", "xa:b"]),
        ("sys_*", ["sys_", "sys_enter"], ["xsys_"]),
        ("*_exit_*", ["sys_exit_x", "a_exit_b_exit_c"], ["sys_exit"]),
        ("a*b*c", ["abc", "axbxbxc", "abcc"], ["ab", "acb"]),
        ("**", ["", "x"], []),
        ("sys_[er]*", ["sys_enter", "sys_r"], ["sys_x"]),
        ("v[0-9]", ["v0", "v9"], ["va", "v10"]),
        ("v[!0-9]", ["va"], ["v0"]),
        ("v[^ab]", ["vc"], ["va"]),
        ("a.b+", ["a.b+"], ["axbb"]),
        ("[", ["["], []),
        ("a]", ["a]"], []),
        ("?x", ["?x"], ["ax"]),
        ("[a&&b]", ["a", "&"], ["c"]),
    ],
)
def test_matching(pattern: str, matching: list[str], other: list[str]) -> None:
    compiled = wildcard(pattern)
    assert [one for one in matching if not compiled.fullmatch(one)] == []
    assert [one for one in other if compiled.fullmatch(one)] == []


def test_what_has_a_wildcard() -> None:
    assert [one for one in ("a", "a*", "[ab]", "a[", "]", "?") if has_wildcard(one)] == [
        "a*",
        "[ab]",
    ]


def test_a_set_that_is_none() -> None:
    with pytest.raises(TargetError, match=r"'x\[z-a\]' has a set that is none"):
        wildcard("x[z-a]")


def test_many_stars_take_little_time() -> None:
    assert not wildcard("*a" * 40 + "*b").fullmatch("a" * 5_000)
