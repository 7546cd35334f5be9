"""Paths that need no exploring: what two of them may differ in, and what not."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from verifier_programs import R0, R1, R6, R7, R8, R9, R10, Writer, accepted

from seismo.isa.labels import Label
from seismo.isa.opcode import AluOp, JumpOp
from seismo.verifier.need import Need
from seismo.verifier.rules import Rule


def forked(
    first: Callable[[Writer], None],
    second: Callable[[Writer], None],
    after: Callable[[Writer], None],
) -> Writer:
    """One of two ways, by a number that nobody knows; r8 is a map's value, r7 any number.

    Where they meet something is done that no way was explored without.
    """
    program = Writer()
    program.look_up()
    program.mov(R8, R0)
    program.load(R7, R8, 0, 8)
    program.helper("get_prandom_u32")
    other, join = program.label(), program.label()
    program.jump_if(JumpOp.JEQ, R0, 0, other)
    first(program)
    program.jump(join)
    program.bind(other)
    second(program)
    program.bind(join)
    program.mov(R9, 1)
    program.mov(R9, 2)
    after(program)
    program.ends()
    return program


def sets(number: int) -> Callable[[Writer], None]:
    return lambda program: program.mov(R6, number)


def reads(program: Writer) -> None:
    program.mov(R1, R8)
    program.alu(AluOp.ADD, R1, R6)
    program.load(R0, R1, 0, 1)


def ignores(_: Writer) -> None:
    pass


def cost(first: int, second: int, after: Callable[[Writer], None]) -> int:
    return accepted(forked(sets(first), sets(second), after)).explored


def test_a_number_that_nothing_depends_on_may_differ() -> None:
    used = lambda program: program.store(R10, -16, R6, 8)  # noqa: E731
    assert cost(1, 2, used) == cost(1, 1, used)


def test_a_number_that_is_an_offset_may_not() -> None:
    assert cost(1, 2, reads) == cost(1, 1, reads) + 2 + 3 + 2
    verdict = forked(sets(1), sets(48), reads).verdict()
    assert verdict.complaint is not None
    assert verdict.complaint.rule is Rule.BOUNDS


def test_a_number_that_decides_a_jump_may_not() -> None:
    """The first way never comes to the load; the second does."""

    def jump(program: Writer) -> None:
        over = program.label()
        program.jump_if(JumpOp.JNE, R6, 5, over)
        program.load(R0, R7, 0, 8)
        program.bind(over)

    accepted(forked(sets(1), sets(2), jump))
    assert not forked(sets(1), sets(5), jump).verdict().is_accepted


def chained(program: Writer) -> None:
    """What is computed from r6, spilled, filled and added to, is an offset in the end."""
    program.alu(AluOp.LSH, R6, 1)
    program.store(R10, -24, R6, 8)
    program.mov(R6, 0)
    program.load(R6, R10, -24, 8)
    program.alu(AluOp.ADD, R6, 1)
    reads(program)


@pytest.mark.parametrize(("second", "is_accepted"), [(23, True), (24, False)])
def test_needs_go_back_through_arithmetic_and_spills(second: int, is_accepted: bool) -> None:
    assert forked(sets(1), sets(second), chained).verdict().is_accepted is is_accepted


@pytest.mark.parametrize(("second", "is_accepted"), [(47, True), (48, False)])
def test_needs_go_back_through_functions(second: int, is_accepted: bool) -> None:
    function = Label()

    def through_a_function(program: Writer) -> None:
        program.mov(R1, R6)
        program.call_subprog(function)
        program.mov(R6, R0)
        reads(program)

    program = forked(sets(1), sets(second), through_a_function)
    program.bind(function)
    program.mov(R0, R1)
    program.exit()
    assert program.verdict().is_accepted is is_accepted


def test_needs_go_back_through_comparisons_with_registers() -> None:
    """r7 is bounded by r6, and r7 is the offset: so it depends on r6."""

    def bounded(program: Writer) -> None:
        over = program.label()
        program.jump_if(JumpOp.JGT, R7, R6, over)
        program.mov(R6, R7)
        reads(program)
        program.bind(over)

    accepted(forked(sets(1), sets(47), bounded))
    assert not forked(sets(1), sets(48), bounded).verdict().is_accepted


def test_copies_that_are_compared_must_be_copies_on_both_ways() -> None:
    """A comparison of r7 tells of r6 only where r6 is its copy."""

    def copy(program: Writer) -> None:
        program.mov(R6, R7)

    def another(program: Writer) -> None:
        program.load(R6, R8, 8, 8)

    def compared(program: Writer) -> None:
        over = program.label()
        program.jump_if(JumpOp.JGE, R7, 48, over)
        reads(program)
        program.bind(over)

    accepted(forked(copy, copy, compared))
    assert not forked(copy, another, compared).verdict().is_accepted


def stores(number: int, size: int = 8) -> Callable[[Writer], None]:
    return lambda program: program.store(R10, -32, number, size)


def test_stack_bytes_that_nothing_reads_may_differ() -> None:
    assert (
        accepted(forked(stores(1), stores(2), ignores)).explored
        == accepted(forked(stores(1), stores(1), ignores)).explored
    )


def test_stack_bytes_that_are_read_may_not() -> None:
    def fill(program: Writer) -> None:
        program.load(R6, R10, -32, 8)
        reads(program)

    accepted(forked(stores(1), stores(47), fill))
    assert not forked(stores(1), stores(48), fill).verdict().is_accepted
    assert not forked(stores(1), ignores, fill).verdict().is_accepted


def test_a_pointer_on_the_stack_is_no_number_on_the_other_way() -> None:
    def spill(program: Writer) -> None:
        program.store(R10, -32, R8, 8)

    def follow(program: Writer) -> None:
        program.load(R6, R10, -32, 8)
        program.load(R0, R6, 0, 8)

    accepted(forked(spill, spill, follow))
    assert not forked(spill, stores(0), follow).verdict().is_accepted


def test_what_a_loop_above_needs_is_needed_below() -> None:
    """The first round ends in a state that the second begins with: it is cut before anything is
    known to depend on r6, which then turns out to be an offset after the loop."""
    program = Writer()
    program.look_up()
    program.mov(R8, R0)
    program.mov(R6, 1)
    again, over, skip = program.label(), program.label(), program.label()
    program.bind(again)
    program.may_goto(over)
    program.helper("get_prandom_u32")
    program.jump_if(JumpOp.JEQ, R0, 0, skip)
    program.mov(R6, 48)
    program.bind(skip)
    program.mov(R9, 1)
    program.jump(again)
    program.bind(over)
    reads(program)
    program.ends()
    assert not program.verdict().is_accepted


def test_many_conditions_cost_no_more_than_their_sum() -> None:
    """Each of 200 changes what is known of a number that nothing depends on."""
    program = Writer()
    program.mov(R6, 0)
    for _ in range(200):
        over = program.label()
        program.helper("get_prandom_u32")
        program.jump_if(JumpOp.JEQ, R0, 7, over)
        program.alu(AluOp.ADD, R6, 3)
        program.bind(over)
    program.ends()
    assert accepted(program).explored < 4 * 200


def test_needs_are_marked_with_their_sources() -> None:
    first, second = Need(), Need()
    both = Need(first, None, Need(second))
    later = Need()
    first.carry(later)
    assert not later.is_marked
    both.mark()
    assert first.is_marked and second.is_marked and later.is_marked
    added = Need()
    both.carry(added)
    assert added.is_marked
