"""The machine of classic BPF: each instruction, and what ends a program."""

from __future__ import annotations

import pytest

from seismo.base.source import Source
from seismo.cbpf.asm import assemble
from seismo.cbpf.insn import Ancillary
from seismo.cbpf.interpreter import SKF_LL_OFF, SKF_NET_OFF, Packet, run

DATA = bytes(range(1, 33))
WHOLE = Packet(DATA)
REJECTED = 0


def result(text: str, packet: Packet = WHOLE) -> int:
    return run(assemble(Source("stdin", text)), packet)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("ld [0]\nret a", 0x01020304),
        ("ldh [1]\nret a", 0x0203),
        ("ldb [31]\nret a", 32),
        ("ldx #4\nldh [x + 2]\nret a", 0x0708),
        ("ldxb 4*([14]&0xf)\ntxa\nret a", 60),
        ("ld #pktlen\nret a", 32),
        ("ldx len\ntxa\nret a", 32),
        ("ld #7\nst M[15]\nldx M[15]\nld #0\ntxa\nret a", 7),
        ("ldx #9\nstx M[0]\nld M[0]\nret a", 9),
        ("ld #1\nsub #2\nret a", 0xFFFFFFFF),
        ("ld #1\nneg\nret a", 0xFFFFFFFF),
        ("ld #0x80000000\nmul #2\nret a", 0),
        ("ld #17\nldx #5\ndiv x\nret a", 3),
        ("ld #17\nmod #5\nret a", 2),
        ("ld #1\nldx #33\nlsh x\nret a", 2),
        ("ld #0x80000000\nrsh #31\nret a", 1),
        ("ld #12\nxor #10\nand #7\nor #8\nret a", 14),
        ("ld #0xffffffff\njgt #5, yes\nret #1\nyes: ret #2", 2),
        ("ld #5\njge #5, yes\nret #1\nyes: ret #2", 2),
        ("ld #5\njset #2, yes\nret #1\nyes: ret #2", 1),
        ("ld #5\ntax\njeq x, yes\nret #1\nyes: ret #2", 2),
        ("ja end\nret #1\nend: ret #-1", 0xFFFFFFFF),
        ("ldx #0xffffffff\nldb [x + 3]\nret a", 3),
        ("ret a", 0),
    ],
)
def test_what_instructions_do(text: str, value: int) -> None:
    assert result(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "ld [29]\nret #1",
        "ldh [31]\nret #1",
        "ldb [32]\nret #1",
        "ldx #32\nldb [x + 0]\nret #1",
        "ldx #0xffffffff\nldb [x + 0]\nret #1",
        "ldxb 4*([32]&0xf)\nret #1",
        "div x\nret #1",
        "mod x\nret #1",
    ],
)
def test_what_rejects_the_packet(text: str) -> None:
    assert result(text) == REJECTED


def test_lengths_differ_when_a_packet_was_cut() -> None:
    cut = Packet(DATA[:4], length=1500)
    assert result("ld #pktlen\nret a", cut) == 1500
    assert result("ldb [4]\nret #1", cut) == REJECTED


def test_loads_relative_to_headers() -> None:
    packet = Packet(DATA, network_offset=10)
    assert result(f"ldb [{SKF_NET_OFF + 1}]\nret a", packet) == DATA[11]
    assert result(f"ldh [{SKF_LL_OFF + 1}]\nret a", packet) == 0x0203
    assert result(f"ldb [{SKF_NET_OFF + 22}]\nret #1", packet) == REJECTED


def test_what_a_packet_does_not_contain() -> None:
    packet = Packet(DATA, ancillary={Ancillary.PKTTYPE: 4, Ancillary.MARK: -1})
    assert result("ld type\nret a", packet) == 4
    assert result("ld mark\nret a", packet) == 0xFFFFFFFF
    assert result("ld cpu\nret a", packet) == 0
    xor = f"ldx #3\nld #5\nldb [{-0x1000 + Ancillary.XOR_X}]\nret a"
    assert result(xor, packet) == 6
