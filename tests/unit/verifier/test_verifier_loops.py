"""Loops: those that the program bounds, may_goto, callbacks, and those that never end."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from verifier_programs import R0, R1, R2, R3, R4, R6, R7, R8, R10, Writer, accepted, refused

from seismo.isa.opcode import AluOp, JumpOp
from seismo.verifier.options import Options
from seismo.verifier.rules import Rule


def counted(times: int, *, step: int = 1) -> Writer:
    """r6 goes from 0 to `times` by `step`, with a load that only a loop's body does."""
    program = Writer()
    program.mov(R6, 0)
    again = program.label()
    program.bind(again)
    program.load(R7, R10, -8, 8)
    program.alu(AluOp.ADD, R6, step)
    program.jump_if(JumpOp.JNE, R6, times, again)
    program.ends()
    return program


def test_a_bounded_loop_is_followed_to_its_end() -> None:
    assert accepted(counted(100)).explored == 1 + 3 * 100 + 2


def test_a_loop_that_steps_over_its_end_spends_the_budget() -> None:
    verdict = counted(101, step=2).verdict(Options(budget=10_000))
    assert verdict.complaint is not None
    assert verdict.complaint.rule is Rule.COMPLEXITY
    assert "Processed 10001 insn" in verdict.complaint.message


def test_a_round_that_changes_nothing_never_ends() -> None:
    refused(counted(100, step=0), Rule.TERMINATION, "infinite loop detected at insn 1")


def test_a_round_that_only_asks_again_may_never_end() -> None:
    """What is compared differs, but nothing that is known of it does."""
    program = Writer()
    again = program.label()
    program.bind(again)
    program.helper("get_prandom_u32")
    program.jump_if(JumpOp.JNE, R0, 5, again)
    program.ends()
    refused(program, Rule.TERMINATION, "infinite loop detected at insn 0")


def test_a_change_that_nothing_reads_is_none() -> None:
    program = Writer()
    program.mov(R6, 0)
    again = program.label()
    program.bind(again)
    program.mov(R7, R6)
    program.jump(again)
    refused(program, Rule.TERMINATION, "infinite loop detected")


def test_loops_within_loops() -> None:
    program = Writer()
    program.mov(R6, 0)
    outer, inner = program.label(), program.label()
    program.bind(outer)
    program.mov(R7, 0)
    program.bind(inner)
    program.alu(AluOp.ADD, R7, 1)
    program.jump_if(JumpOp.JLT, R7, 10, inner)
    program.alu(AluOp.ADD, R6, 1)
    program.jump_if(JumpOp.JLT, R6, 10, outer)
    program.ends()
    assert accepted(program).explored == 1 + 10 * (1 + 2 * 10 + 2) + 2


def test_what_a_loop_counts_can_index() -> None:
    program = Writer()
    program.look_up()
    program.mov(R8, R0)
    program.mov(R6, 0)
    again, over = program.label(), program.label()
    program.bind(again)
    program.mov(R1, R8)
    program.alu(AluOp.ADD, R1, R6)
    program.load(R0, R1, 0, 1)
    program.alu(AluOp.ADD, R6, 1)
    program.jump_if(JumpOp.JEQ, R6, 48, over)
    program.jump(again)
    program.bind(over)
    program.ends()
    accepted(program)


def with_may_goto(body: Callable[[Writer], None], after: Callable[[Writer], None]) -> Writer:
    """r6 = 0, then rounds of `body` until may_goto ends them, then `after`; r8 is a map's value."""
    program = Writer()
    program.look_up()
    program.mov(R8, R0)
    program.mov(R6, 0)
    program.mov(R7, 0)
    again, over = program.label(), program.label()
    program.bind(again)
    program.may_goto(over)
    body(program)
    program.jump(again)
    program.bind(over)
    after(program)
    program.ends()
    return program


def read_at(program: Writer, index: int = 0) -> None:
    """r8[r6 + index]."""
    program.mov(R1, R8)
    program.alu(AluOp.ADD, R1, R6)
    program.load(R0, R1, index, 1)


def test_may_goto_ends_what_the_program_does_not() -> None:
    accepted(with_may_goto(lambda program: program.alu(AluOp.ADD, R6, 1), lambda _: None))


