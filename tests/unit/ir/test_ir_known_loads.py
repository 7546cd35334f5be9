"""Loads of what is known: which are left out, and which are not."""

from __future__ import annotations

import pytest

from seismo.ir.func import Func
from seismo.ir.ops import Load
from seismo.ir.parse import parse
from seismo.ir.passes.known_loads import known_loads
from seismo.ir.verify import verify

TWO_LOADS = """\
func f(%p0)
entry:
    %p1 = slot a[16]
    %p2 = slot b[16]
    %p3 = map @m
    %p4 = call map_lookup_elem(%p3, %p1)
    %p5 = call map_lookup_elem(%p3, %p2)
    %6 = const 8
    %7 = load.u64 %p1+8
    {between}
    %9 = load.{type} {address}
    %10 = add64 %7, %9
    return %10"""


def done(text: str) -> Func:
    func = parse(text)
    verify(func, "test")
    result = known_loads(func)
    verify(result, "known_loads")
    return result


def loads(func: Func) -> int:
    return sum(isinstance(op, Load) for block in func.blocks for op in block.ops)


def left(between: str = "", address: str = "%p1+8", type_: str = "u64") -> int:
    """How many loads of two are left."""
    return loads(done(TWO_LOADS.format(between=between, address=address, type=type_)))


@pytest.mark.parametrize(
    "between",
    [
        "%8 = const 1",
        "%8 = pure get_current_pid_tgid()",
        "store.u64 %p2+8, %6",
        "store.u64 %p1+0, %6",
        "store.u32 %p1+4, %6",
        "store.u64 %p4+8, %6",
        "fill %p1+0, 8",
        "copy %p2+0, %p1+0, 16 align 8",
        "atomic.add64 %p5+0, %6",
    ],
)
def test_what_is_written_elsewhere_changes_nothing(between: str) -> None:
    assert left(between) == 1


@pytest.mark.parametrize(
    "between",
    [
        "store.u8 %p1+15, %6",
        "store.u64 %p1+4, %6",
        "fill %p1+8, 8",
        "fill %p1+0, 16",
        "copy %p1+0, %p2+0, 16 align 8",
        "atomic.add64 %p1+8, %6",
        "call probe_read(%p1, %6, %p4)",
        "%8 = call ktime_get_ns()",
        "%p8 = add64 %p1, %7\n    store.u8 %p8+0, %6",
        "%p8 = load.u64 %p2+0\n    store.u8 %p8+0, %6",
    ],
)
def test_what_may_have_been_written_is_loaded_again(between: str) -> None:
    assert left(between) == 2 + between.count("load")


def test_values_of_maps_may_be_one() -> None:
    """Two lookups may give the same address."""
    text = TWO_LOADS.replace("%7 = load.u64 %p1+8", "%7 = load.u64 %p4+0")
    between = "store.u64 %p5+0, %6"
    assert loads(done(text.format(between=between, address="%p4+0", type="u64"))) == 2


def test_an_address_is_told_by_how_it_is_computed() -> None:
    between = "%p8 = add64 %p1, %6"
    assert left(between, "%p8+0") == 1
    assert left(between, "%p8+8") == 2


@pytest.mark.parametrize(("type_", "address"), [("u32", "%p1+8"), ("u64", "%p1+0")])
def test_other_bytes_are_loaded(type_: str, address: str) -> None:
    assert left(type_=type_, address=address) == 2


def test_what_was_stored_is_extended_as_the_load_would() -> None:
    text = """\
func f(%p0)
entry:
    %p1 = slot a[8]
    %2 = load.u64 %p0+0
    store.u32 %p1+0, %2
    %3 = load.s32 %p1+0
    %4 = load.u32 %p1+0
    %5 = load.u32 %p1+0
    store.u64 %p1+0, %2
    %6 = load.u64 %p1+0
    %7 = add64 %3, %4
    %8 = add64 %5, %6
    %9 = add64 %7, %8
    return %9"""
    assert (
        str(done(text))
        == """\
func f(%p0)
entry:
    %p1 = slot a[8]
    %2 = load.u64 %p0+0
    store.u32 %p1+0, %2
    %3 = sext32 %2
    %4 = zext32 %3
    store.u64 %p1+0, %2
    %7 = add64 %3, %4
    %8 = add64 %4, %2
    %9 = add64 %7, %8
    return %9"""
    )


def test_the_context_in_memory_stays_there() -> None:
    """Loads give what the IR may compute with, which the context is not."""
    text = """\
func f(%p0)
entry:
    %p1 = slot a[8]
    store.u64 %p1+0, %p0
    %p2 = load.u64 %p1+0
    %3 = load.u64 %p1+0
    %4 = load.u64 %p2+8
    %5 = add64 %3, %4
    return %5"""
    assert loads(done(text)) == 3


DIAMOND = """\
func f(%p0)
entry:
    %p1 = slot a[8]
    %2 = const 3
    %3 = load.u64 %p0+0
    store.u64 %p1+0, %3
    branch.eq64 %3, %2 ? then : other
then:
    {then}
    jump join
other:
    jump join
join:
    %4 = load.u64 %p1+0
    branch.ne64 %4, %2 ? loop : end
loop:
    %5 = load.u64 %p1+0
    {loop}
    branch.ne64 %5, %2 ? loop : end
end:
    return %4"""


@pytest.mark.parametrize(
    ("then", "loop", "want"),
    [
        ("%6 = const 4", "%7 = const 5", 2),
        ("store.u64 %p1+0, %2", "%7 = const 5", 3),
        ("%6 = const 4", "store.u64 %p1+0, %2", 2),
    ],
)
def test_only_what_holds_on_every_way_is_known(then: str, loop: str, want: int) -> None:
    """The load in the loop stays: what comes round may have been written there."""
    assert loads(done(DIAMOND.format(then=then, loop=loop))) == want


def test_long_computations_of_addresses_are_no_burden() -> None:
    steps = "\n".join(
        f"    %{number + 1} = mul64 %{number}, %{number}" for number in range(1, 3000)
    )
    text = f"func f(%p0)\nentry:\n    %1 = load.u64 %p0+0\n{steps}\n    return %3000"
    assert str(done(text)) == text
