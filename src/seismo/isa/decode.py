"""Bytes to instructions, strictly: what the kernel would call a reserved field must be zero.

>>> [str(insn) for insn in decode(bytes.fromhex("b7000000010000009500000000000000"), "little")]
['r0 = 1', 'exit']
"""

from __future__ import annotations

import sys
from typing import TypeAlias

from seismo.base.bits import U32_MAX
from seismo.isa.encode import SLOT_BYTES, SLOT_FORMATS
from seismo.isa.errors import BadForm, DecodeError
from seismo.isa.forms import find_form
from seismo.isa.insn import REGS, Insn
from seismo.isa.opcode import LD_IMM64

__all__ = ("decode",)

_Slots: TypeAlias = tuple[tuple[int, int, int, int], ...]


def decode(data: bytes, byte_order: str = sys.byteorder) -> tuple[Insn, ...]:
    """The instructions of a `struct bpf_insn[]`; `byte_order` is `little` or `big`.

    Raises DecodeError, with the byte offset of the slot, for an unknown opcode, a bad register, a
    field that this opcode does not have, a 64-bit load without its second slot, and bytes left
    over. Whether jumps stay inside is `cfg`'s question.
    """
    if rest := len(data) % SLOT_BYTES:
        raise DecodeError(f"{rest} bytes left over after the last slot", len(data) - rest)
    slots = tuple(SLOT_FORMATS[byte_order].iter_unpack(data))
    insns: list[Insn] = []
    # Programs say the same again and again, and checking takes longer than looking up.
    known: dict[_Slots, Insn] = {}
    at = 0
    while at < len(slots):
        given = slots[at : at + 2] if slots[at][0] == LD_IMM64 else slots[at : at + 1]
        insn = known.get(given)
        if insn is None:
            try:
                insn = known[given] = _decode_one(given, byte_order)
            except BadForm as cause:
                raise DecodeError(cause.what, at * SLOT_BYTES) from cause
        insns.append(insn)
        at += insn.slots
    return tuple(insns)


def _decode_one(slots: _Slots, byte_order: str) -> Insn:
    """The instruction that starts at the first of at most two slots."""
    op, registers, off, imm = slots[0]
    high, low = divmod(registers, 16)
    dst, src = (low, high) if byte_order == "little" else (high, low)
    next_imm = _second_word(slots[1:]) if op == LD_IMM64 else 0
    fields = {"dst": dst, "src": src, "off": off, "imm": imm, "next_imm": next_imm}
    find_form(op, fields)
    if max(dst, src) >= len(REGS):
        raise BadForm(f"there is no register r{max(dst, src)}")
    if op == LD_IMM64:
        imm = (next_imm & U32_MAX) << 32 | imm & U32_MAX
    return Insn(op, REGS[dst], REGS[src], off, imm)


def _second_word(slots: _Slots) -> int:
    """The upper half of a 64-bit immediate, from the slot that holds nothing else."""
    if not slots:
        raise BadForm("a 64-bit load lacks its second slot")
    op, registers, off, imm = slots[0]
    if op or registers or off:
        raise BadForm("the second slot of a 64-bit load may hold an immediate only")
    return imm
