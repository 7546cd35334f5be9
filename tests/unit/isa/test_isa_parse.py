"""Where the parser stops, and what it says; listings with everything in them."""

from __future__ import annotations

import pytest

from seismo.base.errors import AsmError
from seismo.isa.insn import Insn, Reg
from seismo.isa.parse import parse_insn, parse_listing


@pytest.mark.parametrize(
    ("line", "column", "message"),
    [
        ("", 1, "expected an instruction's next part, found the end of the line"),
        ("r1 = r11", 6, "r11 is out of range: 0 to 10"),
        ("r1 +=", 6, "expected a decimal number or a register, found the end of the line"),
        ("r1 += 0x5", 7, "expected a decimal number or a register, found '0x5'"),
        ("r1 += r2 r3", 10, "expected the end of the line, found 'r3'"),
        ("r1 += w2", 7, "expected a decimal number or a register, found 'w2'"),
        ("r1 += 4294967296", 7, "4294967296 is out of range: -2147483648 to 2147483647"),
        ("if r1 == 5 goto pc+1", 10, "expected a hexadecimal number or a register, found '5'"),
        ("if r1 == r2 goto x", 18, "expected 'pc', found 'x'"),
        ("if r1 == r2 goto pc5", 18, "expected 'pc', found 'pc5'"),
        ("goto pc+32768", 8, "+32768 is out of range: -32768 to 32767"),
        ("r1 = *(u64 *)(r2 8)", 18, "expected an offset with its sign, found '8'"),
        ("r1 = *(s64 *)(r2 +8)", 8, "expected an instruction's next part, found 's64'"),
        ("r3 = atomic64_xchg((u64 *)(r1 +0), r2)", 36, "expected r3, found 'r2'"),
        ("r1 = -r2", 7, "expected r1, found 'r2'"),
        ("call bpf_map_lookup_elem#2", 26, "bpf_map_lookup_elem has the number 1"),
        ("r1 = map[fd:1][0]-8", 18, "-8 is out of range: 0 to 4294967295"),
    ],
)
def test_the_column_of_the_first_bad_token(line: str, column: int, message: str) -> None:
    with pytest.raises(AsmError) as caught:
        parse_insn(line)
    assert (caught.value.column, caught.value.message) == (column, message)
    assert str(caught.value) == f"{message}\n    {line}\n    {' ' * (column - 1)}^"


@pytest.mark.parametrize(
    ("line", "insn"),
    [
        ("call bpf_map_lookup_elem#1", Insn(0x85, Reg.R0, Reg.R0, 0, 1)),
        ("call unknown#9999", Insn(0x85, Reg.R0, Reg.R0, 0, 9999)),
        ("call bpf_task_acquire#9999", Insn(0x85, Reg.R0, Reg.R2, 0, 9999)),
        ("  r1=r2 ", Insn(0xBF, Reg.R1, Reg.R2)),
    ],
)
def test_names_and_blanks(line: str, insn: Insn) -> None:
    assert parse_insn(line) == insn


def test_a_piece_of_the_verifier_s_log() -> None:
    text = """
; int x = 1; @ prog.c:12
   0: (18) r1 = 0x7                      ; R1_w=7
L1:
   2: (85) call bpf_ktime_get_ns#5       ; R0_w=scalar()
   3: (6d) if r1 s> r0 goto pc-2 <L1>
   4: (2d) if r1 > r2 goto pc+0
r0 = 0
   6: (95) exit
"""
    assert [str(insn) for insn in parse_listing(text)] == [
        "r1 = 0x7",
        "call 5",
        "if r1 s> r0 goto pc-2",
        "if r1 > r2 goto pc+0",
        "r0 = 0",
        "exit",
    ]


@pytest.mark.parametrize(
    ("text", "message", "column"),
    [
        ("0: (95) exit\n2: (95) exit", "this is slot 1, not 2", 1),
        ("  0: (85) exit", "the opcode is 95, not 85", 7),
        ("  0: (95) exit now", "expected the end of the line, found 'now'", 16),
    ],
)
def test_a_listing_that_contradicts_itself(text: str, message: str, column: int) -> None:
    with pytest.raises(AsmError) as caught:
        parse_listing(text)
    assert (caught.value.message, caught.value.column) == (message, column)
