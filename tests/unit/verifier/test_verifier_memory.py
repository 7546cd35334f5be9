"""What programs may read and write: the stack, map values, the packet, the context."""

from __future__ import annotations

import pytest
from verifier_programs import MAPS, Writer, accepted, refused

from seismo.isa.insn import Reg
from seismo.isa.opcode import AluOp, AtomicOp, JumpOp
from seismo.isa.prog_types import ProgType
from seismo.verifier.check import Options, verify
from seismo.verifier.rules import Rule

R0, R1, R2, R3, R4, R5, R6, R7, R8, R9, R10 = Reg


def test_a_register_must_be_written_first() -> None:
    program = Writer()
    program.mov(R0, R7)
    program.exit()
    verdict = refused(program, Rule.READ, "R7 !read_ok")
    assert verdict.complaint is not None
    assert (verdict.complaint.index, verdict.complaint.path) == (0, (0,))


@pytest.mark.parametrize("offset", [0, -4, -516, -520])
def test_the_stack_has_512_bytes_below_r10(offset: int) -> None:
    program = Writer()
    program.store(R10, offset, 1, 8)
    program.ends()
    refused(program, Rule.BOUNDS, "invalid access to stack R10")


def test_stack_accesses_are_aligned() -> None:
    program = Writer()
    program.store(R10, -12, 1, 8)
    program.ends()
    refused(program, Rule.ALIGNMENT, "misaligned stack access")


def test_unwritten_stack_is_refused_only_if_asked() -> None:
    program = Writer()
    program.load(R0, R10, -8, 8)
    program.exit()
    assert accepted(program).stack == 16
    verdict = program.verdict(Options(allows_unwritten_stack=False))
    assert verdict.complaint is not None
    assert verdict.complaint.message == "invalid read from stack off -8+0 size 8"


@pytest.mark.parametrize(
    ("offset", "size", "is_fine"), [(0, 8, True), (40, 8, True), (41, 8, False), (-1, 1, False)]
)
def test_map_values_have_bounds(offset: int, size: int, is_fine: bool) -> None:
    program = Writer()
    program.look_up()
    program.load(R1, R0, offset, size)
    program.ends()
    if is_fine:
        accepted(program)
    else:
        refused(program, Rule.BOUNDS, f"value_size=48 off={offset} size={size}")


@pytest.mark.parametrize(("bound", "is_fine"), [(40, True), (41, False)])
def test_a_variable_offset_is_compared_first(bound: int, is_fine: bool) -> None:
    program = Writer()
    program.look_up()
    done = program.label()
    program.load(R1, R0, 0, 8)
    program.jump_if(JumpOp.JGT, R1, bound, done)
    program.alu(AluOp.ADD, R0, R1)
    program.store(R0, 0, 0, 8)
    program.bind(done)
    program.ends()
    if is_fine:
        accepted(program)
    else:
        refused(program, Rule.BOUNDS, "R0 max value is outside")


def test_what_a_copy_is_compared_with_holds_for_the_other() -> None:
    program = Writer()
    program.look_up()
    done = program.label()
    program.load(R1, R0, 0, 8)
    program.mov(R2, R1)
    program.store(R10, -16, R1, 8)
    program.jump_if(JumpOp.JGT, R2, 40, done)
    program.load(R3, R10, -16, 8)
    program.alu(AluOp.ADD, R0, R3)
    program.load(R4, R0, 0, 8)
    program.bind(done)
    program.ends()
    accepted(program)


def test_a_sign_extended_move_is_no_bound() -> None:
    """CVE-2017-16995: a 32-bit -1 compared with a 64-bit one is not equal, so this path is live."""
    program = Writer()
    safe = program.label()
    program.mov(R1, -1, 32)
    program.jump_if(JumpOp.JEQ, R1, -1, safe)
    program.load(R0, R7, 0, 8)
    program.bind(safe)
    program.ends()
    refused(program, Rule.READ, "R7 !read_ok")


def test_a_value_may_be_missing() -> None:
    program = Writer()
    program.look_up(is_checked=False)
    program.load(R1, R0, 0, 8)
    program.ends()
    verdict = refused(program, Rule.NULL, "R0 invalid mem access 'map_value_or_null'")
    assert verdict.complaint is not None
    assert "compare r0 with 0" in verdict.complaint.hint
    assert "R0=map_value_or_null(id=1,map=array,size=48)" in verdict.complaint.registers


def test_an_array_has_the_keys_below_its_size() -> None:
    program = Writer()
    program.look_up(key=0, is_checked=False)
    program.load(R1, R0, 0, 8)
    program.ends()
    accepted(program)


