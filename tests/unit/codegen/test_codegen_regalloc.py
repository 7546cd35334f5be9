"""Registers: what lives across calls, what is spilled, and that nothing shares wrongly."""

from __future__ import annotations

from random_funcs import random_func
from seismo.codegen.places import Home
from seismo.codegen.prepare import prepare
from seismo.codegen.regalloc import Allocation, allocate
from seismo.ir.builder import Builder
from seismo.ir.func import Func
from seismo.ir.ops import BinaryKind, Kind, Value
from seismo.ir.parse import parse

CALLEE_SAVED = {6, 7, 8, 9}


def named(allocation: Allocation, name: str) -> int:
    return {str(value): register for value, register in allocation.registers.items()}[name]


def homes(allocation: Allocation) -> set[Home]:
    places = allocation.prepared.places.values()
    return {place for place in places if isinstance(place, Home)}


def across_a_call(count: int) -> Func:
    """`count` loads, a call, and a sum of what was loaded."""
    b = Builder("f")
    values = [b.load(b.context, index * 8, 8) for index in range(count)]
    total = b.call("ktime_get_ns")
    for value in values:
        total = b.binary(BinaryKind.ADD, total, value)
    b.ret(total)
    return b.func


def test_four_values_survive_a_call_in_registers() -> None:
    allocation = allocate(prepare(across_a_call(4)))
    assert homes(allocation) == set()
    assert {named(allocation, f"%{number}") for number in range(1, 5)} == CALLEE_SAVED


def test_the_fifth_is_spilled() -> None:
    allocation = allocate(prepare(across_a_call(5)))
    assert len(homes(allocation)) == 1


def test_forty_values_need_as_many_homes_less_four() -> None:
    allocation = allocate(prepare(across_a_call(40)))
    assert len(homes(allocation)) == 36


def test_spilled_parameters_have_homes_of_their_own() -> None:
    b = Builder("f", (Kind.INT,) * 5)
    kept = [b.call("ktime_get_ns") for _ in range(5)]
    total = b.call("ktime_get_ns")
    for value in (*kept, *b.func.params):
        total = b.binary(BinaryKind.SUB, total, value)
    b.ret(total)
    places = allocate(prepare(b.func)).prepared.places
    spilled = [places[param] for param in b.func.params if param in places]
    assert len(spilled) >= 2
    assert len(set(spilled)) == len(spilled)


def test_the_context_stays_in_r1_without_a_call() -> None:
    func = parse("func f(%p0)\nentry:\n    %1 = load.u64 %p0+0\n    return %1\n")
    allocation = allocate(prepare(func))
    assert (named(allocation, "%p0"), named(allocation, "%1")) == (1, 0)


def test_arguments_and_results_are_computed_in_place() -> None:
    func = parse("""
func f(%p0)
entry:
    %2 = load.u64 %p0+8
    %1 = load.u64 %p0+0
    %3 = add64 %1, %2
    %4 = mul64 %3, %1
    %5 = call trace_printk(%1, %4)
    %6 = add64 %5, %5
    return %6
""")
    allocation = allocate(prepare(func))
    registers = [named(allocation, f"%{number}") for number in (1, 3, 4, 5, 6)]
    assert registers == [1, 2, 2, 0, 0]


def test_a_spilled_loop_variable_has_one_home_around_the_loop() -> None:
    b = Builder("f")
    names = [f"v{index}" for index in range(8)]
    for index, name in enumerate(names):
        b.write(name, b.load(b.context, index * 8, 8))
    head, after = b.new_block("head"), b.new_block("after")
    b.jump(head)
    b.start(head)
    now = b.call("ktime_get_ns")
    for name in names:
        b.write(name, b.binary(BinaryKind.ADD, b.read(name), now))
    b.branch_if(b.read("v0"), head, after)
    b.seal(head)
    b.seal(after)
    b.start(after)
    total = b.const(0)
    for name in names:
        total = b.binary(BinaryKind.XOR, total, b.read(name))
    b.ret(total)
    allocation = allocate(prepare(b.func))
    assert len(homes(allocation)) == 4


def test_constants_and_addresses_take_no_register() -> None:
    func = parse("""
func f(%p0)
entry:
    %p1 = slot key1[8]
    %2 = const 5
    %p3 = map counts
    %4 = const 81985529216486895
    store.u64 %p1+0, %2
    %p5 = call map_lookup_elem(%p3, %p1)
    %6 = xor64 %2, %4
    return %6
""")
    prepared = prepare(func)
    assert {str(value) for value in prepared.places} == {"%p1", "%2", "%p3", "%4"}
    assert {str(value) for value in prepared.fixed} == {"%7"}


def test_values_alive_together_have_different_registers() -> None:
    for seed in range(60):
        allocation = allocate(prepare(random_func(seed, size=30, variables=12)))
        for block in allocation.prepared.graph.order:
            live = {value for value in block.end.uses if value in allocation.registers}
            for op in reversed(block.ops):
                check_different(allocation, live)
                live.discard(op.result or Value(0, Kind.INT))
                live.update(value for value in op.uses if value in allocation.registers)
            check_different(allocation, live)


def check_different(allocation: Allocation, live: set[Value]) -> None:
    registers = [allocation.registers[value] for value in live]
    assert len(set(registers)) == len(registers)
