"""`SockFilter`: one instruction of classic BPF as a value, and its bytes.

    bytes 0-1     byte 2     byte 3     bytes 4-7
  +-----------+----------+----------+-------------+
  |   code    |    jt    |    jf    |  k (u32)    |     struct sock_filter, linux/filter.h
  +-----------+----------+----------+-------------+

The machine has an accumulator A, an index X, sixteen words of memory M and a program counter; all
are 32 bits. Classes 0 to 5 and their fields are those of `isa.opcode`; RET and MISC are not.

>>> SockFilter(0x15, jt=0, jf=1, k=0x800)
SockFilter(code=21, jt=0, jf=1, k=2048)
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Literal

from seismo.base.bits import U32_MAX
from seismo.base.dataclass import dataclass
from seismo.base.enum import IntEnum
from seismo.base.errors import FormatError
from seismo.isa.opcode import AluOp, Class, JumpOp, Mode, Size, Source

__all__ = (
    "ALU_OPS",
    "INSN_BYTES",
    "JUMP_OPS",
    "LEN",
    "MAX_INSNS",
    "MEMORY_WORDS",
    "MISC",
    "MSH",
    "RET",
    "RET_A",
    "Ancillary",
    "ByteOrder",
    "Code",
    "SockFilter",
    "decode",
    "encode",
)

ByteOrder = Literal["little", "big"]

INSN_BYTES = 8
MAX_INSNS = 4096
"""`BPF_MAXINSNS`: what a socket takes at most."""
MEMORY_WORDS = 16
"""`BPF_MEMWORDS`."""

RET = 0x06
MISC = 0x07
LEN = 0x80
MSH = 0xA0
RET_A = 0x10

ALU_OPS = (
    *(AluOp.ADD, AluOp.SUB, AluOp.MUL, AluOp.DIV, AluOp.MOD),
    *(AluOp.AND, AluOp.OR, AluOp.XOR, AluOp.LSH, AluOp.RSH),
)
"""The operations that take a second operand, K or X; `NEG` takes none."""
JUMP_OPS = (JumpOp.JEQ, JumpOp.JGT, JumpOp.JGE, JumpOp.JSET)
"""The comparisons of A with K or X, unsigned."""


class Code:
    """The codes that are no product of an operation and a source."""

    LD_ABS_W = Class.LD | Mode.ABS | Size.W
    LD_ABS_H = Class.LD | Mode.ABS | Size.H
    LD_ABS_B = Class.LD | Mode.ABS | Size.B
    LD_IND_W = Class.LD | Mode.IND | Size.W
    LD_IND_H = Class.LD | Mode.IND | Size.H
    LD_IND_B = Class.LD | Mode.IND | Size.B
    LD_IMM = int(Class.LD | Mode.IMM)
    LD_LEN = Class.LD | LEN
    LD_MEM = Class.LD | Mode.MEM
    LDX_IMM = Class.LDX | Mode.IMM
    LDX_LEN = Class.LDX | LEN
    LDX_MEM = Class.LDX | Mode.MEM
    LDX_MSH = Class.LDX | MSH | Size.B
    ST = int(Class.ST)
    STX = int(Class.STX)
    NEG = Class.ALU | AluOp.NEG
    JA = Class.JMP | JumpOp.JA
    RET_K = RET | Source.K
    RET_A = RET | RET_A
    TAX = MISC
    TXA = MISC | 0x80


class Ancillary(IntEnum):
    """What a packet load at `SKF_AD_OFF` + this asks the kernel for (linux/filter.h).

    `XOR_X` is no load: it makes A ^= X. `RANDOM`: Since Linux 3.16. `VLAN_TPID`: Since Linux 4.1.
    """

    PROTOCOL = 0
    PKTTYPE = 4
    IFINDEX = 8
    NLATTR = 12
    NLATTR_NEST = 16
    MARK = 20
    QUEUE = 24
    HATYPE = 28
    RXHASH = 32
    CPU = 36
    XOR_X = 40
    VLAN_TAG = 44
    VLAN_TAG_PRESENT = 48
    PAY_OFFSET = 52
    RANDOM = 56
    VLAN_TPID = 60


@dataclass(frozen=True, slots=True)
class SockFilter:
    """One instruction: u16 `code`, u8 `jt` and `jf` (instructions to skip), u32 `k`."""

    code: int
    jt: int = 0
    jf: int = 0
    k: int = 0

    @property
    def cls(self) -> int:
        """Bits 0 to 2 of the code."""
        return self.code & 0x07

    @property
    def is_return(self) -> bool:
        return self.cls == RET

    @property
    def is_branch(self) -> bool:
        """Whether it is a jump by `jt` and `jf`; JA has its distance in `k`."""
        return self.cls == Class.JMP and self.code != Code.JA

    def targets(self, at: int) -> tuple[int, ...]:
        """The indexes to which it may go when it stands at `at`; none for a return."""
        if self.is_return:
            return ()
        if self.code == Code.JA:
            return (at + 1 + self.k,)
        return (at + 1 + self.jt, at + 1 + self.jf) if self.is_branch else (at + 1,)


def encode(program: Iterable[SockFilter], order: ByteOrder = "little") -> bytes:
    """`struct sock_filter[]` in the byte order given."""
    pack = _layout(order).pack
    return b"".join(pack(one.code, one.jt, one.jf, one.k & U32_MAX) for one in program)


def decode(data: bytes, order: ByteOrder = "little") -> tuple[SockFilter, ...]:
    """The inverse of `encode`; FormatError where the last instruction is cut off."""
    if rest := len(data) % INSN_BYTES:
        raise FormatError("an instruction of classic BPF is 8 bytes", len(data) - rest)
    return tuple(SockFilter(*fields) for fields in _layout(order).iter_unpack(data))


def _layout(order: ByteOrder) -> struct.Struct:
    return struct.Struct("<HBBI" if order == "little" else ">HBBI")
