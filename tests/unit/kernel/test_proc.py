"""CPU lists as sysfs writes them."""

from __future__ import annotations

import pytest

from seismo.base.errors import FormatError
from seismo.kernel.proc import parse_cpu_list


@pytest.mark.parametrize(
    ("text", "cpus"),
    [
        ("0\n", (0,)),
        ("0-3\n", (0, 1, 2, 3)),
        ("0-1,4,6-7\n", (0, 1, 4, 6, 7)),
        ("10-11", (10, 11)),
    ],
)
def test_lists_and_ranges(text: str, cpus: tuple[int, ...]) -> None:
    assert parse_cpu_list(text) == cpus


@pytest.mark.parametrize(("text", "offset"), [("", 0), ("0-1,x", 4), ("0,1-", 2), ("3,,4", 2)])
def test_anything_else_is_refused_with_its_place(text: str, offset: int) -> None:
    with pytest.raises(FormatError) as caught:
        parse_cpu_list(text)
    assert caught.value.offset == offset
