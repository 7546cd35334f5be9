"""The interpreter, translated and native code do the same with every program, faults and counts
included; and with compiled functions what the interpreter of their intermediate code does."""

from __future__ import annotations

import random
from typing import TypeAlias

from hypothesis import given, settings
from hypothesis import strategies as st

from insn_strategies import ALL_FORMS
from random_funcs import CONTEXT, call_helper, random_func
from seismo.base.bits import U32_MAX
from seismo.codegen.emit import generate
from seismo.ir.func import Func
from seismo.ir.interp import interpret
from seismo.ir.pipeline import optimize
from seismo.isa.forms import Form
from seismo.isa.insn import REGS, Insn, Reg
from seismo.isa.opcode import LD_IMM64, AluOp, Class, JumpOp, Source
from seismo.isa.parse import parse_listing
from seismo.vm.environment import Environment, current_task
from seismo.vm.errors import Fault, OutOfSteps
from seismo.vm.machine import Engine, Machine
from vm_engines import ENGINES, NEEDS_NATIVE

SEEDS = st.integers(0, 1 << 32)
BUDGET = 3000
CONTEXT_REG = Reg.R9
EDGES = (0, 1, -1, 7, 8, 63, 64, 255, -(1 << 31), (1 << 31) - 1)

Outcome: TypeAlias = tuple[object, ...]


def form_weight(form: Form) -> int:
    """How often a form is drawn; 0 for what these programs cannot have."""
    cls = form.op & 7
    if form.op == Class.JMP | JumpOp.CALL or "addr_space" in form.text or "may_goto" in form.text:
        return 0
    if form.op == LD_IMM64:
        return 6 if form.fixed["src"] == 0 else 0
    if form.op == Class.JMP | JumpOp.EXIT:
        return 1
    return 4 if cls in (Class.LDX, Class.ST, Class.STX) else 2


FORMS = [form for form in ALL_FORMS if form_weight(form)]
WEIGHTS = [form_weight(form) for form in FORMS]


def random_program(seed: int) -> list[Insn]:
    """Any instructions: jumps that go anywhere, accesses that now and then miss."""
    chance = random.Random(seed)
    count = chance.randint(2, 40)
    head = [*parse_listing("r9 = r1"), *(number(chance, REGS[one]) for one in range(9))]
    body = [drawn(chance, place, count) for place in range(count)]
    return [*head, *with_distances(chance, body), *parse_listing("exit")]


def number(chance: random.Random, register: Reg) -> Insn:
    value = chance.choice((*EDGES, chance.getrandbits(64), chance.getrandbits(32)))
    return Insn(LD_IMM64, register, Reg.R0, 0, value & ((1 << 64) - 1))


def drawn(chance: random.Random, place: int, count: int) -> Insn:
    form = chance.choices(FORMS, WEIGHTS)[0]
    if form.op == LD_IMM64:
        return number(chance, REGS[chance.randrange(9)])
    fields = {name: form.fixed.get(name, 0) for name in ("dst", "src", "off", "imm")}
    for name in ("dst", "src"):
        if name in form.shown:
            fields[name] = chance.randrange(9)
    if "imm" in form.shown:
        fields["imm"] = chance.choice((*EDGES, chance.randint(-(1 << 31), (1 << 31) - 1)))
    if form.op & 7 == Class.LD and chance.random() < 0.9:
        fields["imm"] = chance.randrange(60)
    if form.op & 7 in (Class.LDX, Class.ST, Class.STX):
        is_load = form.op & 7 == Class.LDX or "load_acquire" in form.text
        base = chance.choice((Reg.R10, CONTEXT_REG))
        fields["src" if is_load else "dst"] = base
        low, high = (-512, -8) if base == Reg.R10 else (0, 56)
        slack = 9 if chance.random() < 0.2 else 0
        fields["off"] = chance.randint(low - slack, high + slack)
    dst, src = REGS[fields["dst"]], REGS[fields["src"]]
    return Insn(form.op, dst, src, fields["off"], fields["imm"])


def with_distances(chance: random.Random, body: list[Insn]) -> list[Insn]:
    """Each jump goes to some instruction of the body or to the exit after it."""
    starts = [0]
    for insn in body:
        starts.append(starts[-1] + insn.slots)
    found: list[Insn] = []
    for insn, start in zip(body, starts, strict=False):
        if insn.has_distance:
            distance = chance.choice(starts) - start - 1
            is_long = insn.op == Class.JMP32 | JumpOp.JA
            off, imm = (0, distance) if is_long else (distance, insn.imm)
            insn = Insn(insn.op, insn.dst, insn.src, off, imm)
        found.append(insn)
    return found


def outcome(insns: list[Insn], engine: Engine) -> Outcome:
    machine = Machine(insns, budget=BUDGET, engine=engine)
    try:
        result = machine.run(CONTEXT)
    except OutOfSteps:
        return ("spent",)
    except Fault as fault:
        return "fault", fault.index, fault.address, fault.why
    memory = [bytes(region.data or b"") for region in result.regions]
    return "r0", result.r0, result.steps, memory


@given(SEEDS)
@settings(max_examples=400)
def test_translated_code_does_the_same(seed: int) -> None:
    check(seed, "translated")


@NEEDS_NATIVE
@given(SEEDS)
@settings(max_examples=400)
def test_native_code_does_the_same(seed: int) -> None:
    check(seed, "native")


def check(seed: int, engine: Engine) -> None:
    insns = random_program(seed)
    plain, other = outcome(insns, "interpreted"), outcome(insns, engine)
    if other == ("spent",):
        # A block is counted before it runs, so a fault in it comes too late.
        assert plain[0] in ("spent", "fault")
    else:
        assert other == plain


COMPILED = st.builds(random_func, SEEDS, st.integers(1, 40), variables=st.integers(1, 8))
CALLING = st.builds(random_func, SEEDS, st.integers(1, 40), subprograms=st.integers(1, 4))


@given(COMPILED | CALLING)
@settings(max_examples=100)
def test_compiled_functions(func: Func) -> None:
    want = interpret(func, context=CONTEXT, call=call_helper)
    environment = Environment(task=current_task())
    for compiled in (generate(func), generate(optimize(func))):
        for engine in ENGINES:
            machine = Machine(compiled.insns, environment=environment, engine=engine)
            assert machine.run(CONTEXT).r0 == want


@given(SEEDS)
@settings(max_examples=50)
def test_a_narrow_result_is_narrow(seed: int) -> None:
    """What 32-bit operations leave in a register has no upper half."""
    chance = random.Random(seed)
    ops = [one for one in AluOp if one not in (AluOp.END, AluOp.NEG)]
    insns = [number(chance, Reg.R0), number(chance, Reg.R1)]
    for _ in range(chance.randint(1, 8)):
        operation = chance.choice(ops)
        op = Class.ALU | operation & 0xF0 | Source.X
        insns.append(Insn(op, Reg.R0, Reg.R1, operation >> 8))
    insns += parse_listing("exit")
    answers = {Machine(insns, engine=one).run().r0 for one in ENGINES}
    assert len(answers) == 1 and answers.pop() <= U32_MAX
