"""Every instruction of classic BPF as tcpdump writes it: its mnemonic and its operand.

In an operand `{d}` stands for k as a signed number, `{x}` for k in hexadecimal. What tcpdump knows
no name for, and the kernel has, is written as `bpf_asm` takes it.
"""

from __future__ import annotations

from collections.abc import Iterator

from seismo.base.dataclass import dataclass
from seismo.cbpf.insn import ALU_OPS, JUMP_OPS, Ancillary, Code
from seismo.isa.opcode import AluOp, Class, Source

__all__ = ("ANCILLARY_NAMES", "FORMS", "PACKET_SIZES", "SKF_AD_OFF", "Form")

SKF_AD_OFF = (1 << 32) - 0x1000
"""-0x1000 as k has it: packet loads from here on ask for what is no part of the packet."""

ANCILLARY_NAMES = {
    "proto": Ancillary.PROTOCOL,
    "type": Ancillary.PKTTYPE,
    "ifidx": Ancillary.IFINDEX,
    "nla": Ancillary.NLATTR,
    "nlan": Ancillary.NLATTR_NEST,
    "mark": Ancillary.MARK,
    "queue": Ancillary.QUEUE,
    "hatype": Ancillary.HATYPE,
    "rxhash": Ancillary.RXHASH,
    "cpu": Ancillary.CPU,
    "vlan_tci": Ancillary.VLAN_TAG,
    "vlan_pr": Ancillary.VLAN_TAG_PRESENT,
    "poff": Ancillary.PAY_OFFSET,
    "rand": Ancillary.RANDOM,
    "vlan_tpid": Ancillary.VLAN_TPID,
}
"""`bpf_asm`'s words for what `ld` may ask the kernel for."""

PACKET_SIZES = {
    Code.LD_ABS_W: 4,
    Code.LD_ABS_H: 2,
    Code.LD_ABS_B: 1,
    Code.LD_IND_W: 4,
    Code.LD_IND_H: 2,
    Code.LD_IND_B: 1,
}
"""How many bytes of the packet a load into A takes."""


@dataclass(frozen=True, slots=True)
class Form:
    """How one code is written."""

    mnemonic: str
    operand: str = ""


def _forms() -> Iterator[tuple[int, Form]]:
    yield Code.LD_ABS_W, Form("ld", "[{d}]")
    yield Code.LD_ABS_H, Form("ldh", "[{d}]")
    yield Code.LD_ABS_B, Form("ldb", "[{d}]")
    yield Code.LD_IND_W, Form("ld", "[x + {d}]")
    yield Code.LD_IND_H, Form("ldh", "[x + {d}]")
    yield Code.LD_IND_B, Form("ldb", "[x + {d}]")
    yield Code.LD_LEN, Form("ld", "#pktlen")
    yield Code.LDX_LEN, Form("ldx", "#pktlen")
    yield Code.LD_IMM, Form("ld", "#{x}")
    yield Code.LDX_IMM, Form("ldx", "#{x}")
    yield Code.LDX_MSH, Form("ldxb", "4*([{d}]&0xf)")
    yield Code.LD_MEM, Form("ld", "M[{d}]")
    yield Code.LDX_MEM, Form("ldx", "M[{d}]")
    yield Code.ST, Form("st", "M[{d}]")
    yield Code.STX, Form("stx", "M[{d}]")
    yield Code.JA, Form("ja", "{d}")
    yield Code.RET_K, Form("ret", "#{d}")
    yield Code.RET_A, Form("ret")
    yield Code.NEG, Form("neg")
    yield Code.TAX, Form("tax")
    yield Code.TXA, Form("txa")
    for jump in JUMP_OPS:
        yield Class.JMP | jump | Source.K, Form(jump.name.lower(), "#{x}")
        yield Class.JMP | jump | Source.X, Form(jump.name.lower(), "x")
    for op in ALU_OPS:
        operand = "#{x}" if op in (AluOp.AND, AluOp.OR, AluOp.XOR) else "#{d}"
        yield Class.ALU | op | Source.K, Form(op.name.lower(), operand)
        yield Class.ALU | op | Source.X, Form(op.name.lower(), "x")


FORMS = dict(_forms())
"""Each code that is an instruction, and how it is written."""
