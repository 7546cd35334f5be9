"""Arithmetic, flow, calls, references, results: what is refused, and with which words."""

from __future__ import annotations

import pytest
from verifier_programs import MAPS, Writer, accepted, refused

from seismo.base.errors import NotSupported
from seismo.base.source import Source, Span
from seismo.isa.insn import Reg
from seismo.isa.opcode import AluOp, JumpOp
from seismo.isa.prog_types import ProgType
from seismo.spec.types import ProgramSpec
from seismo.verifier.check import Options, verify
from seismo.verifier.rules import Rule

R0, R1, R2, R3, R4, R5, R6, R7, R8, R9, R10 = Reg


def test_divisors_and_shifts_that_are_constants() -> None:
    for op, imm, width, message in (
        (AluOp.DIV, 0, 64, "div by zero"),
        (AluOp.MOD, 0, 32, "div by zero"),
        (AluOp.LSH, 64, 64, "invalid shift 64"),
        (AluOp.ARSH, 32, 32, "invalid shift 32"),
        (AluOp.RSH, -1, 64, "invalid shift -1"),
    ):
        program = Writer()
        program.mov(R0, 1)
        program.alu(op, R0, imm, width)
        program.exit()
        refused(program, Rule.ARITHMETIC, message)


def test_a_register_divides_even_if_it_is_zero() -> None:
    program = Writer()
    program.mov(R0, 1)
    program.mov(R1, 0)
    program.alu(AluOp.DIV, R0, R1)
    program.exit()
    accepted(program)


def test_pointers_keep_to_their_objects() -> None:
    for op, message in (
        (AluOp.AND, "bitwise operator &= on pointer prohibited"),
        (AluOp.MUL, "pointer arithmetic with *= operator prohibited"),
        (AluOp.LSH, "pointer arithmetic with <<= operator prohibited"),
    ):
        program = Writer()
        program.mov(R2, R10)
        program.alu(op, R2, 8)
        program.ends()
        refused(program, Rule.POINTER, message)


def test_an_unbounded_number_is_not_added() -> None:
    program = Writer()
    program.load(R2, R1, 0, 8)
    program.mov(R3, R10)
    program.alu(AluOp.ADD, R3, R2)
    program.ends()
    refused(program, Rule.POINTER, "unbounded min value is not allowed")


def test_loops_end() -> None:
    program = Writer()
    again = program.label()
    program.mov(R1, 0)
    program.bind(again)
    program.alu(AluOp.ADD, R1, 1)
    program.jump_if(JumpOp.JLT, R1, 100, again)
    program.ends()
    assert accepted(program).explored == 203
    program = Writer()
    again = program.label()
    program.bind(again)
    program.jump(again)
    verdict = refused(program, Rule.TERMINATION, "infinite loop detected at insn 0")
    assert not verdict.is_accepted


def test_the_budget_is_kept() -> None:
    program = Writer()
    again = program.label()
    program.mov(R1, 0)
    program.bind(again)
    program.alu(AluOp.ADD, R1, 1)
    program.jump_if(JumpOp.JLT, R1, 100, again)
    program.ends()
    verdict = program.verdict(Options(budget=150))
    assert verdict.complaint is not None
    assert verdict.complaint.rule is Rule.COMPLEXITY
    assert verdict.explored == 151


def test_may_goto_ends_by_itself() -> None:
    program = Writer()
    again, done = program.label(), program.label()
    program.bind(again)
    program.may_goto(done)
    program.jump(again)
    program.bind(done)
    program.ends()
    accepted(program)


def test_paths_that_meet_are_followed_once() -> None:
    program = Writer()
    program.mov(R6, R1)
    program.mov(R7, 0)
    for _ in range(12):
        over = program.label()
        program.load(R0, R6, 0, 8)
        program.jump_if(JumpOp.JEQ, R0, 0, over)
        program.mov(R0, 0)
        program.bind(over)
    program.ends()
    assert accepted(program).explored < 100


def test_unreachable_code_is_refused() -> None:
    program = Writer()
    program.ends()
    program.ends()
    refused(program, Rule.FLOW, "unreachable insn 2")


def test_records_are_given_back() -> None:
    for ending, message in (("submit", ""), ("discard", ""), ("", "Unreleased reference id=1")):
        program = Writer()
        program.map(R1, "ring")
        program.mov(R2, 16)
        program.mov(R3, 0)
        program.helper("ringbuf_reserve")
        done = program.label()
        program.jump_if(JumpOp.JEQ, R0, 0, done)
        program.store(R0, 8, 1, 8)
        if ending:
            program.mov(R1, R0)
            program.mov(R2, 0)
            program.helper(f"ringbuf_{ending}")
        program.bind(done)
        program.ends()
        if ending:
            accepted(program)
        else:
            refused(program, Rule.REFERENCE, message)


def test_a_record_has_its_size_and_is_gone_once_submitted() -> None:
    program = Writer()
    program.map(R1, "ring")
    program.mov(R2, 16)
    program.mov(R3, 0)
    program.helper("ringbuf_reserve")
    done = program.label()
    program.jump_if(JumpOp.JEQ, R0, 0, done)
    program.mov(R6, R0)
    program.mov(R1, R0)
    program.mov(R2, 0)
    program.helper("ringbuf_submit")
    program.store(R6, 0, 1, 8)
    program.bind(done)
    program.ends()
    refused(program, Rule.BOUNDS, "R6 invalid mem access 'scalar'")


