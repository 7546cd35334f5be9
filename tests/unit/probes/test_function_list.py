"""The kernel's lists of functions: looked up by name, and taken apart."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from seismo.probes.function_list import FilterList, SymbolList, parse_blacklist
from seismo.probes.view import KernelFunction

FILTER = b"""vfs_read
vfs_readv
__ftrace_invalid_address___32
init_once
init_once
netfs_read [netfs]
vfs_read [fuse]
tail"""
SYMBOLS = b"""ffffffff81000000 T _text
ffffffff81000010 T __pfx_vfs_read
ffffffff81000020 T vfs_read
ffffffff81000030 t init_once
ffffffff81000040 t init_once
ffffffff81000050 D vfs_table
ffffffff81000060 t vfs_read.cold
ffffffff81000070 W weak.isra.0
ffffffff81000080 t hidden_function
ffffffff81000090 t __SCT__vfs_read
ffffffffc0000000 t netfs_read\t[netfs]
ffffffffc0000010 t netfs_read.cold\t[netfs]
ffffffffc0000020 d netfs_data\t[netfs]
ffffffffc0001000 t bpf_prog_6deef7357e7b4530\t[bpf]
ffffffffc0002000 t ftrace_trampoline\t[__builtin__ftrace]
"""


def test_one_of_the_filter_list() -> None:
    functions = FilterList(FILTER)
    assert functions.find("vfs_read") == (
        KernelFunction("vfs_read", "", is_traceable=True),
        KernelFunction("vfs_read", "fuse", is_traceable=True),
    )
    assert functions.find("netfs_read") == (KernelFunction("netfs_read", "netfs", True),)
    assert functions.find("tail") == (KernelFunction("tail", "", True),)
    assert len(functions.find("init_once")) == 2
    assert functions.find("vfs_rea") == functions.find("read") == functions.find("netfs") == ()


def test_all_of_the_filter_list() -> None:
    names = [(one.name, one.module) for one in FilterList(FILTER).all()]
    assert names == [
        ("netfs_read", "netfs"),
        ("tail", ""),
        ("vfs_read", ""),
        ("vfs_read", "fuse"),
        ("vfs_readv", ""),
    ]
    assert FilterList(b"").is_empty and not FilterList(FILTER).is_empty
    assert FilterList(b"").all() == ()


def test_one_symbol() -> None:
    symbols = SymbolList(SYMBOLS)
    assert symbols.find("vfs_read") == (KernelFunction("vfs_read"),)
    assert symbols.find("netfs_read") == (KernelFunction("netfs_read", "netfs"),)
    assert len(symbols.find("init_once")) == 2
    for name in ("vfs_table", "netfs_data", "bpf_prog_6deef7357e7b4530", "T", "[netfs]", "read"):
        assert symbols.find(name) == ()


def test_all_symbols() -> None:
    found = SymbolList(SYMBOLS).all(
        frozenset({"vfs_read", "netfs_read"}), frozenset({"hidden_function"})
    )
    assert found == (
        KernelFunction("_text"),
        KernelFunction("netfs_read", "netfs"),
        KernelFunction("vfs_read", "", is_traceable=True),
        KernelFunction("weak.isra.0"),
    )


@given(
    st.lists(
        st.tuples(
            st.text("ab_.", min_size=1, max_size=4).filter(lambda name: not name.startswith(".")),
            st.sampled_from(["", "m", "mm"]),
        )
    )
)
def test_a_name_is_found_where_it_stands(rows: list[tuple[str, str]]) -> None:
    text = "\n".join(f"{name} [{module}]" if module else name for name, module in rows).encode()
    functions = FilterList(text)
    for name, _ in rows:
        expected = [module for one, module in rows if one == name]
        assert [one.module for one in functions.find(name)] == expected
    once = sorted(row for row in set(rows) if rows.count(row) == 1)
    assert sorted((one.name, one.module) for one in functions.all()) == once


def test_the_blacklist() -> None:
    text = "0xffffffff81000000-0xffffffff81000020\tdo_int3\n0x0-0x10\tasm_exc_debug\n"
    assert parse_blacklist(text) == {"do_int3", "asm_exc_debug"}
    assert parse_blacklist("") == frozenset()
