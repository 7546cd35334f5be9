"""`Insn` as a value, and what it says of itself."""

from __future__ import annotations

import pytest

from seismo.isa.insn import REGS, Insn, Reg, slot_starts
from seismo.isa.opcode import INVERSE, Class, JumpOp, Size
from seismo.isa.parse import parse_insn

PREDICATES = (
    "is_call",
    "is_conditional",
    "is_exit",
    "is_func_address",
    "is_goto",
    "is_helper_call",
    "is_jump",
    "is_kfunc_call",
    "is_map_load",
    "is_may_goto",
    "is_subprog_call",
)


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("exit", {"is_exit"}),
        ("goto pc+1", {"is_goto", "is_jump"}),
        ("gotol pc+1", {"is_goto", "is_jump"}),
        ("may_goto pc+1", {"is_conditional", "is_jump", "is_may_goto"}),
        ("if w1 == 0x0 goto pc+1", {"is_conditional", "is_jump"}),
        ("call 1", {"is_call", "is_helper_call"}),
        ("call pc+1", {"is_call", "is_subprog_call"}),
        ("call kernel-function#1", {"is_call", "is_kfunc_call"}),
        ("r1 = subprog[+1]", {"is_func_address"}),
        ("r1 = map[fd:1]", {"is_map_load"}),
        ("r1 = map[fd:1][0]+8", {"is_map_load"}),
        ("r1 = map[idx:1]", {"is_map_load"}),
        ("r1 = map[idx:1][0]+8", {"is_map_load"}),
        ("r1 = 0x1", set()),
        ("r1 += r2", set()),
    ],
)
def test_predicates(text: str, holds: set[str]) -> None:
    insn = parse_insn(text)
    assert {name for name in PREDICATES if getattr(insn, name)} == holds


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("goto pc-3", 8),
        ("if r1 == r2 goto pc+3", 14),
        ("gotol pc+100000", 100_011),
        ("call pc-5", 6),
        ("r1 = subprog[-11]", 0),
    ],
)
def test_a_target_counts_from_the_slot_after_the_first(text: str, target: int) -> None:
    assert parse_insn(text).has_distance
    assert parse_insn(text).target(10) == target


def test_what_refers_to_nothing_has_no_distance() -> None:
    assert not parse_insn("call 5").has_distance
    assert parse_insn("r1 = *(u64 *)(r2 +8)").distance == 0


def test_slots() -> None:
    program = [parse_insn(text) for text in ("r1 = 0x1", "exit", "r1 = map[fd:3]")]
    assert [insn.slots for insn in program] == [2, 1, 2]
    assert slot_starts(program) == (0, 2, 3, 5)
    assert slot_starts([]) == (0,)


def test_equal_and_pasteable() -> None:
    insn = Insn(0x79, Reg.R0, Reg.R1, 8)
    assert repr(insn) == "Insn(op=121, dst=Reg.R0, src=Reg.R1, off=8, imm=0)"
    assert eval(repr(insn)) == insn
    assert len({insn, Insn(0x79, Reg.R0, Reg.R1, 8), Insn(0x79, Reg.R0, Reg.R1, 9)}) == 2
    assert insn.cls is Class.LDX


def test_registers() -> None:
    assert [str(reg) for reg in REGS][:2] == ["r0", "r1"]
    assert len(REGS) == 11
    assert REGS[10] is Reg.R10


def test_sizes_and_inverses() -> None:
    assert [Size.B.bytes, Size.H.bytes, Size.W.bytes, Size.DW.bytes] == [1, 2, 4, 8]
    assert all(INVERSE[INVERSE[op]] is op for op in INVERSE)
    assert set(JumpOp) - set(INVERSE) == {
        JumpOp.JA,
        JumpOp.JSET,
        JumpOp.CALL,
        JumpOp.EXIT,
        JumpOp.JCOND,
    }
