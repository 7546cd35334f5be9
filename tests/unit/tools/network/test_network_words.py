"""Words for TCP's numbers, and the options of the tools about it."""

from __future__ import annotations

import argparse

import pytest

from seismo.tools.network.options import port_option
from seismo.tools.network.words import plain_data, resolver_error, tcp_flags, tcp_state


@pytest.mark.parametrize(
    ("number", "word"),
    [
        (0, None),
        (1, "ESTABLISHED"),
        (7, "CLOSE"),
        (10, "LISTEN"),
        (13, "BOUND_INACTIVE"),
        (14, "14"),
    ],
)
def test_states(number: int, word: str | None) -> None:
    assert tcp_state(number) == word


@pytest.mark.parametrize(
    ("number", "word"), [(0, None), (0x02, "SYN"), (0x12, "SYN|ACK"), (0xC0, "ECE|CWR")]
)
def test_flags(number: int, word: str | None) -> None:
    assert tcp_flags(number) == word


@pytest.mark.parametrize(
    ("number", "word"), [(0, None), (1, "FAILED"), (-2, "EAI_NONAME"), (-99, "-99")]
)
def test_errors_of_the_resolver(number: int, word: str | None) -> None:
    assert resolver_error(number) == word


def test_a_port_is_a_number_of_sixteen_bits() -> None:
    read = port_option("port", "-P", "").type
    assert (read("1"), read("65535")) == (1, 65535)
    for text in ("0", "65536", "-1", "http", "²"):
        with pytest.raises(argparse.ArgumentTypeError, match="1 to 65535"):
            read(text)


def test_plain_data() -> None:
    assert plain_data((False, b"h\xc3\xa4\r\n\x1b\xff")) == "hä\\r\\n\\x1b\\xff"
    assert plain_data((True, b"h\xff")) == "68ff"
