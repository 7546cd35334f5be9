"""Instructions to bytes, in the byte order of the machine that runs them.

Only ranges are checked: whether the fields form an instruction is `decode`'s question.

>>> encode((Insn(0x95, Reg.R0, Reg.R0),)).hex()
'9500000000000000'
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Iterable

from seismo.base.bits import fits_signed
from seismo.isa.errors import EncodeError
from seismo.isa.insn import Insn
from seismo.isa.opcode import LD_IMM64

__all__ = ("SLOT_BYTES", "SLOT_FORMATS", "encode")

SLOT_BYTES = 8
SLOT_FORMATS = {"little": struct.Struct("<BBhi"), "big": struct.Struct(">BBhi")}
"""One slot: opcode, the two register nibbles, off, imm."""

_DOUBLE, _WORDS = struct.Struct("<Q"), struct.Struct("<ii")


def encode(insns: Iterable[Insn], byte_order: str = sys.byteorder) -> bytes:
    """The program as `struct bpf_insn[]`; `byte_order` is `little` or `big`.

    Raises EncodeError when a field does not fit; its message names the instruction's index.
    """
    pack = SLOT_FORMATS[byte_order].pack
    high_first = byte_order == "big"
    slots: list[bytes] = []
    for index, insn in enumerate(insns):
        dst, src, imm = insn.dst, insn.src, insn.imm
        registers = dst << 4 | src if high_first else src << 4 | dst
        try:
            if insn.op != LD_IMM64:
                slots.append(pack(insn.op, registers, insn.off, imm))
                continue
            low, high = _WORDS.unpack(_DOUBLE.pack(imm))
            slots.append(pack(insn.op, registers, insn.off, low) + pack(0, 0, 0, high))
        except struct.error as cause:
            raise EncodeError(f"instruction {index}: {_misfit(insn)}") from cause
    return b"".join(slots)


def _misfit(insn: Insn) -> str:
    """Which field of `insn` is too large."""
    if not 0 <= insn.op <= 0xFF:
        return f"opcode {insn.op:#x} does not fit 8 bits"
    if not fits_signed(insn.off, 16):
        return f"off {insn.off} does not fit 16 bits"
    return f"imm {insn.imm} does not fit {64 if insn.op == LD_IMM64 else 32} bits"
