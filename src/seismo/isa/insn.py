"""`Insn`: one eBPF instruction as a value. It equals its bytes; `str()` is the verifier's line.

    byte 0     byte 1        bytes 2-3    bytes 4-7
  +--------+-----+-----+---------------+---------------------------+
  |   op   | dst | src |  off (signed) |       imm (signed)        |
  +--------+-----+-----+---------------+---------------------------+

>>> print(Insn(0x79, Reg.R0, Reg.R1, 8))
r0 = *(u64 *)(r1 +8)
"""

from __future__ import annotations

from collections.abc import Iterable

from seismo.base.bits import to_signed
from seismo.base.dataclass import dataclass
from seismo.base.enum import IntEnum
from seismo.isa.errors import BadForm
from seismo.isa.forms import Fields, find_form
from seismo.isa.opcode import CLASS_MASK, LD_IMM64, CallKind, Class, JumpOp, LoadKind

__all__ = ("REGS", "Insn", "Reg", "slot_starts")


class Reg(IntEnum):
    """r0 is the result, r1 to r5 arguments, r6 to r9 survive calls, r10 is the frame's top."""

    R0 = 0
    R1 = 1
    R2 = 2
    R3 = 3
    R4 = 4
    R5 = 5
    R6 = 6
    R7 = 7
    R8 = 8
    R9 = 9
    R10 = 10

    def __str__(self) -> str:
        return f"r{self.value}"

    def __repr__(self) -> str:
        return f"Reg.{self.name}"


REGS = tuple(Reg)
"""The registers by number: a tuple index is cheaper than `Reg(number)`."""

_HELPER, _SUBPROG, _KFUNC = (REGS[kind] for kind in CallKind)
_FUNC = REGS[LoadKind.FUNC]
_MAP_KINDS = tuple(REGS[kind] for kind in LoadKind if kind.name.startswith("MAP_"))
_CALL = Class.JMP | JumpOp.CALL
_EXIT = Class.JMP | JumpOp.EXIT
_GOTO = Class.JMP | JumpOp.JA
_GOTOL = Class.JMP32 | JumpOp.JA


@dataclass(frozen=True, slots=True)
class Insn:
    """One instruction: u8 `op`, u4 `dst`, u4 `src`, s16 `off`, s32 `imm`.

    The 64-bit immediate load is one `Insn` of two slots whose `imm` is the whole u64. Where `src`
    is no register (calls, 64-bit loads) it holds a `CallKind` or `LoadKind` number.
    """

    op: int
    dst: Reg
    src: Reg
    off: int = 0
    imm: int = 0

    def __str__(self) -> str:
        """The line as kernel/bpf/disasm.c prints it; `BUG_op` when it is no instruction."""
        fields = self.fields
        try:
            return find_form(self.op, fields).render(fields)
        except BadForm:
            return f"BUG_{self.op:02x}"

    @property
    def fields(self) -> Fields:
        """The fields as the two slots hold them: `imm` and `next_imm` are signed 32-bit words."""
        return {
            "dst": self.dst,
            "src": self.src,
            "off": self.off,
            "imm": to_signed(self.imm, 32),
            "next_imm": to_signed(self.imm >> 32, 32) if self.op == LD_IMM64 else 0,
            "imm64": self.imm,
        }

    @property
    def slots(self) -> int:
        """How many 8-byte slots it takes; jumps and calls count in slots."""
        return 2 if self.op == LD_IMM64 else 1

    @property
    def cls(self) -> Class:
        """The family that it is of."""
        return Class(self.op & CLASS_MASK)

    @property
    def is_exit(self) -> bool:
        return self.op == _EXIT

    @property
    def is_call(self) -> bool:
        return self.op == _CALL

    @property
    def is_helper_call(self) -> bool:
        return self.op == _CALL and self.src == _HELPER

    @property
    def is_subprog_call(self) -> bool:
        return self.op == _CALL and self.src == _SUBPROG

    @property
    def is_kfunc_call(self) -> bool:
        return self.op == _CALL and self.src == _KFUNC

    @property
    def is_goto(self) -> bool:
        """Whether it always jumps: goto or gotol."""
        return self.op in (_GOTO, _GOTOL)

    @property
    def is_jump(self) -> bool:
        """Whether it may go elsewhere within its function; calls and exit do not."""
        is_branch = self.op & CLASS_MASK in (Class.JMP, Class.JMP32)
        return is_branch and self.op not in (_CALL, _EXIT)

    @property
    def is_conditional(self) -> bool:
        """Whether it jumps or falls through; may_goto does too."""
        return self.is_jump and not self.is_goto

    @property
    def has_distance(self) -> bool:
        """Whether it refers to another instruction: by a jump, a call, or its address."""
        return self.is_jump or self.is_subprog_call or self.is_func_address

    @property
    def distance(self) -> int:
        """Slots to what it refers to, from the slot after its first; 0 when it refers to none."""
        if self.is_jump and self.op != _GOTOL:
            return self.off
        return to_signed(self.imm, 32) if self.has_distance else 0

    def target(self, slot: int) -> int:
        """The slot that it refers to when it starts at `slot`."""
        return slot + 1 + self.distance

    @property
    def is_map_load(self) -> bool:
        """Whether it loads a map's address or an address within a map's value."""
        return self.op == LD_IMM64 and self.src in _MAP_KINDS

    @property
    def is_func_address(self) -> bool:
        """Whether it loads the address of a function of this program."""
        return self.op == LD_IMM64 and self.src == _FUNC

    @property
    def is_may_goto(self) -> bool:
        return self.op == Class.JMP | JumpOp.JCOND


def slot_starts(insns: Iterable[Insn]) -> tuple[int, ...]:
    """The slot at which each instruction starts, then the count of all slots."""
    starts = [0]
    for insn in insns:
        starts.append(starts[-1] + insn.slots)
    return tuple(starts)
