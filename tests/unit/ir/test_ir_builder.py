"""The builder: SSA values from script variables, pooled constants."""

from __future__ import annotations

import pytest

from seismo.ir.builder import Builder
from seismo.ir.interp import interpret
from seismo.ir.ops import BinaryKind, Cond, Kind, Value
from seismo.ir.passes.copyprop import copyprop
from seismo.ir.verify import verify


def test_constants_and_maps_are_made_once() -> None:
    b = Builder("f")
    assert b.const(-1) is b.const((1 << 64) - 1)
    assert b.map("counts") is b.map("counts")
    assert b.map("events") is not b.map("counts")
    b.ret(b.const(3))
    verify(b.func, "builder")
    assert str(b.func).splitlines() == [
        "func f(%p0)",
        "entry:",
        "    %1 = const -1",
        "    %p2 = map counts",
        "    %p3 = map events",
        "    %4 = const 3",
        "    return %4",
    ]


def test_a_constant_made_in_a_branch_serves_the_other_one() -> None:
    b = Builder("f")
    then, other = b.new_block("then"), b.new_block("else")
    b.branch_if(b.load(b.context, 0, 8), then, other)
    for block in (then, other):
        b.seal(block)
        b.start(block)
        b.ret(b.const(77))
    verify(b.func, "builder")
    assert interpret(b.func, context=bytes(8)) == 77


def test_a_join_gets_a_parameter_for_what_differs() -> None:
    b = Builder("f")
    b.write("x", b.const(1))
    b.write("y", b.const(2))
    then, after = b.new_block("then"), b.new_block("after")
    b.branch_if(b.load(b.context, 0, 8), then, after)
    b.seal(then)
    b.start(then)
    b.write("x", b.const(10))
    b.jump(after)
    b.seal(after)
    b.start(after)
    b.ret(b.binary(BinaryKind.ADD, b.read("x"), b.read("y")))
    verify(b.func, "builder")
    assert interpret(b.func, context=bytes(8)) == 3
    assert interpret(b.func, context=b"\1" * 8) == 12
    assert [len(block.params) for block in copyprop(b.func).blocks] == [0, 0, 1]


def test_both_sides_of_a_branch_may_be_one_block() -> None:
    b = Builder("f")
    b.write("x", b.load(b.context, 0, 8))
    after = b.new_block("after")
    b.branch_if(b.read("x"), after, after)
    b.start(after)
    value = b.read("x")
    b.seal(after)
    b.ret(value)
    verify(b.func, "builder")
    assert interpret(b.func, context=b"\5" + bytes(7)) == 5


def test_variables_pass_through_thousands_of_joins() -> None:
    """A read looks back through all of them, which must not take a stack frame for each."""
    b = Builder("f")
    b.write("x", b.load(b.context, 0, 8))
    zero = b.const(0)
    for _ in range(3000):
        then, after = b.new_block("then"), b.new_block("after")
        b.branch(Cond.EQ, zero, zero, then, after)
        b.seal(then)
        b.start(then)
        b.jump(after)
        b.seal(after)
        b.start(after)
    b.ret(b.read("x"))
    assert interpret(b.func, context=b"\7" + bytes(7)) == 7


def test_reading_what_nobody_wrote() -> None:
    b = Builder("f")
    with pytest.raises(KeyError, match="x"):
        b.read("x")


@pytest.mark.parametrize(
    ("op", "left", "right", "kind"),
    [
        (BinaryKind.ADD, Kind.PTR, Kind.INT, Kind.PTR),
        (BinaryKind.ADD, Kind.INT, Kind.PTR, Kind.PTR),
        (BinaryKind.SUB, Kind.PTR, Kind.INT, Kind.PTR),
        (BinaryKind.SUB, Kind.PTR, Kind.PTR, Kind.INT),
        (BinaryKind.ADD, Kind.INT, Kind.INT, Kind.INT),
    ],
)
def test_what_pointer_arithmetic_gives(op: BinaryKind, left: Kind, right: Kind, kind: Kind) -> None:
    b = Builder("f")
    assert b.binary(op, Value(100, left), Value(101, right)).kind is kind
