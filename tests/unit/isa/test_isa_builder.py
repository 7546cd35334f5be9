"""The assembler: each method's line, labels, far jumps, refusals."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from seismo.isa.builder import Assembler
from seismo.isa.decode import decode
from seismo.isa.encode import encode
from seismo.isa.errors import EncodeError
from seismo.isa.insn import Insn, Reg
from seismo.isa.opcode import AluOp, AtomicOp, JumpOp

R0, R1, R2, R10 = Reg.R0, Reg.R1, Reg.R2, Reg.R10
NOP = Insn(0xBF, R1, R1)

LINES: dict[str, Callable[[Assembler], None]] = {
    "r1 = 5": lambda asm: asm.mov(R1, 5),
    "r1 = r2": lambda asm: asm.mov(R1, R2),
    "w1 = -1": lambda asm: asm.mov(R1, 0xFFFFFFFF, 32),
    "r1 += r2": lambda asm: asm.alu(AluOp.ADD, R1, R2),
    "w1 s>>= 3": lambda asm: asm.alu(AluOp.ARSH, R1, 3, 32),
    "r1 s/= r2": lambda asm: asm.alu(AluOp.SDIV, R1, R2),
    "w1 s%= 7": lambda asm: asm.alu(AluOp.SMOD, R1, 7, 32),
    "w2 = -w2": lambda asm: asm.neg(R2, 32),
    "r1 = (s16)r2": lambda asm: asm.movsx(R1, R2, 16),
    "w1 = (s8)w2": lambda asm: asm.movsx(R1, R2, 8, 32),
    "r1 = bswap32 r1": lambda asm: asm.bswap(R1, 32),
    "r1 = be16 r1": lambda asm: asm.to_be(R1, 16),
    "r1 = le64 r1": lambda asm: asm.to_le(R1, 64),
    "r1 = 0xffffffffffffffff": lambda asm: asm.ld_imm64(R1, -1),
    "r1 = 0x8000000000000000": lambda asm: asm.ld_imm64(R1, 1 << 63),
    "r1 = map[fd:7]": lambda asm: asm.ld_map_fd(R1, 7),
    "r1 = map[fd:7][0]+24": lambda asm: asm.ld_map_value(R1, 7, 24),
    "r1 = btf[id:9]": lambda asm: asm.ld_btf_id(R1, 9),
    "r0 = *(u16 *)skb[12]": lambda asm: asm.ld_abs(12, 2),
    "r0 = *(u32 *)skb[r2 + 4]": lambda asm: asm.ld_ind(R2, 4, 4),
    "r1 = *(u32 *)(r2 +4)": lambda asm: asm.load(R1, R2, 4, 4),
    "r1 = *(s32 *)(r2 +4)": lambda asm: asm.load(R1, R2, 4, 4, signed=True),
    "r1 = *(u64 *)(r2 -8)": lambda asm: asm.load(R1, R2, -8, 8, signed=True),
    "*(u8 *)(r10 -1) = r2": lambda asm: asm.store(R10, -1, R2, 1),
    "*(u32 *)(r10 -4) = -1": lambda asm: asm.store(R10, -4, 0xFFFFFFFF, 4),
    "*(u64 *)(r10 -8) = -1": lambda asm: asm.store(R10, -8, -1, 8),
    "lock *(u64 *)(r1 +0) += r2": lambda asm: asm.atomic(AtomicOp.ADD, R1, 0, R2, 8),
    "r2 = atomic_fetch_or((u32 *)(r1 +4), r2)": lambda asm: asm.atomic(
        AtomicOp.OR, R1, 4, R2, 4, fetch=True
    ),
    "r2 = atomic64_xchg((u64 *)(r1 +0), r2)": lambda asm: asm.xchg(R1, 0, R2, 8),
    "r0 = atomic_cmpxchg((u32 *)(r1 +0), r0, r2)": lambda asm: asm.cmpxchg(R1, 0, R2, 4),
    "r1 = load_acquire((u16 *)(r2 +2))": lambda asm: asm.load_acquire(R1, R2, 2, 2),
    "store_release((u8 *)(r1 +0), r2)": lambda asm: asm.store_release(R1, 0, R2, 1),
    "call 14": lambda asm: asm.call(14),
    "call kernel-function#77": lambda asm: asm.call_kfunc(77),
    "call kernel-function#77 fd_array[2]": lambda asm: asm.call_kfunc(77, 2),
    "exit": lambda asm: asm.exit(),
}


@pytest.mark.parametrize(("line", "emit"), LINES.items(), ids=list(LINES))
def test_each_method_emits_its_line(line: str, emit: Callable[[Assembler], None]) -> None:
    asm = Assembler()
    emit(asm)
    program = asm.finish()
    assert [str(insn) for insn in program] == [line]
    assert decode(encode(program)) == program
    assert asm.position == 1


def lines_of(asm: Assembler) -> list[str]:
    return [str(insn) for insn in asm.finish()]


def test_distances_count_slots_forwards_and_backwards() -> None:
    asm = Assembler()
    loop, done, sub = asm.label("loop"), asm.label("done"), asm.label("sub")
    asm.bind(loop)
    asm.ld_imm64(R1, 1)
    asm.jump_if(JumpOp.JSGE, R1, R2, done)
    asm.jump_if(JumpOp.JLT, R1, -2, loop, 32)
    asm.may_goto(done)
    asm.ld_func(R2, sub)
    asm.call_subprog(sub)
    asm.jump(loop)
    asm.bind(done)
    asm.exit()
    asm.bind(sub)
    asm.exit()
    assert lines_of(asm) == [
        "r1 = 0x1",
        "if r1 s>= r2 goto pc+6",
        "if w1 < 0xfffffffe goto pc-4",
        "may_goto pc+4",
        "r2 = subprog[+4]",
        "call pc+2",
        "goto pc-9",
        "exit",
        "exit",
    ]


@pytest.mark.parametrize("gap", [32_767, 32_768])
def test_a_goto_reaches_32767_slots(gap: int) -> None:
    asm = Assembler()
    end = asm.label()
    asm.jump(end)
    for _ in range(gap):
        asm.append(NOP)
    asm.bind(end)
    asm.exit()
    assert lines_of(asm)[0] == ("goto pc+32767" if gap == 32_767 else "gotol pc+32768")


def test_far_conditions_go_around_a_gotol() -> None:
    asm = Assembler()
    start = asm.label()
    asm.bind(start)
    for _ in range(32_768):
        asm.append(NOP)
    asm.jump_if(JumpOp.JSGT, R1, R2, start)
    asm.jump_if(JumpOp.JEQ, R1, 3, start, 32)
    asm.jump_if(JumpOp.JSET, R1, 4, start)
    asm.may_goto(start)
    asm.exit()
    assert lines_of(asm)[32_768:] == [
        "if r1 s<= r2 goto pc+1",
        "gotol pc-32770",
        "if w1 != 0x3 goto pc+1",
        "gotol pc-32772",
        "if r1 & 0x4 goto pc+1",
        "goto pc+1",
        "gotol pc-32775",
        "may_goto pc+1",
        "goto pc+1",
        "gotol pc-32778",
        "exit",
    ]
    assert [asm.final_index(at) for at in (0, 32_768, 32_769, 32_770, 32_771, 32_772)] == [
        0,
        32_768,
        32_770,
        32_772,
        32_775,
        32_778,
    ]


def test_widening_one_jump_can_push_another_out_of_reach() -> None:
    asm = Assembler()
    end, far = asm.label(), asm.label()
    asm.jump_if(JumpOp.JEQ, R1, 0, end)
    asm.jump_if(JumpOp.JEQ, R1, 1, far)
    for _ in range(32_766):
        asm.append(NOP)
    asm.bind(end)
    for _ in range(2):
        asm.append(NOP)
    asm.bind(far)
    asm.exit()
    lines = lines_of(asm)
    assert lines[:4] == [
        "if r1 != 0x0 goto pc+1",
        "gotol pc+32768",
        "if r1 != 0x1 goto pc+1",
        "gotol pc+32768",
    ]


@pytest.mark.parametrize(
    ("emit", "what"),
    [
        (lambda asm: asm.mov(R1, 1 << 31), "immediate 2147483648 does not fit 32 bits"),
        (lambda asm: asm.mov(R1, 1 << 32, 32), "immediate 4294967296 does not fit 32 bits"),
        (lambda asm: asm.ld_imm64(R1, 1 << 64), "does not fit 64 bits"),
        (lambda asm: asm.ld_map_fd(R1, -1), "-1 does not fit 32 bits"),
        (lambda asm: asm.load(R1, R2, 32_768, 8), "offset 32768 does not fit 16 bits"),
        (lambda asm: asm.load(R1, R2, 0, 3), "no such access of 3 bytes"),
        (lambda asm: asm.ld_abs(0, 8), "no such access of 8 bytes"),
        (lambda asm: asm.store(R1, 0, 1 << 31, 8), "does not fit 32 bits"),
        (lambda asm: asm.alu(AluOp.NEG, R1, 0), "NEG has no second operand"),
        (lambda asm: asm.alu(AluOp.ADD, R1, R2, 16), "no arithmetic of 16 bits"),
        (lambda asm: asm.movsx(R1, R2, 32, 32), "no sign extension from 32 to 32 bits"),
        (lambda asm: asm.bswap(R1, 8), "no byte swap of 8 bits"),
        (lambda asm: asm.atomic(AtomicOp.XCHG, R1, 0, R2, 8), "XCHG is no simple atomic"),
        (lambda asm: asm.xchg(R1, 0, R2, 2), "no atomic operation on 2 bytes"),
        (lambda asm: asm.jump_if(JumpOp.JA, R1, 0, asm.label()), "no comparison JA of 64 bits"),
    ],
)
def test_refusals(emit: Callable[[Assembler], None], what: str) -> None:
    asm = Assembler()
    with pytest.raises(EncodeError, match=what):
        emit(asm)
    assert asm.position == 0


def test_labels_are_bound_once_and_before_the_end() -> None:
    asm = Assembler()
    label = asm.label("out")
    asm.jump(label)
    with pytest.raises(EncodeError, match=r"Label\('out'\) is used but never bound"):
        asm.finish()
    asm.bind(label)
    with pytest.raises(EncodeError, match=r"Label\('out'\) is bound twice"):
        asm.bind(label)