def test_what_rounds_change_and_nothing_needs_is_forgotten() -> None:
    def masked(program: Writer) -> None:
        program.alu(AluOp.AND, R6, 31)
        read_at(program)

    def grow(program: Writer) -> None:
        program.alu(AluOp.ADD, R7, 1)
        program.helper("get_prandom_u32")
        program.mov(R6, R0)

    accepted(with_may_goto(grow, masked))
    assert not with_may_goto(grow, read_at).verdict().is_accepted


def test_what_is_needed_is_followed_round_by_round() -> None:
    def grow(program: Writer) -> None:
        program.alu(AluOp.ADD, R6, 1)

    def masked(program: Writer) -> None:
        program.alu(AluOp.AND, R6, 31)
        read_at(program)

    verdict = with_may_goto(grow, masked).verdict(Options(budget=10_000))
    assert verdict.complaint is not None
    assert verdict.complaint.rule is Rule.COMPLEXITY


def test_what_rounds_keep_is_known_after_them() -> None:
    accepted(with_may_goto(lambda program: program.mov(R7, R6), read_at))


def test_rounds_that_reset_what_they_need() -> None:
    """From the second round on r6 is 7: that is found, and checked."""

    def set_and_read(program: Writer) -> None:
        read_at(program, 40)
        program.mov(R6, 7)

    accepted(with_may_goto(set_and_read, lambda _: None))

    def set_too_far(program: Writer) -> None:
        read_at(program, 40)
        program.mov(R6, 8)

    verdict = with_may_goto(set_too_far, lambda _: None).verdict()
    assert verdict.complaint is not None
    assert verdict.complaint.rule is Rule.BOUNDS


def test_may_goto_does_not_end_a_loop_around_it() -> None:
    program = Writer()
    again = program.label()
    program.bind(again)
    program.may_goto(again)
    program.jump(again)
    refused(program, Rule.TERMINATION, "infinite loop detected")


def looping(
    times: int, body: Callable[[Writer], None], after: Callable[[Writer], None] = lambda _: None
) -> Writer:
    """bpf_loop with a pointer to fp-16, where a number begins as 0, for r2 of `body`."""
    program = Writer()
    function = program.label()
    program.store(R10, -16, 0, 8)
    program.mov(R1, times)
    program.ld_func(R2, function)
    program.mov(R3, R10)
    program.alu(AluOp.ADD, R3, -16)
    program.mov(R4, 0)
    program.helper("loop")
    after(program)
    program.ends()
    program.bind(function)
    body(program)
    program.ends()
    return program


def count(program: Writer) -> None:
    program.load(R0, R2, 0, 8)
    program.alu(AluOp.ADD, R0, 1)
    program.store(R2, 0, R0, 8)


def index_by_count(program: Writer) -> None:
    program.look_up()
    program.load(R6, R10, -16, 8)
    program.mov(R8, R0)
    read_at(program)


@pytest.mark.parametrize(("times", "is_accepted"), [(47, True), (48, False)])
def test_callbacks_run_no_more_often_than_asked_for(times: int, is_accepted: bool) -> None:
    assert looping(times, count, index_by_count).verdict().is_accepted is is_accepted


def test_what_callbacks_change_is_unknown_where_nothing_depends_on_it() -> None:
    """A million rounds take no more exploring than a few."""
    assert accepted(looping(1_000_000, count)).explored < 200


def test_a_callback_that_calls_back() -> None:
    program = Writer()
    outer, inner = program.label(), program.label()
    for function, times in ((outer, 1000), (inner, 1000)):
        program.mov(R1, times)
        program.ld_func(R2, function)
        program.mov(R3, 0)
        program.mov(R4, 0)
        program.helper("loop")
        program.ends()
        program.bind(function)
    program.ends()
    assert accepted(program).explored < 200


def test_a_callback_without_an_end_of_its_own() -> None:
    def spin(program: Writer) -> None:
        again = program.label()
        program.bind(again)
        program.helper("get_prandom_u32")
        program.jump_if(JumpOp.JNE, R0, 0, again)

    refused(looping(1, spin), Rule.TERMINATION, "infinite loop detected")
