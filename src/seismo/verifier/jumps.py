"""Conditional jumps: which sides can be taken, and what each side tells of the registers."""

from __future__ import annotations

from seismo.base.dataclass import replace
from seismo.isa.insn import Insn
from seismo.isa.opcode import OPERATION_MASK, Class, JumpOp, Source
from seismo.verifier.branch import refine
from seismo.verifier.faults import after_jump32
from seismo.verifier.need import Need
from seismo.verifier.options import Setting
from seismo.verifier.register import SOCKETS, TRUSTED, Kind, Register, constant
from seismo.verifier.scalar import Scalar
from seismo.verifier.state import State
from seismo.verifier.transfer import operand, readable
from seismo.verifier.unprivileged import check_comparison

__all__ = ("sides",)

_PACKETS = (Kind.PACKET, Kind.PACKET_META)
_NEVER_NULL = (Kind.MAP, Kind.MAP_VALUE, Kind.MAP_KEY, Kind.MEMORY, Kind.RECORD, *SOCKETS)
"""What the kernel knows not to be 0; of other pointers both sides are explored."""
_LARGEST_PACKET = 0xFFFF
_MIRRORED = {
    JumpOp.JGT: JumpOp.JLT,
    JumpOp.JGE: JumpOp.JLE,
    JumpOp.JLT: JumpOp.JGT,
    JumpOp.JLE: JumpOp.JGE,
}


def sides(setting: Setting, state: State, insn: Insn) -> tuple[State | None, State | None]:
    """The states where the comparison does not hold and where it does; None where that cannot be.

    Only one of them is `state` itself, changed.
    """
    op = JumpOp(insn.op & OPERATION_MASK)
    left, right = readable(state, insn.dst), operand(state, insn)
    if left.is_scalar and right.is_scalar:
        return _compared(setting, state, insn, op, left, right)
    left.require()
    right.require()
    if _is_null_check(insn, op, left, right):
        return _null_checked(state, op, left)
    if not setting.options.is_privileged:
        check_comparison(insn, left, right)
    other = state.copy()
    if op in (JumpOp.JEQ, JumpOp.JNE) and insn.op & Source.X and insn.op & 7 == Class.JMP:
        _equal(state if op == JumpOp.JEQ else other, insn, left, right)
    if insn.op & Source.X and insn.op & 7 == Class.JMP:
        _packet_compared(other, op, left, right, holds=False)
        _packet_compared(state, op, left, right, holds=True)
    return other, state


def _compared(
    setting: Setting, state: State, insn: Insn, op: JumpOp, left: Register, right: Register
) -> tuple[State | None, State | None]:
    fails, holds = (_refined(setting, insn, op, left, right, holds=one) for one in (False, True))
    if fails is None or holds is None:
        # One side is not explored: both numbers must be such that it never has to be.
        left.require()
        right.require()
    if fails is None and holds is None:
        return None, None
    through = state if holds is None else state.copy()
    for side, after in ((through, fails), (state, holds)):
        if after is not None:
            if insn.op & Source.X and insn.src != insn.dst:
                _learn(side, insn.src, right, after[1], left)
            _learn(side, insn.dst, left, after[0], right)
    return through if fails is not None else None, state if holds is not None else None


def _refined(
    setting: Setting, insn: Insn, op: JumpOp, left: Register, right: Register, *, holds: bool
) -> tuple[Scalar, Scalar] | None:
    """What both are on one side; None where that is never taken."""
    is_half = insn.op & 7 == Class.JMP32
    after = refine(op, left.value, right.value, is_half=is_half, holds=holds)
    compared = left.value.low if is_half else left.value.wide
    if insn.op & Source.X and insn.src == insn.dst and not compared.is_constant:
        # The kernel explores both sides of a register's comparison with itself.
        return left.value, left.value
    if after[0].is_empty or after[1].is_empty:
        return None
    if is_half and setting.options.faults:
        return after_jump32(setting, after[0]), after_jump32(setting, after[1])
    return after


def _learn(state: State, register: int, old: Register, value: Scalar, other: Register) -> None:
    """What a register is known to be after a comparison with `other`, its copies are too."""
    if value == old.value:
        return
    need = Need(old.need, other.need)
    state.registers[register] = Register(Kind.SCALAR, value, need, id=old.id)
    link = old.id
    if link:
        state.change_all(
            lambda one: (
                Register(Kind.SCALAR, value, Need(one.need, need), id=link)
                if one.id == link and one.is_scalar and one.need is not need
                else one
            )
        )


def _is_null_check(insn: Insn, op: JumpOp, left: Register, right: Register) -> bool:
    return (
        insn.op & 7 == Class.JMP
        and op in (JumpOp.JEQ, JumpOp.JNE)
        and (left.is_nullable or left.kind in _NEVER_NULL or bool(left.trust & TRUSTED))
        and right.is_null
    )


def _null_checked(state: State, op: JumpOp, pointer: Register) -> tuple[State | None, State | None]:
    """A pointer that is not null never equals 0."""
    if not pointer.is_nullable:
        return (state, None) if op == JumpOp.JEQ else (None, state)
    null, valid = state.copy(), state
    name = pointer.id
    null.change_all(lambda one: constant(0) if one.id == name and one.is_nullable else one)
    if pointer.reference:
        null.references = tuple(one for one in null.references if one[0] != pointer.reference)
    valid.change_all(
        lambda one: replace(one, is_nullable=False) if one.id == name and one.is_nullable else one
    )
    return (valid, null) if op == JumpOp.JEQ else (null, valid)


def _equal(state: State, insn: Insn, left: Register, right: Register) -> None:
    """A pointer that equals one that is not null is not null, either. Since Linux 6.2."""
    if not (left.is_pointer and right.is_pointer) or Kind.KERNEL in (left.kind, right.kind):
        return
    if left.is_nullable != right.is_nullable:
        at, pointer = (insn.dst, left) if left.is_nullable else (insn.src, right)
        state.registers[at] = replace(pointer, is_nullable=False)


def _packet_compared(
    state: State, op: JumpOp, left: Register, right: Register, *, holds: bool
) -> None:
    """How many bytes are there where `packet op end` holds, or does not."""
    if left.kind is Kind.PACKET_END or (
        left.kind is Kind.PACKET and right.kind is Kind.PACKET_META
    ):
        left, right = right, left
        op = _MIRRORED.get(op, op)
    is_end = left.kind is Kind.PACKET and right.kind is Kind.PACKET_END
    # Metadata ends where the packet begins: at the data pointer as it was loaded.
    is_start = left.kind is Kind.PACKET_META and _is_packet_start(right)
    if not (is_end or is_start) or op not in _MIRRORED:
        return
    if op in (JumpOp.JGT, JumpOp.JGE):
        is_inside = not holds
        is_open = op == JumpOp.JGE
    else:
        is_inside = holds
        is_open = op == JumpOp.JLT
    if not is_inside:
        return
    _extend(state, left, left.offset + is_open)


def _is_packet_start(register: Register) -> bool:
    return (
        register.kind is Kind.PACKET
        and not register.offset
        and register.value.is_constant
        and not register.value.value
    )


def _extend(state: State, pointer: Register, reach: int) -> None:
    """All pointers from one base may now be followed that far."""
    if reach <= 0 or pointer.value.wide.smin < 0:
        return
    if pointer.offset + pointer.value.wide.umax > _LARGEST_PACKET:
        return
    state.change_all(
        lambda one: (
            replace(one, reach=max(one.reach, reach))
            if one.kind is pointer.kind and one.id == pointer.id
            else one
        )
    )
