"""How a function's frame is left: the rules that call frame instructions make up for an address.

`DW_CFA_*` instructions (DWARF 5, 6.4) describe a table whose rows say, for a range of code, where
the caller's stack pointer was (the CFA, canonical frame address) and where its registers are saved.

>>> # the code after `push %rbp; mov %rsp,%rbp`
>>> FrameRule(RegisterPlus(6, 16), {6: AtCfa(-16), 16: AtCfa(-8)}, 16)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias, final

from seismo.base.dataclass import dataclass
from seismo.base.enum import IntEnum
from seismo.elf.frame_bytes import UDATA2, UDATA4, Cursor

__all__ = (
    "AtCfa",
    "AtExpression",
    "CfaPlus",
    "Cie",
    "Expression",
    "FrameRule",
    "Place",
    "RegisterPlus",
    "Undefined",
    "run",
)

_MAX_STATES = 64
"""`remember_state` inside one another: compilers need two."""


class _Cfa(IntEnum):
    """`DW_CFA_*` (DWARF 5, 7.24), and what GCC and arm64 add."""

    NOP = 0x00
    SET_LOC = 0x01
    ADVANCE_LOC1 = 0x02
    ADVANCE_LOC2 = 0x03
    ADVANCE_LOC4 = 0x04
    OFFSET_EXTENDED = 0x05
    RESTORE_EXTENDED = 0x06
    UNDEFINED = 0x07
    SAME_VALUE = 0x08
    REGISTER = 0x09
    REMEMBER_STATE = 0x0A
    RESTORE_STATE = 0x0B
    DEF_CFA = 0x0C
    DEF_CFA_REGISTER = 0x0D
    DEF_CFA_OFFSET = 0x0E
    DEF_CFA_EXPRESSION = 0x0F
    EXPRESSION = 0x10
    OFFSET_EXTENDED_SF = 0x11
    DEF_CFA_SF = 0x12
    DEF_CFA_OFFSET_SF = 0x13
    VAL_OFFSET = 0x14
    VAL_OFFSET_SF = 0x15
    VAL_EXPRESSION = 0x16
    AARCH64_NEGATE_RA_STATE = 0x2D
    GNU_ARGS_SIZE = 0x2E


_ABOUT_CFA = (
    *(_Cfa.DEF_CFA, _Cfa.DEF_CFA_REGISTER, _Cfa.DEF_CFA_OFFSET),
    *(_Cfa.DEF_CFA_EXPRESSION, _Cfa.DEF_CFA_SF, _Cfa.DEF_CFA_OFFSET_SF),
)


class _Short(IntEnum):
    """Those that have a number in the low six bits, by the two bits above."""

    ADVANCE_LOC = 1
    OFFSET = 2
    RESTORE = 3


@final
@dataclass(frozen=True, slots=True)
class RegisterPlus:
    """The value of a register of this frame, and an offset."""

    register: int
    offset: int


@final
@dataclass(frozen=True, slots=True)
class Expression:
    """The value that DWARF operations compute."""

    operations: bytes


@final
@dataclass(frozen=True, slots=True)
class AtCfa:
    """What memory has at the CFA and an offset."""

    offset: int


@final
@dataclass(frozen=True, slots=True)
class AtExpression:
    """What memory has at the address that DWARF operations compute, the CFA given to them."""

    operations: bytes


@final
@dataclass(frozen=True, slots=True)
class CfaPlus:
    """The CFA itself and an offset."""

    offset: int


@final
@dataclass(frozen=True, slots=True)
class Undefined:
    """Lost; if it is the return address, nobody called this function."""


Place: TypeAlias = RegisterPlus | Expression | AtCfa | AtExpression | CfaPlus | Undefined


@dataclass(frozen=True, slots=True)
class FrameRule:
    """Where the CFA is, and where the caller's registers are: the others still have its values.

    Registers are numbered as DWARF has them for the machine: on x86-64 `rbp` is 6, `rsp` 7, and the
    return address 16; on arm64 `x29`, `x30` and `sp` (31). `is_signal`: the frame was made by the
    kernel for a signal handler, and the return address is of an instruction that was not run yet.
    """

    cfa: RegisterPlus | Expression
    saved: Mapping[int, Place]
    return_register: int
    is_signal: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Cie:
    """What functions have in common (common information entry)."""

    code_factor: int
    data_factor: int
    return_register: int
    address_encoding: int
    is_signal: bool
    has_augmentation: bool
    instructions: memoryview


class _State:
    """A row in the making."""

    def __init__(self, cie: Cie, location: int) -> None:
        self.cie = cie
        self.location = location
        self.cfa: RegisterPlus | Expression = RegisterPlus(0, 0)
        self.saved: dict[int, Place] = {}
        self.initial: dict[int, Place] = {}
        self.remembered: list[tuple[RegisterPlus | Expression, dict[int, Place]]] = []

    def restore(self, register: int) -> None:
        """As it is when the function begins."""
        self.saved.pop(register, None)
        if register in self.initial:
            self.saved[register] = self.initial[register]

    def set_cfa(self, *, register: int | None = None, offset: int | None = None) -> None:
        """Change one half of the CFA's rule, or both."""
        old = self.cfa if isinstance(self.cfa, RegisterPlus) else RegisterPlus(0, 0)
        self.cfa = RegisterPlus(
            old.register if register is None else register, old.offset if offset is None else offset
        )


