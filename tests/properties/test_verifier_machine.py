"""A program that the verifier accepts never faults: random ones are run in the machine."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bpf_machine import run_machine
from seismo.base.errors import NotSupported
from seismo.ir.interp import Memory
from seismo.isa.builder import Assembler
from seismo.isa.helpers import helper_id
from seismo.isa.insn import Insn, Reg
from seismo.isa.opcode import AluOp, JumpOp
from seismo.isa.prog_types import ProgType
from seismo.spec.types import ProgramSpec
from seismo.verifier.check import Options, verify
from seismo.vm.environment import Environment
from seismo.vm.machine import Machine
from verifier_corpus.pen import MAPS
from verifier_corpus.runs import fault_of
from verifier_corpus.table import case

NUMBERS = (Reg.R7, Reg.R8, Reg.R9)
ALU_OPS = [op for op in AluOp if op not in (AluOp.NEG, AluOp.END, AluOp.SDIV, AluOp.SMOD)]
JUMPS = [op for op in JumpOp if op not in (JumpOp.JA, JumpOp.CALL, JumpOp.EXIT, JumpOp.JCOND)]
SHIFTS = (AluOp.LSH, AluOp.RSH, AluOp.ARSH)
STACK = 64
CPUS = 256
SPILLED = (-72, -80)
ALL_WRITTEN = Options(allows_unwritten_stack=False)

numbers = st.sampled_from(NUMBERS)
widths = st.sampled_from((32, 64))
immediates = st.sampled_from((1, 2, 3, 7, 8, 15, 31, 56, 63, 64, -1, -8, 1 << 30))
words = st.one_of(st.integers(0, 200), st.integers(0, (1 << 64) - 1))


@st.composite
def steps(draw: st.DrawFn, asm: Assembler) -> None:
    """One instruction on numbers, a comparison, or a number that goes to the stack or comes back.

    Of a comparison either both ways go on from the same place, or one of them ends the program.
    """
    dst, width = draw(numbers), draw(widths)
    match draw(st.integers(0, 4)):
        case 0 | 1:
            op = draw(st.sampled_from(ALU_OPS))
            amount = draw(st.integers(0, width - 1)) if op in SHIFTS else draw(immediates)
            asm.alu(op, dst, draw(st.sampled_from((amount, *NUMBERS))), width)
        case 2:
            asm.store(Reg.R10, draw(st.sampled_from(SPILLED)), dst, draw(st.sampled_from((4, 8))))
        case 3:
            asm.load(dst, Reg.R10, draw(st.sampled_from(SPILLED)), draw(st.sampled_from((4, 8))))
        case _:
            over = asm.label()
            other = draw(st.one_of(immediates, numbers))
            asm.jump_if(draw(st.sampled_from(JUMPS)), dst, other, over, width)
            if draw(st.booleans()):
                asm.mov(Reg.R0, 0)
                asm.exit()
            else:
                asm.mov(draw(numbers), draw(st.sampled_from((*NUMBERS, 0, 5))), draw(widths))
            asm.bind(over)


@st.composite
def programs(draw: st.DrawFn) -> tuple[Insn, ...]:
    """Three numbers are made from the unknown; one of them indexes `STACK` bytes, mostly masked."""
    asm = Assembler()
    for offset in (*range(-8, -STACK - 1, -8), *SPILLED):
        asm.store(Reg.R10, offset, 0, 8)
    for register in NUMBERS:
        asm.call(helper_id("ktime_get_ns"))
        asm.mov(register, Reg.R0)
    for _ in range(draw(st.integers(0, 8))):
        draw(steps(asm))
    index, bound = draw(numbers), draw(st.sampled_from((7, 56, 63, 64)))
    if draw(st.booleans()):
        asm.alu(AluOp.AND, index, bound)
    else:
        over = asm.label()
        asm.jump_if(draw(st.sampled_from((JumpOp.JLT, JumpOp.JLE))), index, bound, over)
        asm.mov(index, 0)
        asm.bind(over)
    for _ in range(draw(st.integers(0, 2))):
        draw(steps(asm))
    asm.mov(Reg.R1, Reg.R10)
    asm.alu(AluOp.ADD, Reg.R1, draw(st.sampled_from((-STACK, -STACK + 8))))
    asm.alu(AluOp.ADD, Reg.R1, index)
    if draw(st.booleans()):
        asm.store(Reg.R1, 0, 1, 1)
    asm.load(Reg.R0, Reg.R1, 0, 1)
    asm.exit()
    return asm.finish()


def spec_of(insns: tuple[Insn, ...]) -> ProgramSpec:
    return ProgramSpec(name="random", type=ProgType.RAW_TRACEPOINT, insns=insns)


@settings(deadline=None, max_examples=300)
@given(programs(), st.lists(words, min_size=3, max_size=3))
def test_what_is_accepted_does_not_fault(insns: tuple[Insn, ...], answers: list[int]) -> None:
    if not verify(spec_of(insns), {}).is_accepted:
        return
    environment = Environment(monotonic=iter(answers).__next__)
    Machine(insns, environment=environment).run(bytes(96))


@settings(deadline=None, max_examples=300)
@given(programs(), st.lists(words, min_size=3, max_size=3))
def test_what_is_accepted_reads_only_what_it_wrote(
    insns: tuple[Insn, ...], answers: list[int]
) -> None:
    """Where that is asked for: this machine knows which bytes of the stack were written."""
    if not verify(spec_of(insns), {}, options=ALL_WRITTEN).is_accepted:
        return
    left = iter(answers)

    def call(_name: str, _args: Sequence[int], _memory: Memory) -> int:
        return next(left)

    run_machine(insns, context=bytes(96), call=call)


@settings(deadline=None, max_examples=400)
@given(st.integers(0, 100_000), st.integers(0, 100))
def test_programs_of_all_kinds_that_are_accepted_do_not_fault(number: int, seed: int) -> None:
    """Map values, packets, spills, calls, callbacks and loops: those of the corpus."""
    one = case(number, seed)
    if accepts(one.spec):
        assert fault_of(one.spec, 8, CPUS) == ""


def accepts(spec: ProgramSpec) -> bool:
    """Whether it is accepted. One that calls a function of a kernel which is not here is not."""
    try:
        return verify(spec, MAPS, options=Options(budget=20_000, cpus=CPUS)).is_accepted
    except NotSupported:
        assert any(insn.is_kfunc_call for insn in spec.insns)
        return False


@settings(deadline=None, max_examples=50)
@given(programs())
def test_verdicts_are_the_same_again(insns: tuple[Insn, ...]) -> None:
    """Nothing is kept from one check to the next, and a report names the place."""
    first, second = verify(spec_of(insns), {}), verify(spec_of(insns), {})
    assert str(first) == str(second)
    if first.complaint is not None:
        assert first.complaint.path[-1:] in ((), (first.complaint.index,))


@pytest.mark.slow
@pytest.mark.parametrize("start", range(0, 4000, 500))
def test_many_programs_that_are_accepted_do_not_fault(start: int) -> None:
    for number in range(start, start + 500):
        one = case(number, seed=1)
        if accepts(one.spec):
            assert fault_of(one.spec, 4, CPUS) == "", number
