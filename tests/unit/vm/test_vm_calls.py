"""Calls, callbacks, tail calls, the budget, hooks, and programs that are refused."""

from __future__ import annotations

from collections import Counter

import pytest

from seismo.base.dataclass import replace
from seismo.isa.encode import encode
from seismo.isa.errors import DecodeError, FlowError
from seismo.isa.insn import Insn, Reg
from seismo.isa.map_types import MapType
from seismo.isa.parse import parse_listing
from seismo.isa.prog_types import ProgType
from seismo.spec.types import MapSpec, ProgramSpec
from seismo.vm.callx import CALLX
from seismo.vm.errors import BadProgram, Fault, OutOfSteps
from seismo.vm.hooks import Change, Counts, Trace, Watch
from seismo.vm.machine import Engine, Machine
from seismo.vm.maps.create import create_map
from seismo.vm.maps.references import ProgramMap
from seismo.vm.memory import Memory
from seismo.vm.program import read_program
from vm_engines import EACH_ENGINE

SQUARES = """
r6 = 3
r1 = 5
call pc+4
r6 += r0
r0 = r6
exit
r0 = 0
r6 = r1
*(u64 *)(r10 -8) = r1
r0 = *(u64 *)(r10 -8)
r0 *= r6
exit
"""


@EACH_ENGINE
def test_a_function_has_a_frame_and_registers_of_its_own(engine: Engine) -> None:
    insns = parse_listing(SQUARES.replace("call pc+4", "call pc+3"))
    assert Machine(insns, engine=engine).run().r0 == 28


RECURSION = (
    "r1 = {}\ncall pc+1\nexit\nr0 = 0\nif r1 == 0x0 goto pc+3\nr1 += -1\ncall pc-4\nr0 += 1\nexit"
)


@EACH_ENGINE
def test_frames_are_eight_at_most(engine: Engine) -> None:
    machine = Machine(parse_listing(RECURSION.format(6)), engine=engine)
    assert machine.run().r0 == 6
    machine = Machine(parse_listing(RECURSION.format(7)), engine=engine)
    with pytest.raises(Fault, match="calls go deeper than 8 frames") as caught:
        machine.run()
    assert caught.value.index == 6
    assert machine.memory.regions == ()


@EACH_ENGINE
def test_bpf_loop_calls_back(engine: Engine) -> None:
    text = """
        r1 = 10
        r2 = subprog[+9]
        r3 = r10
        r3 += -8
        r4 = 0
        *(u64 *)(r10 -8) = 0
        call 181
        r1 = *(u64 *)(r10 -8)
        r0 <<= 8
        r0 += r1
        exit
        r3 = *(u64 *)(r2 +0)
        r3 += r1
        *(u64 *)(r2 +0) = r3
        r0 = 0
        if r1 != 0x6 goto pc+1
        r0 = 1
        exit"""
    insns = list(parse_listing(text))
    at = 11
    insns[1] = replace(insns[1], imm=at + 1 - 2)  # its target is a slot, and it takes two
    machine = Machine(insns, engine=engine)
    assert machine.run().r0 == 7 << 8 | 21


def callx(register: Reg) -> Insn:
    return Insn(CALLX, register, Reg.R0)


@EACH_ENGINE
def test_a_call_by_register(engine: Engine) -> None:
    text = "r1 = 20\nr2 = subprog[+3]\nexit\nexit\nr0 = r1\nr0 += 1\nexit"
    insns = list(parse_listing(text))
    insns[2] = callx(Reg.R2)
    assert Machine(insns, engine=engine).run().r0 == 21
    helpers = {77: lambda _run, a, _b, _c, _d, _e: a - 21}
    number = [*parse_listing("r1 = 20\nr7 = 77"), callx(Reg.R7), *parse_listing("exit")]
    assert Machine(number, helpers=helpers, engine=engine).run().r0 == (1 << 64) - 1
    with pytest.raises(Fault, match="this machine has no helper bpf_get_stack#67"):
        Machine(
            [*parse_listing("r1 = 67"), callx(Reg.R1), *parse_listing("exit")],
            helpers={},
            engine=engine,
        ).run()


