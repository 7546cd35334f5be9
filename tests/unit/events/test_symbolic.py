"""Bytes into words: addresses, clocks and ids, with and without one who knows."""

from __future__ import annotations

import os
import struct
import time
from collections.abc import Iterator

import pytest

from seismo.base.layout import Array, Layout, Symbolic
from seismo.events.decode import Reading, layout_decoder, value_decoder
from seismo.events.symbolic import RAW, Resolver, address_text, symbolic_text, time_text

INET = Symbolic("inet", 20, alignment=4)
NOON_NS = 1_700_049_600_123_456_789  # 2023-11-15 12:00:00 UTC


class Wise(Resolver):
    """Knows an answer to everything, which repeats the question."""

    def kernel_symbol(self, address: int) -> str:
        return f"kernel {address}"

    def user_symbol(self, address: int, pid: int) -> str:
        return f"user {address} of {pid}"

    def wall_ns(self, clock: str, ns: int) -> int:
        return ns + len(clock)

    def cgroup_path(self, number: int, hierarchies: str) -> str:
        return f"cgroup {number} in {hierarchies}"

    def user_name(self, uid: int) -> str:
        return f"uid {uid}"


@pytest.fixture
def utc() -> Iterator[None]:
    before = os.environ.get("TZ")
    os.environ["TZ"] = "UTC"
    time.tzset()
    yield
    if before is None:
        del os.environ["TZ"]
    else:
        os.environ["TZ"] = before
    time.tzset()


def inet(family: int, address: bytes) -> str:
    return str(value_decoder(INET)(struct.pack("=I16s", family, address)))


@pytest.mark.parametrize(
    ("family", "address", "text"),
    [
        (2, bytes((10, 0, 255, 1)), "10.0.255.1"),
        (2, bytes((10, 0, 255, 1)) + b"\xff" * 12, "10.0.255.1"),
        (10, bytes(15) + b"\1", "::1"),
        (10, bytes(16), "::"),
        (10, bytes.fromhex("20010db8000000000001000000000001"), "2001:db8::1:0:0:1"),
        (10, bytes.fromhex("20010db8000100010001000100010001"), "2001:db8:1:1:1:1:1:1"),
        (10, bytes.fromhex("00010000000000000000000000000000"), "1::"),
        (10, bytes(10) + b"\xff\xff" + bytes((1, 2, 3, 4)), "::ffff:1.2.3.4"),
        (10, bytes(12) + bytes((1, 2, 3, 4)), "::1.2.3.4"),
        (0, bytes(16), ""),
        (9, bytes(16), ""),
    ],
)
def test_addresses_print_by_their_family(family: int, address: bytes, text: str) -> None:
    assert inet(family, address) == text


@pytest.mark.parametrize(
    ("type_", "data", "raw", "wise"),
    [
        (Symbolic("ksym_t", 8), struct.pack("=Q", 255), "0xff", "kernel 255"),
        (Symbolic("ksym_t", 8), bytes(8), "0", "kernel 0"),
        (Symbolic("usym_t", 16), struct.pack("=QII", 255, 7, 0), "0xff", "user 255 of 7"),
        (Symbolic("cgroup_path", 16, "uni*"), struct.pack("=QQ", 5, 0), "5", "cgroup 5 in uni*"),
        (Symbolic("username", 8), struct.pack("=Q", 1000), "1000", "uid 1000"),
    ],
)
def test_what_needs_a_resolver(type_: Symbolic, data: bytes, raw: str, wise: str) -> None:
    assert value_decoder(type_)(data) == raw
    assert value_decoder(type_, Reading(resolver=Wise()))(data) == wise


@pytest.mark.usefixtures("utc")
def test_a_timestamp_is_put_on_the_wall_clock_first() -> None:
    type_ = Symbolic("timestamp", 8, "boot\0%Y-%m-%d %H:%M:%S.%f")
    data = struct.pack("=Q", NOON_NS)
    assert value_decoder(type_)(data) == "2023-11-15 12:00:00.123456"
    assert (
        value_decoder(type_, Reading(resolver=Wise()))(struct.pack("=Q", NOON_NS + 207))
        == "2023-11-15 12:00:00.123457"
    )


@pytest.mark.usefixtures("utc")
@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("%H:%M", "12:00"),
        ("%f", "123456"),
        ("%%f %%%f", "%f %123456"),
        ("", ""),
        ("%H\0%M", "12"),
        ("né %H", "né 12"),
    ],
)
def test_the_format_of_a_time(form: str, text: str) -> None:
    assert time_text(form, NOON_NS) == text


def test_symbolic_values_may_stand_in_arrays_and_structs() -> None:
    mac = Symbolic("macaddr", 8)
    layout = Layout.of("s", [("a", mac), ("b", Array(mac, 2))])
    data = bytes((1, 0, 0, 0, 0, 0, 0, 0)) * 3
    assert layout_decoder(layout)(data) == ("01:00:00:00:00:00", ("01:00:00:00:00:00",) * 2)


def test_an_unknown_kind_is_our_mistake() -> None:
    with pytest.raises(ValueError, match="no kind of symbolic value is called 'smell'"):
        symbolic_text(Symbolic("smell", 8), RAW)


def test_addresses_are_written_as_pointers_in_c_plus_plus() -> None:
    assert (address_text(0), address_text(0xFFFF888000000000)) == ("0", "0xffff888000000000")
