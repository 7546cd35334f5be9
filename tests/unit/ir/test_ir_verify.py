"""The verifier of the IR names what is wrong, and the stage that did it."""

from __future__ import annotations

import pytest

from seismo.base.errors import CompilerBug
from seismo.ir.func import Block, Func
from seismo.ir.ops import Const, Kind, Return, Value
from seismo.ir.parse import parse
from seismo.ir.verify import verify

HEAD = "func f(%p0)\nentry:\n"
BROKEN = {
    "entry goes to b, which does not exist": "jump b",
    "entry goes back to the entry block": "jump entry",
    "two blocks are called b": "jump b\nb:\n    return %1\nb:\n    return %1",
    "passes 0 values to b, which takes 1": "jump b\nb(%2):\n    return %2",
    "%2 is defined nowhere": "return %2",
    "%1 is defined in entry and before in entry": "%1 = const 2\n    return %1",
    "%3 is not defined on every path to: %2 = add64 %3, %3": (
        "%2 = add64 %3, %3\n    %3 = const 1\n    return %2"
    ),
    "%2 is not defined on every path to: return %2": (
        "branch.eq64 %1, %1 ? a : b\na:\n    %2 = const 1\n    jump b\nb:\n    return %2"
    ),
    "no such width": "%2 = add64 %1, %1\n    %3 = cmp.eq16 %1, %1\n    return %3",
    "no such extension": "%2 = sext24 %1\n    return %2",
    "no such swap": "%2 = swap8 %1\n    return %2",
    "no such size": "%2 = load.u24 %p0+0\n    return %2",
    "no such atomic size": "%p2 = slot a[8]\n    atomic.add16 %p2+0, %1\n    return %1",
    "a fill": "%p2 = slot a[8]\n    fill %p2+0, 0\n    return %1",
    "a copy": "%p2 = slot a[8]\n    copy %p2+0, %p2+4, 4 align 3\n    return %1",
    "a slot": "%p2 = slot a[8] align 3\n    return %1",
    "a call takes at most five": "call f(%1, %1, %1, %1, %1, %1)\n    return %1",
    "pointers only take": "%p2 = slot a[8]\n    %3 = mul64 %p2, %1\n    return %3",
    "the context pointer may not be used so: %p2 = add64": "%p2 = add64 %p0, %1\n    return %1",
    "the context pointer may not be used so: store": (
        "%p2 = slot a[8]\n    store.u32 %p2+0, %p0\n    return %1"
    ),
    "the context pointer may not be used so: jump": "jump b(%p0)\nb(%p2):\n    return %1",
    "only a load of the context is relocated": (
        "%p2 = slot a[8]\n    %3 = load.u8 %p2+0 record_offset(a:b, c)\n    return %3"
    ),
    "no such subprogram before this one: call @g(%1)": "call @g(%1)\n    return %1",
    "no such subprogram before this one: %p2 = func @f": "%p2 = func @f\n    return %1",
}
SUBPROGRAMS = {
    "g: no such subprogram before this one: call": "sub g(%0)\nentry:\n    call @g(%0)",
    "f: the subprogram takes 2 arguments: call @g(%1)": "sub g(%0, %1)\nentry:",
    "f: two of its functions have one name": "sub g(%0)\nentry:\n    return %0\nsub g(%0)\nentry:",
    "g: a subprogram takes at most five": "sub g(%0, %1, %2, %3, %4, %5)\nentry:",
}


@pytest.mark.parametrize("complaint", BROKEN)
def test_what_is_wrong(complaint: str) -> None:
    func = parse(f"{HEAD}    %1 = const 1\n    {BROKEN[complaint]}\n")
    with pytest.raises(CompilerBug) as caught:
        verify(func, "cse")
    assert caught.value.stage == "cse"
    assert complaint in str(caught.value)


@pytest.mark.parametrize("complaint", SUBPROGRAMS)
def test_what_is_wrong_with_a_subprogram(complaint: str) -> None:
    caller = f"{HEAD}    %1 = const 1\n    call @g(%1)\n    return %1\n"
    func = parse(f"{caller}{SUBPROGRAMS[complaint]}\n    return %0\n")
    with pytest.raises(CompilerBug) as caught:
        verify(func, "cse")
    assert complaint in str(caught.value)


def test_a_subprogram_with_a_subprogram() -> None:
    func, one, other = (parse(f"func {name}(%0)\nentry:\n    return %0") for name in "fgh")
    func.subprograms.append(one)
    one.subprograms.append(other)
    with pytest.raises(CompilerBug, match="g: a subprogram has no subprograms of its own"):
        verify(func, "lower")


def test_the_context_pointer_may_be_stored_for_a_callback() -> None:
    verify(parse(f"{HEAD}    %p1 = slot a[8]\n    store.u64 %p1+0, %p0\n    return %p1\n"), "lower")


def test_an_entry_block_with_parameters() -> None:
    func = parse("func f(%p0)\nentry(%1):\n    return %1\n")
    with pytest.raises(CompilerBug, match="the entry block entry has parameters"):
        verify(func, "lower")


def test_a_block_without_a_terminator() -> None:
    func = parse("func f(%p0)\nentry:\n    %1 = const 1\n")
    with pytest.raises(CompilerBug, match="entry has no terminator"):
        verify(func, "lower")


def test_a_number_that_may_be_given_out_again() -> None:
    value = Value(5)
    func = Func("f", [Value(0, Kind.PTR)], [Block("entry", [], [Const(value, 1)], Return(value))])
    with pytest.raises(CompilerBug, match="%5 has a number that `new_value` may give out again"):
        verify(func, "lower")


def test_unreachable_blocks_are_not_judged() -> None:
    verify(parse(f"{HEAD}    %1 = const 1\n    return %1\nb:\n    return %1\n"), "lower")
