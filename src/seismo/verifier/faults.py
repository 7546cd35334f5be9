"""What the faults of `Fault` do: arithmetic that is wrong in just the way that it once was.

None of it runs unless `Options.faults` asks for it. The one that is not arithmetic, letting
pointers that may be null be moved (CVE-2022-23222), is a check left out of `pointers`: where the
original turns out to be null, so are all that came of it, and one that was moved is not 0.
"""

from __future__ import annotations

from seismo.base.dataclass import replace
from seismo.isa.insn import Insn
from seismo.isa.opcode import AluOp, Source
from seismo.verifier.interval import Interval, tightened
from seismo.verifier.options import Fault, Setting
from seismo.verifier.scalar import Scalar, joined
from seismo.verifier.tnum import Tnum

__all__ = ("after_arithmetic", "after_jump32", "after_move32")

_BITWISE = (AluOp.AND, AluOp.OR, AluOp.XOR)


def after_move32(setting: Setting, insn: Insn, right: Scalar) -> Scalar:
    """CVE-2017-16995: a 32-bit move of a negative immediate was taken for a 64-bit one.

    The machine fills up with zeros, so `w1 = -1; if r1 != -1` goes where nobody looked.
    """
    if Fault.SIGN_EXTENDED_MOV32 in setting.options.faults and not insn.op & Source.X:
        return right
    return right.zero_extend(32)


def after_jump32(setting: Setting, value: Scalar) -> Scalar:
    """CVE-2020-8835: after a 32-bit comparison the lower half was thought to lie between the lower
    halves of the 64-bit bounds.

    Of 1 to 2**32 + 1 both are 1, so the lower half was thought to be 1.
    """
    if Fault.JUMP32_BOUNDS not in setting.options.faults or value.is_empty:
        return value
    wide, half = value.wide, value.low.width
    mask = (1 << half) - 1
    low, high = sorted((wide.umin & mask, wide.umax & mask))
    lower, between = wide.bits.truncate(half), Tnum.spanning(low, high)
    if lower.conflicts(between):
        return value
    bits = wide.bits.with_low(lower.intersect(between), half)
    narrowed = tightened(wide.width, bits, wide.unsigned_bounds, wide.signed_bounds)
    return joined(narrowed, Interval.unknown(half))


def after_arithmetic(
    setting: Setting, op: AluOp, left: Scalar, right: Scalar, result: Scalar
) -> Scalar:
    """CVE-2021-3490: where both lower halves of a 64-bit and, or, xor are known, the 32-bit bounds
    stayed the left operand's.

    They contradict the bits then, and a sum with such a number is thought to be what it is not.
    """
    is_left_as_it_was = op in _BITWISE and left.low.is_constant and right.low.is_constant
    if Fault.BITWISE_BOUNDS32 not in setting.options.faults or not is_left_as_it_was:
        return result
    if left.is_constant and right.is_constant:
        return result
    bits, old = result.low.bits, left.low
    signed = Interval.constant(bits.value, old.width).smin
    low = replace(
        old,
        bits=bits,
        umin=max(old.umin, bits.value),
        umax=min(old.umax, bits.value),
        smin=max(old.smin, signed),
        smax=min(old.smax, signed),
    )
    return Scalar(result.wide, low)