def run(cie: Cie, instructions: memoryview, start: int, address: int) -> FrameRule:
    """The rule at `address` in the function that begins at `start`.

    Raises `IndexError`, `KeyError` or `struct.error` if the instructions are malformed.
    """
    state = _State(cie, start)
    _run_until(state, Cursor(cie.instructions, 0), address)
    state.initial = dict(state.saved)
    state.location = start
    _run_until(state, Cursor(instructions, 0), address)
    return FrameRule(state.cfa, state.saved, cie.return_register, cie.is_signal)


def _run_until(state: _State, cursor: Cursor, address: int) -> None:
    while cursor.at < len(cursor.data):
        opcode = cursor.u8()
        low = opcode & 0x3F
        match opcode >> 6, low:
            case _Short.ADVANCE_LOC, _:
                state.location += low * state.cie.code_factor
            case _Short.OFFSET, _:
                state.saved[low] = AtCfa(cursor.uleb() * state.cie.data_factor)
            case _Short.RESTORE, _:
                state.restore(low)
            case _, _Cfa.SET_LOC:
                state.location = cursor.pointer(state.cie.address_encoding)
            case _, _Cfa.ADVANCE_LOC1:
                state.location += cursor.u8() * state.cie.code_factor
            case _, _Cfa.ADVANCE_LOC2:
                state.location += cursor.fixed(UDATA2) * state.cie.code_factor
            case _, _Cfa.ADVANCE_LOC4:
                state.location += cursor.fixed(UDATA4) * state.cie.code_factor
            case _, _ if low in _ABOUT_CFA:
                _change_cfa(state, low, cursor)
            case _:
                _change_state(state, low, cursor)
        if state.location > address:
            return


def _change_cfa(state: _State, opcode: int, cursor: Cursor) -> None:
    factor = state.cie.data_factor
    match opcode:
        case _Cfa.DEF_CFA:
            state.set_cfa(register=cursor.uleb(), offset=cursor.uleb())
        case _Cfa.DEF_CFA_REGISTER:
            state.set_cfa(register=cursor.uleb())
        case _Cfa.DEF_CFA_OFFSET:
            state.set_cfa(offset=cursor.uleb())
        case _Cfa.DEF_CFA_EXPRESSION:
            state.cfa = Expression(_block(cursor))
        case _Cfa.DEF_CFA_SF:
            state.set_cfa(register=cursor.uleb(), offset=cursor.sleb() * factor)
        case _Cfa.DEF_CFA_OFFSET_SF:
            state.set_cfa(offset=cursor.sleb() * factor)


def _change_state(state: _State, opcode: int, cursor: Cursor) -> None:
    match opcode:
        case _Cfa.NOP | _Cfa.AARCH64_NEGATE_RA_STATE:
            # Whether return addresses are signed matters not: the signature is always cut off.
            pass
        case _Cfa.REMEMBER_STATE if len(state.remembered) < _MAX_STATES:
            state.remembered.append((state.cfa, dict(state.saved)))
        case _Cfa.RESTORE_STATE:
            state.cfa, state.saved = state.remembered.pop()
        case _Cfa.GNU_ARGS_SIZE:
            # How much of the stack arguments take: says nothing of registers.
            cursor.uleb()
        case _:
            _change_register(state, opcode, cursor.uleb(), cursor)


def _change_register(state: _State, opcode: int, register: int, cursor: Cursor) -> None:
    factor = state.cie.data_factor
    match opcode:
        case _Cfa.OFFSET_EXTENDED:
            state.saved[register] = AtCfa(cursor.uleb() * factor)
        case _Cfa.RESTORE_EXTENDED:
            state.restore(register)
        case _Cfa.UNDEFINED:
            state.saved[register] = Undefined()
        case _Cfa.SAME_VALUE:
            state.saved.pop(register, None)
        case _Cfa.REGISTER:
            state.saved[register] = RegisterPlus(cursor.uleb(), 0)
        case _Cfa.EXPRESSION:
            state.saved[register] = AtExpression(_block(cursor))
        case _Cfa.OFFSET_EXTENDED_SF:
            state.saved[register] = AtCfa(cursor.sleb() * factor)
        case _Cfa.VAL_OFFSET:
            state.saved[register] = CfaPlus(cursor.uleb() * factor)
        case _Cfa.VAL_OFFSET_SF:
            state.saved[register] = CfaPlus(cursor.sleb() * factor)
        case _Cfa.VAL_EXPRESSION:
            state.saved[register] = Expression(_block(cursor))
        case _:
            raise KeyError(f"unknown call frame instruction {opcode:#x}")


def _block(cursor: Cursor) -> bytes:
    return bytes(cursor.take(cursor.uleb()))
