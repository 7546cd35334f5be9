"""Mistakes that verifiers made: accepted when they are made again, refused when they are not.

What is accepted by mistake is then run in the machine, which faults where the mistake leads.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

import pytest
from verifier_programs import MAPS, R0, R1, R2, R3, R6, R7, R8, R9, Writer

from seismo.isa.opcode import AluOp, JumpOp
from seismo.verifier.options import Fault, Options
from seismo.verifier.rules import Rule
from seismo.vm.errors import Fault as MachineFault
from seismo.vm.machine import Machine
from seismo.vm.maps.create import create_maps

FAR = 10
"""A number that is not 0, shifted so far, leads out of every map's value."""


def with_value(program: Writer) -> None:
    """r9 = a value of the map "array"."""
    program.look_up(key=1)
    program.mov(R9, R0)


def read_past(program: Writer) -> None:
    """Where r6 is believed to be 0, this reads the first byte of the value."""
    program.alu(AluOp.LSH, R6, FAR)
    program.alu(AluOp.ADD, R9, R6)
    program.load(R0, R9, 0, 1)
    program.ends()


def sign_extended_move(program: Writer) -> None:
    program.mov(R7, -1, 32)
    beyond = program.label()
    program.jump_if(JumpOp.JNE, R7, -1, beyond)
    program.ends()
    program.bind(beyond)
    program.load(R0, R7, 0, 8)
    program.exit()


def bounds_after_jump32(program: Writer) -> None:
    with_value(program)
    program.load(R6, R9, 0, 8)
    program.ld_imm64(R2, (1 << 32) + 1)
    out, over = program.label(), program.label()
    program.jump_if(JumpOp.JGT, R6, R2, out)
    program.jump_if(JumpOp.JEQ, R6, 0, out)
    program.jump_if(JumpOp.JNE, R6, 5, over, 32)
    program.bind(out)
    program.ends()
    program.bind(over)
    program.alu(AluOp.AND, R6, 2)
    read_past(program)


def bounds_after_bitwise(program: Writer) -> None:
    with_value(program)
    program.load(R7, R9, 0, 8)
    program.alu(AluOp.RSH, R7, 32)
    program.alu(AluOp.LSH, R7, 32)
    program.alu(AluOp.ADD, R7, 1)
    program.ld_imm64(R2, (1 << 32) + 2)
    program.alu(AluOp.AND, R7, R2)
    program.load(R8, R9, 8, 8)
    program.alu(AluOp.AND, R8, 1)
    program.alu(AluOp.ADD, R8, R7)
    program.mov(R8, R8, 32)
    program.mov(R6, 1)
    program.alu(AluOp.SUB, R6, R8)
    read_past(program)


def arithmetic_on_null(program: Writer) -> None:
    with_value(program)
    program.map(R1, "ring")
    program.mov(R2, 8192)
    program.mov(R3, 0)
    program.helper("ringbuf_reserve")
    program.mov(R6, R0)
    program.alu(AluOp.ADD, R6, 1)
    null = program.label()
    program.jump_if(JumpOp.JEQ, R0, 0, null)
    program.mov(R1, R0)
    program.mov(R2, 0)
    program.helper("ringbuf_discard")
    program.ends()
    program.bind(null)
    read_past(program)


CASES: list[tuple[Fault, Callable[[Writer], None], Rule, str]] = [
    (Fault.SIGN_EXTENDED_MOV32, sign_extended_move, Rule.BOUNDS, "invalid mem access 'scalar'"),
    (Fault.JUMP32_BOUNDS, bounds_after_jump32, Rule.BOUNDS, "invalid access to map value"),
    (Fault.BITWISE_BOUNDS32, bounds_after_bitwise, Rule.BOUNDS, "invalid access to map value"),
    (Fault.OR_NULL_ARITHMETIC, arithmetic_on_null, Rule.NULL, "null-check it first"),
]


@pytest.mark.parametrize(("fault", "write", "rule", "message"), CASES)
def test_a_mistake(fault: Fault, write: Callable[[Writer], None], rule: Rule, message: str) -> None:
    program = Writer()
    write(program)
    right = program.verdict(Options(faults=frozenset(Fault) - {fault}))
    assert right.complaint is not None
    assert right.complaint.rule is rule
    assert message in right.complaint.message

    assert program.verdict(Options(faults=frozenset({fault}))).is_accepted
    maps = create_maps(MAPS.values())
    maps["array"].update(struct.pack("<I", 1), struct.pack("<QQ32x", 2, 0))
    with pytest.raises(MachineFault) as caught:
        Machine(program.spec(), maps).run(bytes(96))
    assert caught.value.insn.op & 7 == 1, "it is a load that faults"


def test_what_they_do_not_touch_stays_right() -> None:
    """With all of them on, what is known of ordinary numbers is as without."""
    program = Writer()
    program.look_up(key=1)
    program.load(R6, R0, 0, 4)
    over = program.label()
    program.jump_if(JumpOp.JLT, R6, 48, over, 32)
    program.ends()
    program.bind(over)
    program.alu(AluOp.ADD, R0, R6)
    program.load(R0, R0, 0, 1)
    program.ends()
    assert program.verdict(Options(faults=frozenset(Fault))).is_accepted
