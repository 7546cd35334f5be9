"""Classic BPF as eBPF: the instructions, and what eBPF cannot do."""

from __future__ import annotations

import pytest

from seismo.base.source import Source
from seismo.cbpf.asm import assemble
from seismo.cbpf.errors import BadProgram, NoTranslation
from seismo.cbpf.translate import socket_filter, translate
from seismo.isa.format import format_insn
from seismo.isa.prog_types import ProgType

PROLOGUE = ["w0 = 0", "w7 = 0", "r6 = r1"]


def translated(text: str) -> list[str]:
    """The lines behind the prologue."""
    lines = [format_insn(one) for one in translate(assemble(Source("stdin", text)))]
    assert lines[:3] == PROLOGUE
    return lines[3:]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("ldh [12]\nret a", ["r0 = *(u16 *)skb[12]", "exit"]),
        ("ldb [x + 2]\nret a", ["r0 = *(u8 *)skb[r7 + 2]", "exit"]),
        ("ret #-1", ["w0 = -1", "exit"]),
        ("ld len\nret a", ["r0 = *(u32 *)(r6 +0)", "exit"]),
        ("st M[0]\nldx M[0]\nret a", ["*(u32 *)(r10 -64) = r0", "r7 = *(u32 *)(r10 -64)", "exit"]),
        ("stx M[15]\nret a", ["*(u32 *)(r10 -4) = r7", "exit"]),
        ("tax\ntxa\nret a", ["r7 = r0", "r0 = r7", "exit"]),
        ("neg\nsub x\nrsh #3\nret a", ["w0 = -w0", "w0 -= w7", "w0 >>= 3", "exit"]),
        ("div x\nret a", ["if r7 != 0x0 goto pc+2", "w0 = 0", "exit", "w0 /= w7", "exit"]),
        ("ld proto\nret a", ["r0 = *(u32 *)(r6 +16)", "r0 = be16 r0", "exit"]),
        ("ld rand\nret a", ["call bpf_get_prandom_u32#7", "exit"]),
        (
            "ldxb 4*([14]&0xf)\nret a",
            [
                "r8 = r0",
                "r0 = *(u8 *)skb[14]",
                "w0 &= 15",
                "w0 <<= 2",
                "r7 = r0",
                "r0 = r8",
                "exit",
            ],
        ),
    ],
)
def test_what_becomes_of_instructions(text: str, lines: list[str]) -> None:
    assert translated(text) == lines


@pytest.mark.parametrize(
    ("jump", "lines"),
    [
        ("jeq #1, 1, 2", ["if r0 != 0x1 goto pc+1"]),
        ("jeq #1, 2, 1", ["if r0 == 0x1 goto pc+1"]),
        ("jset #1, 1, 2", ["if r0 & 0x1 goto pc+1", "goto pc+1"]),
        ("jgt x, 1, 2", ["if r0 <= r7 goto pc+1"]),
        ("jge #-1, 1, 2", ["w2 = -1", "if r0 < r2 goto pc+1"]),
        ("ja 1", ["goto pc+0"]),
        ("jeq #1, 1, 1", []),
    ],
)
def test_what_becomes_of_jumps(jump: str, lines: list[str]) -> None:
    assert translated(f"{jump}\ntax\nret a") == [*lines, "r7 = r0", "exit"]


def test_what_nothing_goes_to_is_left_out() -> None:
    assert translated("ret #1\ntax\nret a") == ["w0 = 1", "exit"]


def test_the_program_to_load() -> None:
    spec = socket_filter(assemble(Source("stdin", "ret #1")), "one")
    assert (spec.name, spec.type, len(spec.insns)) == ("one", ProgType.SOCKET_FILTER, 5)


def test_what_has_no_translation() -> None:
    with pytest.raises(NoTranslation, match="instruction 1: SKF_AD_NLATTR has no counterpart"):
        translated("tax\nld nla\nret a")
    with pytest.raises(BadProgram, match="does not return"):
        translated("tax")
