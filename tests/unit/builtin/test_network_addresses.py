"""`address_bytes` reads addresses as the C library's inet_pton(3) does."""

from __future__ import annotations

import ipaddress
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seismo.builtin.network import address_bytes

ADDRESSES = (
    *("0.0.0.0", "255.255.255.255", "10.1.2.3", "127.0.0.1"),
    *("::", "::1", "1::", "1::8", "2001:db8::1:0:0:5", "1:2:3:4:5:6:7:8", "fe80::ABCD:ef01"),
    *("1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8", "::ffff:192.0.2.1", "1:2:3:4:5:6:1.2.3.4", "::1.2.3.4"),
)
NO_ADDRESSES = (
    *(
        "",
        "1",
        "1.2.3",
        "1.2.3.4.5",
        "1.2.3.256",
        "01.2.3.4",
        "1.2.3.",
        ".1.2.3",
        "1.2.3.4 ",
        "a.b",
    ),
    *(
        ":",
        ":::",
        "1:2",
        "::1::2",
        "1:2:3:4:5:6:7:8:9",
        "12345::",
        "g::",
        "1:2:3:4:5:6:7",
        "::1%lo",
    ),
    *("1::2:3:4:5:6:7:8", "1.2.3.4::", "::1.2.3", "::1.2.3.4:5", ":1::2", "1::2:", "+1::", "1_0::"),
    *("\u0661.2.3.4", "1.2.3.+4", "1.2.3.1_0"),
)


def expected(text: str) -> bytes | None:
    family = socket.AF_INET6 if ":" in text else socket.AF_INET
    try:
        return socket.inet_pton(family, text)
    except (OSError, UnicodeEncodeError):
        return None


def found(text: str) -> bytes | None:
    try:
        return address_bytes(text)
    except ValueError:
        return None


@pytest.mark.parametrize("text", ADDRESSES)
def test_addresses(text: str) -> None:
    assert address_bytes(text) == expected(text)


@pytest.mark.parametrize("text", NO_ADDRESSES)
def test_what_is_no_address(text: str) -> None:
    assert found(text) is None
    assert expected(text) is None


@given(st.ip_addresses())
def test_every_address(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    assert address_bytes(str(address)) == address.packed
    assert address_bytes(address.exploded) == address.packed


@given(st.text("0123456789abcdefg:.", max_size=20))
def test_any_text(text: str) -> None:
    assert found(text) == expected(text)