def test_a_map_that_programs_only_read() -> None:
    program = Writer()
    program.look_up("sealed")
    program.store(R0, 0, 1, 8)
    program.ends()
    refused(program, Rule.BOUNDS, "write into map forbidden, map=sealed")


@pytest.mark.parametrize(("needed", "is_fine"), [(14, True), (13, False)])
def test_a_packet_is_as_long_as_was_compared(needed: int, is_fine: bool) -> None:
    program = Writer(ProgType.XDP)
    short = program.label()
    program.load(R2, R1, 0, 4)
    program.load(R3, R1, 4, 4)
    program.mov(R4, R2)
    program.alu(AluOp.ADD, R4, needed)
    program.jump_if(JumpOp.JGT, R4, R3, short)
    program.load(R0, R2, 12, 2)
    program.bind(short)
    program.ends(2)
    if is_fine:
        accepted(program)
    else:
        refused(program, Rule.BOUNDS, "invalid access to packet, off=12 size=2")


def test_the_packet_moves_when_its_head_does() -> None:
    program = Writer(ProgType.XDP)
    program.mov(R6, R1)
    program.load(R7, R1, 0, 4)
    program.mov(R2, 8)
    program.helper("xdp_adjust_head")
    program.load(R0, R7, 0, 1)
    program.exit()
    refused(program, Rule.BOUNDS, "R7 invalid mem access 'scalar'")


@pytest.mark.parametrize(
    ("kind", "offset", "size", "is_fine"),
    [
        (ProgType.RAW_TRACEPOINT, 88, 8, True),
        (ProgType.RAW_TRACEPOINT, 96, 8, False),
        (ProgType.XDP, 12, 4, True),
        (ProgType.XDP, 12, 2, False),
        (ProgType.SOCKET_FILTER, 0, 1, True),
        (ProgType.SOCKET_FILTER, 76, 4, False),
        (ProgType.SCHED_CLS, 76, 4, True),
        (ProgType.TRACEPOINT, 0, 8, False),
        (ProgType.TRACEPOINT, 8, 8, True),
        (ProgType.KPROBE, 160, 8, True),
        (ProgType.KPROBE, 168, 8, False),
        (ProgType.PERF_EVENT, 168, 8, True),
    ],
)
def test_each_program_type_has_a_context_of_its_own(
    kind: ProgType, offset: int, size: int, is_fine: bool
) -> None:
    program = Writer(kind)
    program.load(R2, R1, offset, size)
    program.ends()
    if is_fine:
        accepted(program)
    else:
        refused(program, Rule.CONTEXT, f"invalid bpf_context access off={offset} size={size}")


def test_a_changed_context_pointer_is_not_followed() -> None:
    program = Writer()
    program.alu(AluOp.ADD, R1, 8)
    program.load(R0, R1, 0, 8)
    program.exit()
    refused(program, Rule.CONTEXT, "dereference of modified ctx ptr R1 off=8")


def test_spilled_pointers_come_back_whole() -> None:
    program = Writer()
    program.store(R10, -8, R1, 8)
    program.load(R2, R10, -8, 8)
    program.load(R0, R2, 0, 8)
    program.exit()
    accepted(program)
    program = Writer()
    program.store(R10, -8, R1, 8)
    program.load(R0, R10, -8, 4)
    program.exit()
    refused(program, Rule.BOUNDS, "invalid size of register fill")


def test_an_overwritten_spill_is_a_number() -> None:
    program = Writer()
    program.store(R10, -8, R1, 8)
    program.store(R10, -5, 1, 1)
    program.load(R2, R10, -8, 8)
    program.load(R0, R2, 0, 8)
    program.exit()
    refused(program, Rule.BOUNDS, "R2 invalid mem access 'scalar'")


def test_atomics_change_what_they_point_to() -> None:
    program = Writer()
    program.look_up()
    program.mov(R1, 1)
    program.atomic(AtomicOp.ADD, R0, 8, R1, 8, fetch=True)
    program.ends()
    accepted(program)
    program = Writer()
    program.mov(R2, 1)
    program.atomic(AtomicOp.ADD, R1, 8, R2, 8)
    program.ends()
    refused(program, Rule.BOUNDS, "BPF_ATOMIC stores into R1 ctx is not allowed")


def test_a_map_that_nobody_names() -> None:
    program = Writer()
    program.map(R1, "other")
    program.ends()
    refused(program, Rule.INSTRUCTION, "is not pointing to valid bpf_map")


def test_alignment_is_asked_for() -> None:
    program = Writer()
    program.look_up()
    program.load(R1, R0, 1, 8)
    program.ends()
    accepted(program)
    verdict = verify(program.spec(), MAPS, options=Options(strict_alignment=True))
    assert verdict.complaint is not None
    assert verdict.complaint.rule is Rule.ALIGNMENT
