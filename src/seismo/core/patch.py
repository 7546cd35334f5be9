"""Putting a relocation's value into its instruction."""

from __future__ import annotations

from seismo.base.bits import U64_MAX, to_signed
from seismo.base.dataclass import dataclass, replace
from seismo.core.errors import CoreError
from seismo.core.values import Value
from seismo.isa.insn import Insn, Reg
from seismo.isa.opcode import LD_IMM64, SIZE_MASK, Class, JumpOp, Size, Source

__all__ = ("BAD_HELPER", "POISON", "Change", "patch")

BAD_HELPER = 0xBAD2310
"""The number of no helper, 195896080: what libbpf has in the place of a failed relocation."""

POISON = Insn(Class.JMP | JumpOp.CALL, Reg.R0, Reg.R0, 0, BAD_HELPER)

_SIZES = {1: Size.B, 2: Size.H, 4: Size.W, 8: Size.DW}
_BYTES = {size: count for count, size in _SIZES.items()}
_MAX_OFF = (1 << 15) - 1


@dataclass(frozen=True, slots=True)
class Change:
    """The value that the compiler saw, and the kernel's. Where their sizes differ, a load or store
    of the one size does as one of the other only if `can_resize`."""

    old: Value
    new: Value
    can_resize: bool = True


def patch(insn: Insn, change: Change) -> Insn:
    """The instruction with the new value; `POISON` for a load or store that cannot be resized.

    `CoreError` when it is of no kind that takes a value, or does not hold the old one.
    """
    match insn.op & 7:
        case Class.ALU | Class.ALU64:
            return _immediate(insn, change)
        case Class.LDX | Class.ST | Class.STX:
            return _memory(insn, change)
        case Class.LD if insn.op == LD_IMM64 and not insn.src and not insn.off:
            _check(insn.imm, change)
            return replace(insn, imm=change.new.number)
        case _:
            raise CoreError(f"'{insn}' cannot be relocated")


def _check(has: int, change: Change) -> None:
    if change.old.is_certain and has & U64_MAX != change.old.number:
        raise CoreError(
            f"the instruction has {has}, its types say {to_signed(change.old.number, 64)}",
            hint="the object's code and types do not belong together: compile it anew",
        )


def _immediate(insn: Insn, change: Change) -> Insn:
    if insn.op & Source.X:
        raise CoreError(f"'{insn}' has no immediate value to be relocated")
    _check(insn.imm, change)
    return replace(insn, imm=to_signed(change.new.number, 32))


def _memory(insn: Insn, change: Change) -> Insn:
    old, new = change.old, change.new
    _check(insn.off, change)
    if new.number > _MAX_OFF:
        raise CoreError(f"the offset {new.number} does not fit '{insn}'; {_MAX_OFF} is the largest")
    if not change.can_resize:
        return POISON
    if new.size == old.size:
        return replace(insn, off=new.number)
    accessed = _BYTES[Size(insn.op & SIZE_MASK)]
    if accessed != old.size:
        raise CoreError(f"'{insn}' accesses {accessed} bytes, its types say {old.size}")
    if new.size not in _SIZES:
        raise CoreError(f"'{insn}' would access {new.size} bytes at once")
    return replace(insn, op=insn.op & ~SIZE_MASK | _SIZES[new.size], off=new.number)