def test_helpers_are_for_program_types() -> None:
    program = Writer(ProgType.XDP)
    program.mov(R2, 0)
    program.mov(R3, 0)
    program.helper("get_stackid")
    program.exit()
    refused(program, Rule.HELPER, "program of this type cannot use helper bpf_get_stackid")


def test_helper_arguments_have_kinds() -> None:
    program = Writer()
    program.mov(R2, R10)
    program.helper("map_lookup_elem")
    program.ends()
    refused(program, Rule.HELPER, "R1 type=ctx expected=map_ptr")


@pytest.mark.parametrize(("size", "is_fine"), [(16, True), (17, False), (-1, False)])
def test_helpers_get_as_much_memory_as_they_are_told(size: int, is_fine: bool) -> None:
    program = Writer()
    program.mov(R1, R10)
    program.alu(AluOp.ADD, R1, -16)
    program.mov(R2, size)
    program.helper("get_current_comm")
    program.ends()
    if is_fine:
        accepted(program)
    else:
        assert not program.verdict().is_accepted


def test_arguments_are_gone_after_a_call() -> None:
    program = Writer()
    program.helper("ktime_get_ns")
    program.mov(R0, R1)
    program.exit()
    refused(program, Rule.READ, "R1 !read_ok")


def two_functions(kind: ProgType) -> Writer:
    """One calls the other, and together they use 528 bytes of stack."""
    program = Writer(kind)
    function = program.label()
    program.store(R10, -256, 0, 8)
    program.call_subprog(function)
    program.ends()
    program.bind(function)
    program.store(R10, -264, 0, 8)
    program.ends()
    return program


def test_functions_share_the_stack_unless_they_trace() -> None:
    message = "combined stack size of 2 calls is 528"
    refused(two_functions(ProgType.XDP), Rule.STACK, message)
    assert accepted(two_functions(ProgType.RAW_TRACEPOINT)).stack == 0


def test_functions_get_pointers_to_their_callers_stack() -> None:
    program = Writer()
    function = program.label()
    program.mov(R1, R10)
    program.alu(AluOp.ADD, R1, -8)
    program.call_subprog(function)
    program.load(R0, R10, -8, 8)
    program.exit()
    program.bind(function)
    program.store(R1, 0, 7, 8)
    program.ends()
    assert accepted(program).stack == 32


def test_recursion_runs_out_of_frames() -> None:
    program = Writer()
    function = program.label()
    program.call_subprog(function)
    program.exit()
    program.bind(function)
    program.call_subprog(function)
    program.exit()
    refused(program, Rule.STACK, "the call stack of 9 frames is too deep")


def loop_program(result: int, reach: int, times: int = 100) -> Writer:
    """bpf_loop over a callback that adds to a number on the stack, then indexes a value with it."""
    program = Writer()
    function, done = program.label(), program.label()
    program.store(R10, -16, 0, 8)
    program.mov(R1, times)
    program.ld_func(R2, function)
    program.mov(R3, R10)
    program.alu(AluOp.ADD, R3, -16)
    program.mov(R4, 0)
    program.helper("loop")
    program.look_up()
    program.load(R1, R10, -16, 8)
    if reach:
        program.jump_if(JumpOp.JGE, R1, reach, done)
    program.alu(AluOp.ADD, R0, R1)
    program.load(R2, R0, 0, 1)
    program.bind(done)
    program.ends()
    program.bind(function)
    program.load(R0, R2, 0, 8)
    program.alu(AluOp.ADD, R0, 1)
    program.store(R2, 0, R0, 8)
    program.ends(result)
    return program


def test_what_a_callback_changes_is_not_known_after_it() -> None:
    accepted(loop_program(0, 48))
    assert not loop_program(0, 0).verdict().is_accepted
    accepted(loop_program(0, 0, times=10))
    refused(loop_program(2, 48), Rule.RESULT, "should have been in [0, 1]")


def test_r0_is_set_at_the_end() -> None:
    program = Writer()
    program.exit()
    refused(program, Rule.READ, "R0 !read_ok")


def test_results_have_a_range_where_the_type_asks_for_one() -> None:
    program = Writer(ProgType.CGROUP_SKB)
    program.ends(2)
    refused(program, Rule.RESULT, "At program exit the register R0 has 2")


def test_a_type_that_is_not_known_here() -> None:
    program = Writer(ProgType.LIRC_MODE2)
    program.ends()
    with pytest.raises(NotSupported, match="lirc_mode2"):
        program.verdict()


def test_the_report_speaks_of_the_script() -> None:
    source = Source("a.bt", "BEGIN { print($x) }")
    program = Writer()
    program.mov(R6, 1)
    program.mov(R0, R7)
    program.exit()
    plain = program.spec()
    spec = ProgramSpec(
        name=plain.name,
        type=plain.type,
        insns=plain.insns,
        spans=(Span(source, 0, 5), Span(source, 8, 17), Span(source, 8, 17)),
    )
    text = str(verify(spec, MAPS))
    assert "refused: a.bt:1:9: error: R7 !read_ok" in text
    assert "with: R1=ctx() R6=1 R10=fp0" in text
    assert "hint: write r7 on every path to here" in text
