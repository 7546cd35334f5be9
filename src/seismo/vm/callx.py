"""The call by register, opcode 0x8d, which RFC 9669 reserves and compilers have made.

The register holds a function's address or a helper's number. clang before 19 wrote that register's
number into `imm`, since then it is `dst`; read here it is always `dst`.

>>> insn_text(Insn(CALLX, Reg.R3, Reg.R0))
'callx r3'
"""

from __future__ import annotations

from seismo.isa.format import format_insn
from seismo.isa.insn import REGS, Insn, Reg
from seismo.isa.opcode import Class, JumpOp, Source

__all__ = ("CALLX", "insn_text", "read_callx")

CALLX = Class.JMP | JumpOp.CALL | Source.X


def read_callx(dst: int, src: int, off: int, imm: int) -> Insn | None:
    """The call that a slot of this opcode holds; None where its fields are no such call's."""
    number = imm or dst
    if src or off or (dst and imm) or not 0 <= number < Reg.R10:
        return None
    return Insn(CALLX, REGS[number], Reg.R0)


def insn_text(insn: Insn) -> str:
    """The line as the verifier logs it; of a call by register as clang writes it."""
    return f"callx {insn.dst}" if insn.op == CALLX else format_insn(insn)
