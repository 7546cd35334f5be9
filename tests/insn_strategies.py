"""Hypothesis strategies over every form of instruction that `seismo.isa.forms` knows."""

from __future__ import annotations

from hypothesis import strategies as st

from seismo.base.bits import U32_MAX
from seismo.isa.forms import Form, forms
from seismo.isa.insn import REGS, Insn
from seismo.isa.opcode import LD_IMM64

ALL_FORMS = tuple(form for same_op in forms().values() for form in same_op)

FIELD_VALUES = {
    "dst": st.integers(0, 10),
    "src": st.integers(0, 10),
    "off": st.integers(-(1 << 15), (1 << 15) - 1),
    "imm": st.integers(-(1 << 31), (1 << 31) - 1),
    "next_imm": st.integers(-(1 << 31), (1 << 31) - 1),
}


def insns_of(form: Form) -> st.SearchStrategy[Insn]:
    """Instructions of one form: the fields it shows vary, the others are what they must be."""

    def value_of(field: str) -> st.SearchStrategy[int]:
        is_free = field in form.shown
        return FIELD_VALUES[field] if is_free else st.just(form.fixed.get(field, 0))

    def build(dst: int, src: int, off: int, imm: int, next_imm: int) -> Insn:
        if form.op == LD_IMM64:
            imm = (next_imm & U32_MAX) << 32 | imm & U32_MAX
        return Insn(form.op, REGS[dst], REGS[src], off, imm)

    return st.builds(build, *(value_of(field) for field in FIELD_VALUES))


def any_insn() -> st.SearchStrategy[Insn]:
    return st.sampled_from(ALL_FORMS).flatmap(insns_of)