def test_a_call_by_register_in_bytes() -> None:
    """Its register is in `dst`, or as older compilers have it in `imm`."""
    new, old = bytes.fromhex("8d07000000000000"), bytes.fromhex("8d00000007000000")
    assert read_program(new, "little") == read_program(old, "little") == (callx(Reg.R7),)
    assert read_program(bytes.fromhex("8d70000000000000"), "big") == (callx(Reg.R7),)
    for wrong in ("8d07000007000000", "8d0b000000000000", "8d17000000000000", "8d000000ff000000"):
        with pytest.raises(DecodeError, match="unknown opcode 0x8d"):
            read_program(bytes.fromhex(wrong), "little")


@EACH_ENGINE
def test_a_call_of_a_helper_that_is_missing(engine: Engine) -> None:
    machine = Machine(parse_listing("call 5\nexit"), helpers={}, engine=engine)
    with pytest.raises(Fault) as caught:
        machine.run()
    text = "instruction 0 (call bpf_ktime_get_ns#5): this machine has no helper bpf_ktime_get_ns#5"
    assert str(caught.value) == text


def tail_caller(text: str, memory: Memory, maps: ProgramMap, engine: Engine) -> Machine:
    spec = ProgramSpec(
        name="caller", type=ProgType.KPROBE, insns=parse_listing(text), map_refs=((2, "next"),)
    )
    return Machine(spec, {"next": maps}, memory=memory, engine=engine)


@EACH_ENGINE
def test_tail_calls(engine: Engine) -> None:
    """The first program is at 0 and adds to what the context holds; at 1 is the last."""
    spec = MapSpec(name="next", type=MapType.PROG_ARRAY, key_size=4, value_size=4, max_entries=2)
    programs, memory = create_map(spec), Memory()
    assert isinstance(programs, ProgramMap)
    text = """
        lock *(u64 *)(r1 +0) += r3
        r3 = {}
        r2 = map[fd:0]
        call 12
        r0 = 99
        exit"""
    add = text.replace("lock *(u64 *)(r1 +0) += r3", "*(u8 *)(r1 +0) = 7")
    first = tail_caller(add.format(1), memory, programs, engine)
    assert first.run(bytes(8)).r0 == 99
    programs.put(1, Machine(parse_listing("r0 = *(u8 *)(r1 +0)\nexit"), memory=memory))
    assert first.run(bytes(8)).r0 == 7
    programs.put(1, Machine(parse_listing("r0 = 1\nexit")))
    with pytest.raises(Fault, match="whose memory is another"):
        first.run(bytes(8))


@EACH_ENGINE
def test_tail_calls_are_33_at_most(engine: Engine) -> None:
    spec = MapSpec(name="next", type=MapType.PROG_ARRAY, key_size=4, value_size=4, max_entries=1)
    programs, memory = create_map(spec), Memory()
    assert isinstance(programs, ProgramMap)
    text = """
        r6 = 1
        lock *(u64 *)(r1 +0) += r6
        r2 = map[fd:0]
        r6 = r1
        r3 = 0
        call 12
        r0 = *(u64 *)(r6 +0)
        exit"""
    machine = tail_caller(text, memory, programs, engine)
    programs.put(0, machine)
    assert machine.run(bytes(8)).r0 == 34


ENDLESS = "r0 = 0\nr0 += 1\ngoto pc-2"


@EACH_ENGINE
def test_the_budget_of_steps(engine: Engine) -> None:
    machine = Machine(parse_listing(ENDLESS), budget=1001, engine=engine)
    with pytest.raises(OutOfSteps, match=r"instruction 1 .*: the budget of steps is spent"):
        machine.run()
    enough = Machine(parse_listing("r0 = 1\nr0 = 2\nexit"), budget=3, engine=engine)
    assert enough.run().steps == 3


@EACH_ENGINE
def test_a_mistake_in_a_helper_is_no_fault_of_the_program(engine: Engine) -> None:
    machine = Machine(
        parse_listing("call 77\nexit"),
        helpers={77: lambda _run, _a, _b, _c, _d, _e: {}[0]},
        engine=engine,
    )
    with pytest.raises(KeyError):
        machine.run()


