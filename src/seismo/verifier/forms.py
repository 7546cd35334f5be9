"""Whether an instruction is one at all: a known opcode, and nothing in the fields it has not."""

from __future__ import annotations

from seismo.base.dataclass import replace
from seismo.isa.errors import BadForm
from seismo.isa.forms import find_form, forms
from seismo.isa.insn import Insn
from seismo.isa.opcode import LD_IMM64, OPERATION_MASK, AluOp, Class
from seismo.spec.types import ProgramSpec
from seismo.verifier.rules import Refused, Rule

__all__ = ("check_opcode", "wrong_instructions")

_HINT = "each field that an instruction does not use must be 0"


def check_opcode(insn: Insn, index: int) -> None:
    """Raises Refused for an opcode that no instruction has, and for wide loads of no kind."""
    if insn.op not in forms() or (insn.op == LD_IMM64 and _malformed(insn, index)):
        raise Refused(
            Rule.INSTRUCTION, f"unknown opcode {insn.op:02x} at instruction {index}", _HINT
        )


def wrong_instructions(spec: ProgramSpec) -> dict[int, str]:
    """By index, why an instruction must not be reached: fields that it has not are used, which the
    kernel only looks at where it comes by, or it was made for another kernel."""
    found = {index: _malformed(insn, index) for index, insn in enumerate(spec.insns)}
    return {index: why for index, why in found.items() if why} | dict(spec.poisons)


def _malformed(insn: Insn, index: int) -> str:
    """What is wrong with the fields of an instruction, "" if nothing is."""
    if insn.is_exit:
        # Alone of its fields, the kernel does not look at its offset.
        insn = replace(insn, off=0)
    try:
        find_form(insn.op, insn.fields)
    except BadForm:
        return f"reserved fields of opcode {insn.op:02x} are used at instruction {index}"
    is_swap = insn.op & 7 in (Class.ALU, Class.ALU64) and insn.op & OPERATION_MASK == AluOp.END
    if is_swap and insn.imm not in (16, 32, 64):
        return f"BPF_END uses reserved fields at instruction {index}"
    return ""
