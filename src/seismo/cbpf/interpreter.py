"""Runs programs of classic BPF as Linux does: a packet in, what the program returns out.

What the kernel's own engine makes of odd programs holds here too: shifts by X use its low five
bits, sums of an index and an offset wrap at 32 bits, and a load outside the packet, like a division
by zero, ends the program with 0 (the packet is rejected).

>>> run((SockFilter(0x30, k=0), SockFilter(0x16)), Packet(b"\\x2a"))
42
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from seismo.base.bits import U32_MAX
from seismo.base.dataclass import dataclass, field
from seismo.cbpf.forms import PACKET_SIZES, SKF_AD_OFF
from seismo.cbpf.insn import MEMORY_WORDS, Ancillary, Code, SockFilter
from seismo.cbpf.operations import COMPARISONS, OPERATIONS
from seismo.isa.opcode import AluOp, Class, Source

__all__ = ("SKF_LL_OFF", "SKF_NET_OFF", "Packet", "run")

SKF_NET_OFF = (1 << 32) - 0x100000
"""-0x100000 as k has it: loads from here on count from the network header."""
SKF_LL_OFF = (1 << 32) - 0x200000
"""-0x200000 as k has it: loads from here on count from the link header."""

_OPERATION = 0xF0
_INDEXED = (Code.LD_IND_W, Code.LD_IND_H, Code.LD_IND_B)


@dataclass(frozen=True, slots=True)
class Packet:
    """What a program looks at: the bytes captured, beginning at the link header.

    `length` is the packet's length on the wire (-1: as captured). `ancillary` has what loads at
    `SKF_AD_OFF` give; what is not in it gives 0. `network_offset` is where the network header is.
    """

    data: bytes
    length: int = -1
    ancillary: Mapping[Ancillary, int] = field(default_factory=dict)
    network_offset: int = 14

    @property
    def wire_length(self) -> int:
        return len(self.data) if self.length < 0 else self.length


class _Rejected(Exception):
    """The program has ended with 0, by a load or a division; it never leaves this module."""


def run(program: Sequence[SockFilter], packet: Packet) -> int:
    """What `program`, which `check` has passed, returns: the bytes to keep, 0 for none."""
    machine = _Machine(packet)
    at = 0
    try:
        while not (one := program[at]).is_return:
            at = machine.step(one, at)
    except _Rejected:
        return 0
    return one.k if one.code == Code.RET_K else machine.a


class _Machine:
    """The registers and the memory while a program runs."""

    __slots__ = ("a", "memory", "packet", "x")

    def __init__(self, packet: Packet) -> None:
        self.a = 0
        self.x = 0
        self.memory = [0] * MEMORY_WORDS
        self.packet = packet

    def step(self, one: SockFilter, at: int) -> int:
        """Do one instruction that is no return; the index of the next."""
        if one.cls == Class.JMP:
            return at + 1 + (one.k if one.code == Code.JA else self.branch(one))
        if one.cls == Class.ALU:
            self.a = self.alu(one)
        elif one.code in (Code.ST, Code.STX):
            self.memory[one.k] = self.a if one.code == Code.ST else self.x
        elif one.cls == Class.LDX or one.code == Code.TAX:
            self.x = self.load_x(one)
        else:
            self.a = self.load_a(one)
        return at + 1

    def operand(self, one: SockFilter) -> int:
        return self.x if one.code & Source.X else one.k

    def branch(self, one: SockFilter) -> int:
        holds = COMPARISONS[one.code & _OPERATION](self.a, self.operand(one))
        return one.jt if holds else one.jf

    def alu(self, one: SockFilter) -> int:
        operation = one.code & _OPERATION
        operand = self.operand(one)
        if operation in (AluOp.DIV, AluOp.MOD) and operand == 0:
            raise _Rejected
        return OPERATIONS[operation](self.a, operand) & U32_MAX

    def load_x(self, one: SockFilter) -> int:
        if one.code == Code.TAX:
            return self.a
        if one.code == Code.LDX_MSH:
            return (self.packet_load(one.k, 1) & 0xF) << 2
        if one.code == Code.LDX_MEM:
            return self.memory[one.k]
        return self.packet.wire_length if one.code == Code.LDX_LEN else one.k

    def load_a(self, one: SockFilter) -> int:
        if one.code in PACKET_SIZES:
            size = PACKET_SIZES[one.code]
            if one.code in _INDEXED:
                return self.packet_load((self.x + one.k) & U32_MAX, size)
            return self.ancillary(one.k) if one.k >= SKF_AD_OFF else self.packet_load(one.k, size)
        if one.code == Code.TXA:
            return self.x
        if one.code == Code.LD_MEM:
            return self.memory[one.k]
        return self.packet.wire_length if one.code == Code.LD_LEN else one.k

    def packet_load(self, offset: int, size: int) -> int:
        """A big-endian number of the packet; offsets from SKF_LL_OFF on are relative to headers."""
        if offset >= SKF_NET_OFF:
            offset += self.packet.network_offset - SKF_NET_OFF
        elif offset >= SKF_LL_OFF:
            offset -= SKF_LL_OFF
        if offset + size > len(self.packet.data):
            raise _Rejected
        return int.from_bytes(self.packet.data[offset : offset + size], "big")

    def ancillary(self, k: int) -> int:
        asked = Ancillary(k - SKF_AD_OFF)
        if asked == Ancillary.XOR_X:
            return self.a ^ self.x
        return self.packet.ancillary.get(asked, 0) & U32_MAX
