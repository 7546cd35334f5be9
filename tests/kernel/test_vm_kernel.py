"""The machine computes what the kernel computes when it runs the same program on the same input."""

from __future__ import annotations

import random

import pytest

from kernel_release import skip_before
from random_funcs import CONTEXT, random_func
from seismo.codegen.emit import generate
from seismo.ir.pipeline import optimize
from seismo.isa.insn import REGS, Insn, Reg
from seismo.isa.map_types import MapType
from seismo.isa.opcode import LD_IMM64, AluOp, Class, Source
from seismo.isa.parse import parse_listing
from seismo.isa.prog_types import ProgType
from seismo.kernel.live import LiveKernel
from seismo.objects.map import Map
from seismo.objects.program import load_program
from seismo.spec.types import MapSpec, ProgramSpec
from seismo.vm.environment import Environment, current_task
from seismo.vm.machine import Machine
from seismo.vm.maps.create import create_map
from seismo.vm.maps.vm_map import VmMap
from vm_engines import ENGINES

pytestmark = pytest.mark.kernel

PACKET = bytes(range(14)) + b"\x08\x00" + bytes(range(100, 164))
EDGES = (0, 1, -1, -2, 1 << 31, (1 << 31) - 1, 1 << 63, (1 << 63) - 1, (1 << 32) - 1)
FOLD = parse_listing("r1 = r0\nr1 >>= 32\nw0 ^= w1\nexit")
PLAIN = (AluOp.ADD, AluOp.SUB, AluOp.MUL, AluOp.DIV, AluOp.OR, AluOp.AND, AluOp.LSH, AluOp.RSH)
PLAIN += (AluOp.MOD, AluOp.XOR, AluOp.MOV, AluOp.ARSH)
SIGNED = (AluOp.SDIV, AluOp.SMOD)


def agree(spec: ProgramSpec, kernel: LiveKernel, context: bytes = b"") -> int:
    """What both engines and the kernel give: the low half of r0."""
    environment = Environment(task=current_task())
    answers = [
        Machine(spec, environment=environment, engine=one).run(context).r0 & 0xFFFF_FFFF
        for one in ENGINES
    ]
    with load_program(spec, {}, kernel) as program:
        if spec.type == ProgType.SOCKET_FILTER:
            answers.append(program.test_run(data=context).retval)
        else:
            answers.append(program.test_run(ctx=context).retval)
    assert len(set(answers)) == 1
    return answers[0]


def arithmetic(seed: int) -> ProgramSpec:
    """Random arithmetic on r0 to r5, by registers so that nothing is refused; folded into r0."""
    chance = random.Random(seed)
    insns = [load(chance, REGS[one]) for one in range(6)]
    for _ in range(60):
        cls = chance.choice((Class.ALU, Class.ALU64))
        operation = chance.choice((*PLAIN, *SIGNED, AluOp.NEG, AluOp.END))
        dst, src = REGS[chance.randrange(6)], REGS[chance.randrange(6)]
        source = 0 if operation == AluOp.NEG else Source.X
        imm = off = 0
        if operation == AluOp.END:
            imm = chance.choice((16, 32, 64))
            source = chance.choice((0, Source.X)) if cls == Class.ALU else 0
            src = Reg.R0
        elif operation == AluOp.NEG:
            src = Reg.R0
        elif operation == AluOp.MOV:
            off = chance.choice((0, 8, 16))
        else:
            off = operation >> 8
        insns.append(Insn(cls | operation & 0xF0 | source, dst, src, off, imm))
    total = [parse_listing(f"r0 ^= r{one}")[0] for one in range(1, 6)]
    return ProgramSpec(
        name="arithmetic",
        type=ProgType.RAW_TRACEPOINT,
        insns=(*insns, *total, *FOLD),
    )


def load(chance: random.Random, register: Reg) -> Insn:
    value = chance.choice((*EDGES, chance.getrandbits(64))) & ((1 << 64) - 1)
    return Insn(LD_IMM64, register, Reg.R0, 0, value)


@pytest.mark.parametrize("seed", range(12))
def test_arithmetic(seed: int, kernel: LiveKernel) -> None:
    """Signed division and swaps of registers are instructions since then."""
    skip_before(6, 6)
    agree(arithmetic(seed), kernel)


