"""The kernel's rules for a program of classic BPF (`bpf_check_classic`, net/core/filter.c).

A program that passes always ends: jumps go forward, and the last instruction returns.
"""

from __future__ import annotations

from collections.abc import Sequence

from seismo.cbpf.errors import BadProgram
from seismo.cbpf.forms import FORMS, SKF_AD_OFF
from seismo.cbpf.insn import MAX_INSNS, MEMORY_WORDS, Ancillary, Code, SockFilter
from seismo.isa.opcode import AluOp, Class

__all__ = ("check",)

_DIVISIONS = (Class.ALU | AluOp.DIV, Class.ALU | AluOp.MOD)
_SHIFTS = (Class.ALU | AluOp.LSH, Class.ALU | AluOp.RSH)
_MEMORY = (Code.LD_MEM, Code.LDX_MEM, Code.ST, Code.STX)
_ABSOLUTE = (Code.LD_ABS_W, Code.LD_ABS_H, Code.LD_ABS_B)
_ALL_SLOTS = (1 << MEMORY_WORDS) - 1


def check(program: Sequence[SockFilter]) -> None:
    """BadProgram for the first instruction that SO_ATTACH_FILTER would refuse."""
    if not program:
        raise BadProgram(0, "there is no instruction", "the shortest program is `ret #0`")
    if len(program) > MAX_INSNS:
        raise BadProgram(MAX_INSNS, f"a program has at most {MAX_INSNS} instructions")
    for at, one in enumerate(program):
        _check_fields(one, at)
        _check_targets(one, at, len(program))
    if not program[-1].is_return:
        raise BadProgram(len(program) - 1, "the last instruction does not return", "add `ret #0`")
    _check_memory(program)


def _check_fields(one: SockFilter, at: int) -> None:
    """What one instruction says by itself."""
    if one.code not in FORMS:
        raise BadProgram(at, f"{one.code:#x} is no code of classic BPF")
    if one.code in _DIVISIONS and one.k == 0:
        raise BadProgram(at, "division by zero")
    if one.code in _SHIFTS and one.k >= 32:
        raise BadProgram(at, f"a shift by {one.k}", "A has 32 bits: shift by 0 to 31")
    if one.code in _MEMORY and one.k >= MEMORY_WORDS:
        raise BadProgram(at, f"there is no M[{one.k}]", f"M has {MEMORY_WORDS} words")
    if one.code in _ABSOLUTE and one.k >= SKF_AD_OFF and not _is_known(one.k):
        raise BadProgram(at, f"there is nothing to ask for at SKF_AD_OFF + {one.k - SKF_AD_OFF}")


def _is_known(k: int) -> bool:
    return k - SKF_AD_OFF in [int(one) for one in Ancillary]


def _check_targets(one: SockFilter, at: int, count: int) -> None:
    for target in one.targets(at):
        if target >= count and (one.is_branch or one.code == Code.JA):
            raise BadProgram(at, f"jumps to {target}, behind the last instruction {count - 1}")


def _check_memory(program: Sequence[SockFilter]) -> None:
    """Every word of M that is read was written on all ways there (`check_load_and_stores`).

    Jumps go forward, so one pass meets every way to an instruction before it. As in the kernel,
    what nothing goes to is taken to have all written, and a return to go on to what is behind it.
    """
    written = [_ALL_SLOTS] * (len(program) + 1)
    written[0] = 0
    for at, one in enumerate(program):
        known = written[at]
        if one.code in (Code.ST, Code.STX):
            known |= 1 << one.k
        elif one.code in (Code.LD_MEM, Code.LDX_MEM) and not known >> one.k & 1:
            raise BadProgram(at, f"M[{one.k}] is read before it is written", f"add `st M[{one.k}]`")
        for target in one.targets(at) or (at + 1,):
            written[target] &= known
