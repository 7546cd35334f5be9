"""What arithmetic makes of intervals: each result has all that any two members give.

Where the kernel's verifier gives up (divisions, shifts by what is not known), so does this.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from seismo.isa.opcode import AluOp
from seismo.verifier.interval import Interval, tightened

__all__ = ("compute", "is_computed", "shift_by_constant")


def compute(op: AluOp, left: Interval, right: Interval) -> Interval:
    """`left op right` in the width of both, the result modulo 2**width."""
    if not is_computed(op, right):
        return Interval.unknown(left.width)
    rule = _RULES.get(op)
    return rule(left, right) if rule is not None else shift_by_constant(op, left, right.umin)


def is_computed(op: AluOp, right: Interval) -> bool:
    """Whether anything is known of `op`'s result, the second operand being `right`."""
    is_shift = op in (AluOp.LSH, AluOp.RSH, AluOp.ARSH)
    return op in _RULES or (is_shift and right.is_constant and right.umin < right.width)


def shift_by_constant(op: AluOp, value: Interval, count: int) -> Interval:
    """`value` shifted by 0 to width - 1 bits."""
    width, bits = value.width, value.bits
    umin, umax, smin, smax = value.umin, value.umax, value.smin, value.smax
    if op == AluOp.LSH:
        return tightened(
            width,
            bits.shift_left(count, width),
            _wrapped(umin << count, umax << count, 0, width),
            _wrapped(smin << count, smax << count, -1 << (width - 1), width),
        )
    if op == AluOp.RSH:
        shifted = bits.shift_right(count)
        return tightened(width, shifted, (umin >> count, umax >> count), _any_signed(width))
    shifted = bits.shift_right_signed(count, width)
    return tightened(width, shifted, _any_unsigned(width), (smin >> count, smax >> count))


def _mov(_left: Interval, right: Interval) -> Interval:
    return right


def _add(left: Interval, right: Interval) -> Interval:
    width = left.width
    return tightened(
        width,
        left.bits.add(right.bits, width),
        _wrapped(left.umin + right.umin, left.umax + right.umax, 0, width),
        _wrapped(left.smin + right.smin, left.smax + right.smax, -1 << (width - 1), width),
    )


def _sub(left: Interval, right: Interval) -> Interval:
    width = left.width
    return tightened(
        width,
        left.bits.sub(right.bits, width),
        _wrapped(left.umin - right.umax, left.umax - right.umin, 0, width),
        _wrapped(left.smin - right.smax, left.smax - right.smin, -1 << (width - 1), width),
    )


def _mul(left: Interval, right: Interval) -> Interval:
    width = left.width
    corners = [one * other for one in left.signed_bounds for other in right.signed_bounds]
    return tightened(
        width,
        left.bits.mul(right.bits, width),
        _wrapped(left.umin * right.umin, left.umax * right.umax, 0, width),
        _wrapped(min(corners), max(corners), -1 << (width - 1), width),
    )


def _and(left: Interval, right: Interval) -> Interval:
    bits = left.bits.bit_and(right.bits)
    most = min(left.umax, right.umax)
    return tightened(left.width, bits, (0, most), _any_signed(left.width))


def _or(left: Interval, right: Interval) -> Interval:
    width = left.width
    bits = left.bits.bit_or(right.bits)
    least = max(left.umin, right.umin)
    return tightened(width, bits, (least, (1 << width) - 1), _any_signed(width))


def _xor(left: Interval, right: Interval) -> Interval:
    width = left.width
    bits = left.bits.bit_xor(right.bits)
    return tightened(width, bits, _any_unsigned(width), _any_signed(width))


def _neg(left: Interval, _right: Interval) -> Interval:
    return _sub(Interval.constant(0, left.width), left)


_RULES: Mapping[AluOp, Callable[[Interval, Interval], Interval]] = {
    AluOp.MOV: _mov,
    AluOp.ADD: _add,
    AluOp.SUB: _sub,
    AluOp.MUL: _mul,
    AluOp.AND: _and,
    AluOp.OR: _or,
    AluOp.XOR: _xor,
    AluOp.NEG: _neg,
}


def _wrapped(low: int, high: int, least: int, width: int) -> tuple[int, int]:
    """`low` to `high` modulo 2**width in the range that starts at `least`.

    That range itself where they lie in different turns: then some wrap around and some do not.
    """
    turn = (low - least) >> width
    if turn == (high - least) >> width:
        return low - (turn << width), high - (turn << width)
    return least, least + (1 << width) - 1


def _any_unsigned(width: int) -> tuple[int, int]:
    return 0, (1 << width) - 1


def _any_signed(width: int) -> tuple[int, int]:
    return -1 << (width - 1), (1 << (width - 1)) - 1
