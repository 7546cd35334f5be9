"""What would make a refused program pass; and that it does."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from verifier_programs import Writer, accepted

from seismo.isa.insn import Reg
from seismo.isa.opcode import AluOp, JumpOp
from seismo.isa.parse import parse_listing
from seismo.isa.prog_types import ProgType
from seismo.verifier.advice import ADVICE
from seismo.verifier.origin import origin_of, step_of
from seismo.verifier.rules import Rule

R0, R1, R2, R3, R4, R5, R6, R7, R8, R9, R10 = Reg


def advice(program: Writer) -> str:
    verdict = program.verdict()
    assert verdict.complaint is not None, str(verdict)
    return verdict.complaint.hint


def test_every_rule_has_advice() -> None:
    assert set(ADVICE) == set(Rule)
    assert all(one.general for one in ADVICE.values())


def test_a_missing_comparison_with_null_names_the_call() -> None:
    pen = Writer()
    pen.look_up(is_checked=False)
    pen.mov(R6, R0)
    pen.load(R1, R6, 8, 8)
    pen.ends()
    assert advice(pen) == (
        "compare r6 with 0 before r1 = *(u64 *)(r6 +8), and go on only where it differs: "
        "bpf_map_lookup_elem (instruction 5) may give NULL"
    )


def indexed(bound: Callable[[Writer], None]) -> Writer:
    """Four bytes of a value of 48, behind its first eight, at an index of which `bound` says."""
    pen = Writer()
    pen.helper("get_prandom_u32")
    pen.mov(R7, R0)
    pen.look_up()
    bound(pen)
    pen.alu(AluOp.ADD, R0, R7)
    pen.load(R1, R0, 8, 4)
    pen.ends()
    return pen


def at_most(most: int) -> Callable[[Writer], None]:
    def write(pen: Writer) -> None:
        over = pen.label()
        pen.jump_if(JumpOp.JLE, R7, most, over)
        pen.ends()
        pen.bind(over)

    return write


def masked(mask: int) -> Callable[[Writer], None]:
    return lambda pen: pen.alu(AluOp.AND, R7, mask)


def test_an_index_that_is_too_large_is_told_its_bound() -> None:
    text = advice(indexed(at_most(99)))
    assert text == (
        "r7 may be 0 to 99, and the value of map 'array' has 48 bytes: "
        "add `if r7 <= 36` (unsigned), or `r7 &= 31`"
    )


@pytest.mark.parametrize("bound", [at_most(36), masked(31)])
def test_what_is_advised_is_accepted(bound: Callable[[Writer], None]) -> None:
    accepted(indexed(bound))


def test_one_more_than_advised_is_refused() -> None:
    assert "add `if r7 <= 36`" in advice(indexed(at_most(37)))


def test_an_index_that_may_be_negative() -> None:
    pen = Writer()
    pen.look_up()
    pen.mov(R6, R0)
    pen.helper("get_prandom_u32")
    pen.alu(AluOp.AND, R0, 7)
    pen.alu(AluOp.SUB, R0, 4)
    pen.alu(AluOp.ADD, R6, R0)
    pen.load(R1, R6, 0, 1)
    pen.ends()
    assert advice(pen) == (
        "r0 may be -4 to 3, and the value of map 'array' has 48 bytes: "
        "add `if r0 >= 0`, or compare it unsigned"
    )


def test_a_fixed_offset_is_told_how_far_the_value_reaches() -> None:
    pen = Writer()
    pen.look_up()
    pen.load(R1, R0, 44, 8)
    pen.ends()
    assert advice(pen) == (
        "the value of map 'array' has 48 bytes: the offset here may be 40 at most"
    )


def test_a_number_that_is_followed_was_loaded() -> None:
    pen = Writer()
    pen.load(R6, R1, 0, 8)
    pen.store(R10, -8, R6, 8)
    pen.load(R7, R10, -8, 8)
    pen.load(R0, R7, 0, 8)
    pen.ends()
    assert advice(pen) == (
        "r7 was loaded from memory by instruction 0 (r6 = *(u64 *)(r1 +0)): "
        "read what it points to by bpf_probe_read_kernel, or bpf_probe_read_user"
    )


def test_a_number_that_a_call_gave() -> None:
    pen = Writer()
    pen.helper("ktime_get_ns")
    pen.load(R0, R0, 0, 8)
    pen.ends()
    assert advice(pen) == (
        "r0 is the number that bpf_ktime_get_ns (instruction 0) gave; only pointers can be followed"
    )


def test_a_packet_is_compared_with_its_end() -> None:
    pen = Writer(ProgType.XDP)
    pen.load(R2, R1, 0, 4)
    pen.load(R3, R2, 12, 2)
    pen.ends()
    assert advice(pen) == (
        "14 bytes of the packet are needed, and none is checked: "
        "go on only `if data + 14 <= data_end`, compared on the pointer that is used"
    )


def test_a_register_that_a_call_took_away() -> None:
    pen = Writer()
    pen.helper("ktime_get_ns")
    pen.load(R0, R1, 0, 8)
    pen.ends()
    assert advice(pen) == (
        "keep it in r6 to r9: bpf_ktime_get_ns (instruction 0) leaves r1 to r5 unknown"
    )


def test_a_record_that_is_never_sent() -> None:
    pen = Writer()
    pen.map(R1, "ring")
    pen.mov(R2, 8)
    pen.mov(R3, 0)
    pen.helper("ringbuf_reserve")
    pen.ends()
    assert advice(pen) == (
        "on this path what bpf_ringbuf_reserve (instruction 4) gave is still held: "
        "call bpf_ringbuf_submit or bpf_ringbuf_discard before"
    )


def test_an_amount_without_bounds() -> None:
    pen = Writer()
    pen.load(R6, R1, 0, 8)
    pen.look_up()
    pen.alu(AluOp.ADD, R0, R6)
    pen.load(R1, R0, 0, 1)
    pen.ends()
    assert advice(pen) == (
        "r6 may be any number: bound it before it is added, `if r6 < N` (unsigned) or `r6 &= N`"
    )


def test_a_size_without_bounds() -> None:
    pen = Writer()
    pen.load(R6, R1, 0, 8)
    pen.mov(R1, R10)
    pen.alu(AluOp.ADD, R1, -16)
    pen.mov(R2, R6)
    pen.mov(R3, 0)
    pen.helper("probe_read_kernel")
    pen.ends()
    assert advice(pen) == (
        "r2 may be any number: bound it before bpf_probe_read_kernel, "
        "`if r2 <= N` (unsigned) or `r2 &= N`"
    )


def test_origins_follow_copies_and_spills() -> None:
    insns = parse_listing(
        """r0 = *(u64 *)(r1 +16)
        *(u64 *)(r10 -8) = r0
        r0 = 0
        r2 = *(u64 *)(r10 -8)
        r3 = r2
        r3 += r0
        exit"""
    )
    path = range(7)
    found = origin_of(insns, path[:6], R2)
    assert found is not None
    assert (found.index, found.insn) == (0, insns[0])
    assert origin_of(insns, path, R1) is None
    assert step_of(insns, path, R3) is R0
    assert step_of(insns, path, R2) is None
