"""Programs of users without privileges: no address gets out, and nothing goes back."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from verifier_programs import MAPS, R0, R1, R2, R3, R4, R6, R7, R10, Writer

from seismo.isa.opcode import AluOp, AtomicOp, JumpOp
from seismo.isa.prog_types import ProgType
from seismo.verifier.options import Options
from seismo.verifier.rules import Rule

UNPRIVILEGED = Options(is_privileged=False)


def returns_a_pointer(program: Writer) -> None:
    program.mov(R0, R10)
    program.exit()


def stores_a_pointer(program: Writer) -> None:
    program.look_up()
    program.store(R0, 0, R0, 8)
    program.ends()


def passes_a_pointer(program: Writer) -> None:
    program.store(R10, -8, 0, 8)
    program.map(R1, "ring")
    program.mov(R2, R10)
    program.alu(AluOp.ADD, R2, -8)
    program.mov(R3, 8)
    program.mov(R4, R10)
    program.helper("ringbuf_output")
    program.ends()


def adds_to_a_map(program: Writer) -> None:
    program.look_up()
    program.mov(R6, R10)
    program.atomic(AtomicOp.ADD, R0, 0, R6, 8)
    program.ends()


def subtracts_pointers(program: Writer) -> None:
    program.mov(R6, R10)
    program.alu(AluOp.SUB, R6, R10)
    program.ends()


def negates_a_pointer(program: Writer) -> None:
    program.mov(R6, R10)
    program.neg(R6)
    program.ends()


def swaps_a_pointer(program: Writer) -> None:
    program.mov(R6, R10)
    program.to_be(R6, 64)
    program.ends()


def copies_half_a_pointer(program: Writer) -> None:
    program.mov(R6, R10, 32)
    program.ends()


def compares_pointers(program: Writer) -> None:
    over = program.label()
    program.jump_if(JumpOp.JGT, R1, R10, over)
    program.bind(over)
    program.ends()


def reads_what_nobody_wrote(program: Writer) -> None:
    program.load(R0, R10, -8, 8)
    program.ends()


def reads_what_is_left_of_a_pointer(program: Writer) -> None:
    program.store(R10, -8, R1, 8)
    program.store(R10, -8, 0, 4)
    program.load(R0, R10, -4, 4)
    program.ends()


def indexes_the_stack(program: Writer) -> None:
    program.helper("ktime_get_ns")
    program.alu(AluOp.AND, R0, 7)
    program.mov(R6, R10)
    program.alu(AluOp.ADD, R6, -16)
    program.alu(AluOp.ADD, R6, R0)
    program.ends()


def leaves_the_stack(program: Writer) -> None:
    program.mov(R6, R10)
    program.alu(AluOp.ADD, R6, -520)
    program.ends()


def leaves_a_value(program: Writer) -> None:
    program.look_up()
    program.alu(AluOp.ADD, R0, 48)
    program.ends()


def moves_either_way(program: Writer) -> None:
    program.look_up()
    program.load(R7, R0, 0, 8)
    program.mov(R6, R7)
    first, second = program.label(), program.label()
    program.jump_if(JumpOp.JSGT, R6, -8, first)
    program.ends()
    program.bind(first)
    program.jump_if(JumpOp.JSLT, R6, 8, second)
    program.ends()
    program.bind(second)
    program.alu(AluOp.ADD, R0, R6)
    program.ends()


def goes_back(program: Writer) -> None:
    program.mov(R6, 0)
    again = program.label()
    program.bind(again)
    program.alu(AluOp.ADD, R6, 1)
    program.jump_if(JumpOp.JLT, R6, 4, again)
    program.ends()


def calls_a_function(program: Writer) -> None:
    function = program.label()
    program.call_subprog(function)
    program.exit()
    program.bind(function)
    program.ends()


def keeps_an_address(program: Writer) -> None:
    """Where a record was remains known after it is gone."""
    program.map(R1, "ring")
    program.mov(R2, 8)
    program.mov(R3, 0)
    program.helper("ringbuf_reserve")
    found = program.label()
    program.jump_if(JumpOp.JNE, R0, 0, found)
    program.ends()
    program.bind(found)
    program.mov(R6, R0)
    program.mov(R1, R0)
    program.mov(R2, 0)
    program.helper("ringbuf_discard")
    program.mov(R0, R6)
    program.exit()


CASES: list[tuple[Callable[[Writer], None], Rule, str]] = [
    (returns_a_pointer, Rule.POINTER, "R0 leaks addr as return value"),
    (stores_a_pointer, Rule.POINTER, "R0 leaks addr into map_value"),
    (passes_a_pointer, Rule.POINTER, "R4 leaks addr into helper function"),
    (adds_to_a_map, Rule.POINTER, "R6 leaks addr into mem"),
    (subtracts_pointers, Rule.POINTER, "R6 pointer -= pointer prohibited"),
    (negates_a_pointer, Rule.POINTER, "R6 pointer arithmetic prohibited"),
    (swaps_a_pointer, Rule.POINTER, "R6 pointer arithmetic prohibited"),
    (copies_half_a_pointer, Rule.POINTER, "R10 partial copy of pointer"),
    (compares_pointers, Rule.POINTER, "R10 pointer comparison prohibited"),
    (reads_what_nobody_wrote, Rule.READ, "invalid read from stack"),
    (reads_what_is_left_of_a_pointer, Rule.READ, "invalid read from stack"),
    (indexes_the_stack, Rule.POINTER, "R6 variable stack access prohibited for !root"),
    (leaves_the_stack, Rule.POINTER, "R6 stack pointer arithmetic goes out of range"),
    (leaves_a_value, Rule.POINTER, "R0 pointer arithmetic of map value goes out of range"),
    (moves_either_way, Rule.POINTER, "R0 has unknown scalar with mixed signed bounds"),
    (goes_back, Rule.FLOW, "back-edge from insn 2 to 1"),
    (calls_a_function, Rule.FLOW, "loading/calling other bpf or kernel functions"),
    (keeps_an_address, Rule.READ, "R6 !read_ok"),
]


@pytest.mark.parametrize(("write", "rule", "message"), CASES)
def test_what_only_the_privileged_may(
    write: Callable[[Writer], None], rule: Rule, message: str
) -> None:
    program = Writer(ProgType.SOCKET_FILTER)
    write(program)
    assert program.verdict().is_accepted
    verdict = program.verdict(UNPRIVILEGED)
    assert verdict.complaint is not None
    assert verdict.complaint.rule is rule, str(verdict)
    assert message in verdict.complaint.message


def test_what_anyone_may() -> None:
    """A look-up, checked, indexed by what is bounded; jumps that go forth."""
    program = Writer(ProgType.SOCKET_FILTER)
    program.look_up()
    program.load(R6, R0, 0, 8)
    over = program.label()
    program.jump_if(JumpOp.JGE, R6, MAPS["array"].value_size, over)
    program.alu(AluOp.ADD, R0, R6)
    program.store(R0, 0, R6, 1)
    program.bind(over)
    program.ends()
    assert program.verdict(UNPRIVILEGED).is_accepted
