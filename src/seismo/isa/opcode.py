"""Opcode fields of eBPF instructions (RFC 9669): the enums and how they share the opcode byte.

Arithmetic and jumps:              Loads and stores:

     7   6   5   4   3   2   1   0      7   6   5   4   3   2   1   0
   +---------------+---+-----------+  +-----------+-------+-----------+
   |     code      | S |   class   |  |   mode    | size  |   class   |
   +---------------+---+-----------+  +-----------+-------+-----------+
     AluOp, JumpOp       Class          Mode        Size    Class

S is the source of the second operand: K the immediate, X the `src` register.

>>> hex(Class.ALU64 | AluOp.ADD | Source.X)
'0xf'
"""

from __future__ import annotations

from seismo.base.enum import IntEnum

__all__ = (
    "CLASS_MASK",
    "INVERSE",
    "LD_IMM64",
    "MODE_MASK",
    "OPERATION_MASK",
    "SIZE_MASK",
    "AluOp",
    "AtomicOp",
    "CallKind",
    "Class",
    "JumpOp",
    "LoadKind",
    "Mode",
    "Size",
    "Source",
)

CLASS_MASK = 0x07
OPERATION_MASK = 0xF0
SIZE_MASK = 0x18
MODE_MASK = 0xE0


class Class(IntEnum):
    """Bits 0 to 2: what family of instruction this is."""

    LD = 0x00
    LDX = 0x01
    ST = 0x02
    STX = 0x03
    ALU = 0x04
    JMP = 0x05
    JMP32 = 0x06
    ALU64 = 0x07


class Source(IntEnum):
    """Bit 3 of arithmetic and jumps: immediate or register; of byte swaps: to little or to big."""

    K = 0x00
    X = 0x08


class AluOp(IntEnum):
    """Bits 4 to 7 of `ALU` and `ALU64`; bits above 7 are the `off` field that selects a variant.

    Division by zero gives 0, modulo by zero leaves the destination. Shifts use only as many bits of
    their operand as the width has. `SDIV` and `SMOD`: Since Linux 6.6.
    """

    ADD = 0x00
    SUB = 0x10
    MUL = 0x20
    DIV = 0x30
    OR = 0x40
    AND = 0x50
    LSH = 0x60
    RSH = 0x70
    NEG = 0x80
    MOD = 0x90
    XOR = 0xA0
    MOV = 0xB0
    ARSH = 0xC0
    END = 0xD0
    SDIV = 0x130
    SMOD = 0x190


class JumpOp(IntEnum):
    """Bits 4 to 7 of `JMP` and `JMP32`; `JS…` compare signed, `JSET` is (dst & src) != 0.

    `JCOND` is may_goto, which jumps once the kernel's loop budget is spent: Since Linux 6.9.
    """

    JA = 0x00
    JEQ = 0x10
    JGT = 0x20
    JGE = 0x30
    JSET = 0x40
    JNE = 0x50
    JSGT = 0x60
    JSGE = 0x70
    CALL = 0x80
    EXIT = 0x90
    JLT = 0xA0
    JLE = 0xB0
    JSLT = 0xC0
    JSLE = 0xD0
    JCOND = 0xE0


INVERSE = {
    JumpOp.JEQ: JumpOp.JNE,
    JumpOp.JNE: JumpOp.JEQ,
    JumpOp.JGT: JumpOp.JLE,
    JumpOp.JLE: JumpOp.JGT,
    JumpOp.JGE: JumpOp.JLT,
    JumpOp.JLT: JumpOp.JGE,
    JumpOp.JSGT: JumpOp.JSLE,
    JumpOp.JSLE: JumpOp.JSGT,
    JumpOp.JSGE: JumpOp.JSLT,
    JumpOp.JSLT: JumpOp.JSGE,
}
"""The comparison that holds exactly when the other does not; `JSET` has none."""


class Size(IntEnum):
    """Bits 3 and 4 of loads and stores: the width of the access."""

    W = 0x00
    H = 0x08
    B = 0x10
    DW = 0x18

    @property
    def bytes(self) -> int:
        return {Size.B: 1, Size.H: 2, Size.W: 4, Size.DW: 8}[self]


class Mode(IntEnum):
    """Bits 5 to 7 of loads and stores: how the address is formed.

    `ABS` and `IND` are classic BPF's packet loads. `MEMSX` sign-extends: Since Linux 6.6.
    """

    IMM = 0x00
    ABS = 0x20
    IND = 0x40
    MEM = 0x60
    MEMSX = 0x80
    ATOMIC = 0xC0


class AtomicOp(IntEnum):
    """The immediate of an atomic access; `FETCH` is or-ed in to get the old value in `src`.

    All but plain `ADD`: Since Linux 5.12. `LOAD_ACQ`, `STORE_REL`: Since Linux 6.15.
    """

    ADD = 0x00
    FETCH = 0x01
    OR = 0x40
    AND = 0x50
    XOR = 0xA0
    XCHG = 0xE1
    CMPXCHG = 0xF1
    LOAD_ACQ = 0x100
    STORE_REL = 0x110


class LoadKind(IntEnum):
    """The `src` field of the 64-bit immediate load: what the immediate means to the loader.

    - `PLAIN`: the value itself
    - `MAP_FD`, `MAP_IDX`: a map, by its fd or by its index in the loader's `fd_array`
    - `MAP_VALUE`, `MAP_IDX_VALUE`: an address in the map's only value; the high word is the offset
    - `BTF_ID`: the kernel variable of that BTF id; the high word is the fd of a module's BTF
    - `FUNC`: a function of this program, as a distance in slots from this one's second
    """

    PLAIN = 0
    MAP_FD = 1
    MAP_VALUE = 2
    BTF_ID = 3
    FUNC = 4
    MAP_IDX = 5
    MAP_IDX_VALUE = 6


class CallKind(IntEnum):
    """The `src` field of a call: what its immediate names.

    - `HELPER`: a helper's number
    - `SUBPROG`: a function of this program, as a distance in slots from the next instruction
    - `KFUNC`: a kernel function's BTF id; `off` indexes the loader's `fd_array` of module BTFs
    """

    HELPER = 0
    SUBPROG = 1
    KFUNC = 2


LD_IMM64 = Class.LD | Mode.IMM | Size.DW
"""The one opcode that takes two slots."""