@pytest.mark.parametrize("seed", range(6))
def test_compiled_functions(seed: int, kernel: LiveKernel) -> None:
    """With 8-byte accesses, which every verifier follows on the stack."""
    generated = generate(optimize(random_func(seed, 30, widths=(8,), subprograms=seed % 3)))
    spec = ProgramSpec(
        name="random",
        type=ProgType.RAW_TRACEPOINT,
        insns=generated.insns,
        spans=generated.spans,
        functions=generated.functions,
    )
    agree(spec, kernel, CONTEXT)


@pytest.mark.parametrize(
    "text",
    [
        "r6 = r1\nr0 = *(u16 *)skb[12]\nexit",
        "r6 = r1\nr7 = 10\nr0 = *(u32 *)skb[r7 + 8]\nexit",
        "r6 = r1\nr0 = *(u32 *)skb[77]\nr0 += 1\nexit",
    ],
)
def test_packet_loads(text: str, kernel: LiveKernel) -> None:
    """A socket filter sees the packet from behind its Ethernet header on."""
    spec = ProgramSpec(name="filter", type=ProgType.SOCKET_FILTER, insns=parse_listing(text))
    with load_program(spec, {}, kernel) as program:
        got = program.test_run(data=PACKET).retval
    assert got == Machine(spec).run(PACKET[14:]).r0


def update(kind: MapType, flags: int) -> tuple[ProgramSpec, MapSpec]:
    """Updates one key with `flags`: what the helper answers."""
    text = f"""
        *(u32 *)(r10 -4) = 1
        *(u64 *)(r10 -16) = 5
        r1 = map[fd:0]
        r2 = r10
        r2 += -4
        r3 = r10
        r3 += -16
        r4 = {flags}
        call 2
        exit"""
    spec = ProgramSpec(
        name="update",
        type=ProgType.RAW_TRACEPOINT,
        insns=parse_listing(text),
        map_refs=((2, "m"),),
    )
    return spec, MapSpec(name="m", type=kind, key_size=4, value_size=8, max_entries=2)


def fill(map_: Map | VmMap, state: str) -> None:
    """Bring a map into a state: `there` has the key, `full` has others only."""
    for number in {"empty": (), "there": (1,), "full": (7, 8)}[state]:
        key, value = number.to_bytes(4, "little"), bytes(8)
        if isinstance(map_, Map):
            map_.put(key, value)
        else:
            map_.update(key, value)


@pytest.mark.parametrize("flags", [0, 1, 2, 3])
@pytest.mark.parametrize(
    ("kind", "state"),
    [
        (MapType.HASH, "empty"),
        (MapType.HASH, "there"),
        (MapType.HASH, "full"),
        (MapType.ARRAY, "empty"),
    ],
)
def test_what_an_update_answers(kind: MapType, state: str, flags: int, kernel: LiveKernel) -> None:
    spec, map_spec = update(kind, flags)
    ours = create_map(map_spec)
    fill(ours, state)
    with Map.create(kernel, map_spec) as theirs:
        fill(theirs, state)
        with load_program(spec, {"m": theirs}, kernel) as program:
            want = program.test_run(ctx=bytes(8)).retval
        key = (1).to_bytes(4, "little")
        assert Machine(spec, {"m": ours}).run().r0 & 0xFFFF_FFFF == want
        if key in theirs:
            assert ours.value(key) == theirs.get(key)
        else:
            assert ours.lookup(key) is None


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("old", "new"), [(8, 8), (0, 12), (12, 0), (4, 16)])
def test_check_sum_differences(old: int, new: int, seed: int, kernel: LiveKernel) -> None:
    """Compared as the 16 bits that a header gets, which every kernel agrees about."""
    chance = random.Random(seed)
    stored = "\n".join(
        f"*(u32 *)(r10 -{4 * one}) = {chance.randint(-(1 << 31), (1 << 31) - 1)}"
        for one in range(1, 9)
    )
    text = f"""
        {stored}
        r1 = r10
        r1 += -32
        r2 = {old}
        r3 = r10
        r3 += -16
        r4 = {new}
        w5 = {chance.randint(0, 0xFFFF)}
        call 28
        r1 = r0
        w1 >>= 16
        w0 &= 65535
        w0 += w1
        r1 = r0
        w1 >>= 16
        w0 &= 65535
        w0 += w1
        exit"""
    insns = parse_listing(text)
    spec = ProgramSpec(name="sums", type=ProgType.SCHED_CLS, insns=insns)
    with load_program(spec, {}, kernel) as program:
        assert program.test_run(data=PACKET).retval == Machine(spec).run().r0
