"""Symbols from the text of /proc/kallsyms."""

from __future__ import annotations

import pytest

from seismo.base.errors import NotSupported
from seismo.kernel.errors import NotInKernel
from seismo.kernel.kallsyms import Kallsyms, Symbol

TEXT = b"""\
ffffffff81000000 T _stext
ffffffff81000000 T _text
ffffffff81000100 t helper
ffffffff81000200 T vfs_read
ffffffff81000200 T vfs_read_alias
ffffffff81000180 t helper
ffffffffc0001000 t probe\t[veth]
ffffffffc0002000 t bpf_prog_1234_run\t[bpf]
ffffffffc0001080 t vfs_reader\t[veth]
"""
HIDDEN = b"0000000000000000 T _stext\n0000000000000000 T vfs_read\n"


@pytest.fixture
def symbols() -> Kallsyms:
    return Kallsyms(TEXT)


def test_a_name_is_found_whole(symbols: Kallsyms) -> None:
    assert symbols.address("vfs_read") == 0xFFFFFFFF81000200
    assert symbols.symbols("probe") == (Symbol("probe", 0xFFFFFFFFC0001000, "t", "veth"),)
    with pytest.raises(NotInKernel):
        symbols.symbols("read")
    with pytest.raises(NotInKernel):
        symbols.symbols("vfs_rea")


def test_static_functions_share_names(symbols: Kallsyms) -> None:
    assert [one.address & 0xFFF for one in symbols.symbols("helper")] == [0x100, 0x180]


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        (0xFFFFFFFF81000000, "_stext"),
        (0xFFFFFFFF810000FF, "_stext+0xff"),
        (0xFFFFFFFF8100017F, "helper+0x7f"),
        (0xFFFFFFFF81000180, "helper"),
        (0xFFFFFFFF81000204, "vfs_read+0x4"),
        (0xFFFFFFFFC000107F, "probe+0x7f"),
        (0xFFFFFFFFC0001080, "vfs_reader"),
        (0xFFFFFFFFC0002001, "bpf_prog_1234_run+0x1"),
    ],
)
def test_an_address_is_named_by_the_symbol_before_it(
    symbols: Kallsyms, address: int, shown: str
) -> None:
    assert str(symbols.at(address)) == shown


def test_an_address_below_all_symbols_has_no_name(symbols: Kallsyms) -> None:
    with pytest.raises(NotInKernel, match="0x1000"):
        symbols.at(0x1000)


@pytest.mark.parametrize("address", [0xFFFFFFFFC0102000, 0xFFFFFFFFBFFFFFFF, (1 << 64) - 1])
def test_what_lies_far_behind_a_symbol_is_not_part_of_it(symbols: Kallsyms, address: int) -> None:
    with pytest.raises(NotInKernel, match=f"{address:#x}"):
        symbols.at(address)
    assert str(symbols.at(0xFFFFFFFFC0101FFF)) == "bpf_prog_1234_run+0xfffff"


def test_modules_are_listed(symbols: Kallsyms) -> None:
    assert symbols.modules == ("bpf", "veth")


def test_a_near_name_is_suggested(symbols: Kallsyms) -> None:
    with pytest.raises(NotInKernel) as caught:
        symbols.address("vfs_raed")
    assert caught.value.hint == "did you mean 'vfs_read'?"


@pytest.mark.parametrize(
    ("wrong", "right"),
    [("tcp_retransmti_skb", "tcp_retransmit_skb"), ("tpc_retransmit_skb", "tcp_retransmit_skb")],
)
def test_a_near_name_has_a_half_of_it(wrong: str, right: str) -> None:
    symbols = Kallsyms(f"{1:016x} T other\n{2:016x} t {right}\t[tcp]\n{3:016x} T {right}".encode())
    with pytest.raises(NotInKernel) as caught:
        symbols.address(wrong)
    assert caught.value.hint == f"did you mean '{right}'?"


def test_hidden_addresses_are_not_mistaken_for_addresses() -> None:
    hidden = Kallsyms(HIDDEN)
    assert hidden.are_hidden
    for question in (lambda: hidden.address("vfs_read"), lambda: hidden.at(0x1234)):
        with pytest.raises(NotSupported, match="kptr_restrict"):
            question()
    assert hidden.symbols("vfs_read")[0].address == 0
