"""Arithmetic on pointers: what may be added to which, and what of the result is known.

The rules are adjust_ptr_min_max_vals of kernel/bpf/verifier.c.
"""

from __future__ import annotations

from seismo.base.dataclass import replace
from seismo.isa.insn import Insn
from seismo.isa.opcode import AluOp
from seismo.verifier.memory import LARGEST_OFFSET
from seismo.verifier.options import Fault, Setting
from seismo.verifier.register import UNKNOWN, Kind, Register
from seismo.verifier.rules import Refused, Rule
from seismo.verifier.scalar import Scalar, alu
from seismo.verifier.unprivileged import check_moved, check_operand

__all__ = ("add_to_pointer",)

_FIXED = (Kind.MAP, Kind.PACKET_END, Kind.SOCKET, Kind.FUNCTION)
_SYMBOLS = {
    AluOp.AND: "&=",
    AluOp.OR: "|=",
    AluOp.XOR: "^=",
    AluOp.MUL: "*=",
    AluOp.DIV: "/=",
    AluOp.MOD: "%=",
    AluOp.LSH: "<<=",
    AluOp.RSH: ">>=",
    AluOp.ARSH: "s>>=",
    AluOp.ADD: "+=",
    AluOp.SUB: "-=",
}


def add_to_pointer(
    setting: Setting, insn: Insn, op: AluOp, left: Register, right: Register, *, is_half: bool
) -> Register:
    """`left op right`, one or both of them pointers; raises Refused."""
    is_number = op == AluOp.NEG or (op == AluOp.SUB and (is_half or right.is_pointer))
    if is_number and left.is_pointer:
        if not setting.options.is_privileged:
            check_operand(insn, left, right)
        return UNKNOWN
    at = insn.dst.value
    if left.is_pointer and right.is_pointer:
        raise Refused(
            Rule.POINTER,
            f"R{at} pointer {_SYMBOLS[op]} pointer prohibited",
            "pointers can only be subtracted from one another",
        )
    if is_half:
        raise Refused(
            Rule.POINTER, f"R{at} 32-bit pointer arithmetic prohibited", "use 64-bit arithmetic"
        )
    pointer, amount = (left, right) if left.is_pointer else (right, left)
    if pointer.is_nullable and Fault.OR_NULL_ARITHMETIC not in setting.options.faults:
        raise Refused(
            Rule.NULL,
            f"R{at} pointer arithmetic on {pointer.kind.value}_or_null prohibited, "
            "null-check it first",
            f"compare r{at} with 0 before",
        )
    _check_operation(pointer, amount, op, at, is_swapped=right.is_pointer)
    _check_amount(pointer, amount)
    moved = _moved(setting, pointer, amount.value, op)
    _check_result(moved)
    if not setting.options.is_privileged:
        check_moved(moved, amount, at)
    return moved


def _check_operation(
    pointer: Register, amount: Register, op: AluOp, at: int, *, is_swapped: bool
) -> None:
    kind = pointer.kind
    is_moved = not amount.value.is_constant or amount.value.value != 0
    if kind in _FIXED:
        if kind is Kind.MAP and op == AluOp.ADD and not is_moved:
            return
        raise Refused(Rule.POINTER, f"R{at} pointer arithmetic on {kind.value} prohibited")
    if op in (AluOp.AND, AluOp.OR, AluOp.XOR):
        raise Refused(Rule.POINTER, f"R{at} bitwise operator {_SYMBOLS[op]} on pointer prohibited")
    if op not in (AluOp.ADD, AluOp.SUB):
        raise Refused(
            Rule.POINTER, f"R{at} pointer arithmetic with {_SYMBOLS[op]} operator prohibited"
        )
    if op == AluOp.SUB and is_swapped:
        raise Refused(Rule.POINTER, f"R{at} tried to subtract pointer from scalar")
    if op == AluOp.SUB and kind is Kind.STACK:
        raise Refused(
            Rule.POINTER,
            f"R{at} subtraction from stack pointer prohibited",
            "add a negative number instead",
        )


def _check_amount(pointer: Register, amount: Register) -> None:
    bounds = amount.value.wide
    kind = pointer.kind.value
    if bounds.is_constant and not -LARGEST_OFFSET < bounds.smin < LARGEST_OFFSET:
        raise Refused(Rule.POINTER, f"math between {kind} pointer and {bounds.smin} is not allowed")
    if bounds.smin == -(1 << 63):
        raise Refused(
            Rule.POINTER,
            f"math between {kind} pointer and register with unbounded min value is not allowed",
            "compare the number first, so that both its bounds are known",
        )
    if not -LARGEST_OFFSET < bounds.smin < LARGEST_OFFSET:
        raise Refused(Rule.POINTER, f"value {bounds.smin} makes {kind} pointer be out of bounds")


def _moved(setting: Setting, pointer: Register, amount: Scalar, op: AluOp) -> Register:
    if amount.is_constant:
        step = amount.wide.smin if op == AluOp.ADD else -amount.wide.smin
        return replace(pointer, offset=pointer.offset + step)
    value = alu(op, pointer.value, amount, is_half=False)
    if pointer.kind not in (Kind.PACKET, Kind.PACKET_META):
        return replace(pointer, value=value)
    # The distance to the old base is not known, so what was compared is lost.
    return replace(pointer, value=value, id=setting.new_id(), reach=0)


def _check_result(pointer: Register) -> None:
    bounds = pointer.value.wide
    kind = pointer.kind.value
    if not -LARGEST_OFFSET < pointer.offset < LARGEST_OFFSET:
        raise Refused(Rule.POINTER, f"{kind} pointer offset {pointer.offset} is not allowed")
    if not -LARGEST_OFFSET < bounds.smin < LARGEST_OFFSET:
        raise Refused(Rule.POINTER, f"value {bounds.smin} makes {kind} pointer be out of bounds")