@EACH_ENGINE
def test_may_goto_falls_through_until_its_loops_are_spent(engine: Engine) -> None:
    text = "r0 = 0\nmay_goto pc+2\nr0 += 1\nif r0 != 0x64 goto pc-3\nexit"
    assert Machine(parse_listing(text), engine=engine).run().r0 == 100


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("r10 = 1\nexit", "r10 cannot be written"),
        ("r1 = 1\nr10 = atomic64_xchg((u64 *)(r1 +0), r10)\nexit", "r10 cannot be written"),
        ("r1 = addr_space_cast(r2, 0, 1)\nexit", "address spaces need an arena"),
        ("call kernel-function#7\nexit", "functions of the kernel are not there"),
        ("r1 = btf[id:3]\nexit", "there is no kernel whose variables"),
        ("r1 = map[fd:0]\nexit", "there is no map 0"),
        ("goto pc+5\nexit", "leads out of the program"),
    ],
)
def test_a_program_that_is_refused(text: str, why: str) -> None:
    with pytest.raises(BadProgram, match=why):
        Machine(parse_listing(text))


@pytest.mark.parametrize(
    ("insn", "why"),
    [
        (Insn(0x0F, Reg.R0, Reg.R0, 2), "off of opcode 0x0f must be 0, not 2"),
        (Insn(0xEF, Reg.R0, Reg.R0), "unknown opcode 0xef"),
        (Insn(0xDC, Reg.R0, Reg.R0, 0, 24), "imm of opcode 0xdc must be 16 or 32 or 64, not 24"),
        (Insn(0xDB, Reg.R10, Reg.R0, -8, 0x70), "imm of opcode 0xdb must be"),
        (Insn(0x61, Reg.R0, Reg.R1, 0, 1), "imm of opcode 0x61 must be 0, not 1"),
    ],
)
@EACH_ENGINE
def test_what_is_no_instruction_is_refused_also_where_it_is_dead(
    insn: Insn, why: str, engine: Engine
) -> None:
    insns = (*parse_listing("r0 = 0\nif r0 == 0x0 goto pc+1"), insn, *parse_listing("exit"))
    with pytest.raises(BadProgram, match=f"^instruction 2 .BUG_{insn.op:02x}.: {why}"):
        Machine(insns, engine=engine)


def test_a_call_by_register_is_shown_as_clang_writes_it() -> None:
    trace = Trace()
    with pytest.raises(Fault, match=r"^instruction 1 \(callx r3\): this machine has no helper"):
        Machine((*parse_listing("r3 = 65535"), Insn(CALLX, Reg.R3, Reg.R0)), hooks=(trace,)).run()
    assert trace.lines[1].startswith("   1: callx r3  ; r0=0x0 r3=0xffff")


def test_a_program_without_an_end() -> None:
    with pytest.raises(BadProgram, match="the program is empty"):
        Machine(())
    with pytest.raises(Fault, match="goes on past the end of the program"):
        Machine(parse_listing("r0 = 1")).run()
    with pytest.raises(FlowError):
        Machine(parse_listing("r0 = 1"), engine="translated")


def test_hooks_see_every_step() -> None:
    counts, trace = Counts(), Trace()
    text = "r0 = 2\nr0 += -1\nif r0 != 0x0 goto pc-2\nexit"
    Machine(parse_listing(text), hooks=(counts, trace)).run()
    assert counts.counts == Counter({0: 1, 1: 2, 2: 2, 3: 1})
    assert trace.lines[:2] == ["   0: r0 = 2  ; r0=0x0", "   1: r0 += -1  ; r0=0x2"]
    assert len(trace.lines) == 6


def test_a_watch_tells_who_changed_a_number() -> None:
    memory = Memory()
    region = memory.allocate(bytearray(4), "cell")
    watch = Watch(region.base, 4)
    text = "*(u32 *)(r1 +0) = 5\nr0 = 0\n*(u8 *)(r1 +1) = 1\nr0 = 0\nexit"
    Machine(parse_listing(text), memory=memory, hooks=(watch,)).run(region)
    assert watch.changes == [Change(0, 0, 5), Change(2, 5, 0x105)]


def test_the_bytes_of_a_program() -> None:
    insns = parse_listing("r1 = 0x123456789abcdef0\ncall pc+0\nexit")
    assert read_program(encode(insns, "little"), "little") == insns
