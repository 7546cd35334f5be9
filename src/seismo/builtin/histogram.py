"""Histograms: `hist`, whose buckets grow by powers of two, and `lhist`, whose are of one width.

A bucket is an entry of the map: its number follows the key.
"""

from __future__ import annotations

from seismo.base.layout import U64
from seismo.builtin.aggregate import NUMBER
from seismo.builtin.record import Aggregate, Lowering, Update
from seismo.ir.builder import Builder
from seismo.ir.ops import BinaryKind, Cond, Value
from seismo.lang.ast import Call
from seismo.lang.signature import CallContext, Param, Signature
from seismo.lang.types import UINT64, AggregateType, Type

__all__ = (
    "AGGREGATES",
    "HIST",
    "LHIST",
    "MAX_BITS",
    "MAX_LINEAR_BUCKETS",
    "linear_bucket",
    "log_bucket",
)

MAX_BITS = 5
"""The finest that `hist` gets: 2**5 buckets for every power of two."""

MAX_LINEAR_BUCKETS = 1000


def _count_in(low: Lowering, bucket: Value) -> Update:
    return Update(lambda share: low.b.atomic_add(share, 0, low.b.const(1)), bucket)


def _check_hist(call: Call, types: tuple[Type, ...], context: CallContext) -> Type:
    bits = 0
    if len(call.args) > 1 and context.is_constant(call.args[1]):
        bits = int(context.constant(call.args[1]))
    if not 0 <= bits <= MAX_BITS:
        context.error(
            call.args[1].span,
            f"the bits of hist() must be 0 to {MAX_BITS}",
            hint="with n bits, every power of two has 2^n buckets",
        )
        bits = 0
    return AggregateType("hist", UINT64, (bits,))


def _update_hist(low: Lowering, call: Call) -> Update:
    bits = int(low.constant(call.args[1])) if len(call.args) > 1 else 0
    return _count_in(low, log_bucket(low.b, low.scalar(call.args[0]), bits))


def log_bucket(b: Builder, number: Value, bits: int) -> Value:
    """The bucket of a number, seen as an int64: 0 for a negative one; 1 + n for n < 2**bits, and
    above that 2**bits buckets for every power of two.

        shift  = how far n must go to the right to fit bits + 1 bits
        bucket = 1 + (shift << bits) + (n >> shift)

    as n >> shift begins with a one that counts for the power of two before it.
    """
    shift = _log2(b, b.binary(BinaryKind.SHR, number, b.const(bits)))
    power = b.binary(BinaryKind.SHL, shift, b.const(bits))
    bucket = b.add(b.add(power, b.binary(BinaryKind.SHR, number, shift)), b.const(1))
    sign = b.binary(BinaryKind.SAR, number, b.const(63))
    return b.binary(BinaryKind.AND, bucket, b.binary(BinaryKind.XOR, sign, b.const(-1)))


def _log2(b: Builder, number: Value) -> Value:
    """The place of the highest bit set in a number below 2**63, 0 for 0.

    By halves and without branches, which the kernel's verifier would have to follow: the sign of
    limit - number tells whether the number reaches into the upper half.
    """
    result = b.const(0)
    for step in (5, 4, 3, 2, 1):
        limit = b.const((1 << (1 << step)) - 1)
        over = b.binary(BinaryKind.SHR, b.binary(BinaryKind.SUB, limit, number), b.const(63))
        part = b.binary(BinaryKind.SHL, over, b.const(step))
        number = b.binary(BinaryKind.SHR, number, part)
        result = b.binary(BinaryKind.OR, result, part)
    return b.binary(BinaryKind.OR, result, b.binary(BinaryKind.SHR, number, b.const(1)))


def _check_lhist(call: Call, types: tuple[Type, ...], context: CallContext) -> Type:
    bounds = call.args[1:]
    if not all(context.is_constant(one) for one in bounds):
        return AggregateType("lhist", UINT64, (0, 1, 1))  # reported already: they are literals
    least, most, step = (int(context.constant(one)) for one in bounds)
    width = most - least
    if step < 1:
        context.error(bounds[2].span, f"the step of lhist() must be at least 1, not {step}")
    elif width <= 0:
        context.error(
            call.span, f"the minimum of lhist() must be below the maximum: {least}, {most}"
        )
    elif width < step:
        context.error(
            bounds[2].span, f"the step of lhist() is {step}, but its range is only {width} wide"
        )
    elif width // step > MAX_LINEAR_BUCKETS:
        context.error(
            call.span,
            f"lhist() would have {width // step} buckets, more than {MAX_LINEAR_BUCKETS}",
            hint=f"take steps of {-(-width // MAX_LINEAR_BUCKETS)} or more",
        )
    return AggregateType("lhist", UINT64, (least, most, step))


def _update_lhist(low: Lowering, call: Call) -> Update:
    least, most, step = (int(low.constant(one)) for one in call.args[1:])
    return _count_in(low, linear_bucket(low.b, low.scalar(call.args[0]), least, most, step))


def linear_bucket(b: Builder, number: Value, least: int, most: int, step: int) -> Value:
    """0 below the least, 1 for the first step from there, …; one more from the greatest on."""
    bucket = "?bucket"
    b.write(bucket, b.const(0))

    def above() -> None:
        b.write(bucket, b.const(1 + (most - least) // step))

    def within() -> None:
        distance = b.binary(BinaryKind.SUB, number, b.const(least))
        steps = b.binary(BinaryKind.DIV, distance, b.const(step))
        b.write(bucket, b.add(steps, b.const(1)))

    def reached() -> None:
        b.when(Cond.SGE, number, b.const(most), above, within)

    b.when(Cond.SGE, number, b.const(least), reached)
    return b.read(bucket)


def _bound(name: str) -> Param:
    return Param(name, ("int",), literal=True)


HIST = Aggregate(
    signature=Signature(
        name="hist",
        params=(NUMBER, Param("bits", ("int",), optional=True, literal=True)),
        returns=AggregateType("hist", UINT64, (0,)),
        check=_check_hist,
        is_aggregate=True,
    ),
    doc="A histogram whose buckets double: `@m[key] = hist(n)`; with `hist(n, bits)` every power "
    f"of two has 2^bits buckets (0 to {MAX_BITS} bits). Negative numbers share one bucket; a "
    "number is taken as an int64.",
    reduction="hist",
    share=lambda _: U64,
    update=_update_hist,
    has_buckets=True,
    example="tracepoint:syscalls:sys_exit_read { @bytes[comm] = hist(args.ret); }",
)
LHIST = Aggregate(
    signature=Signature(
        name="lhist",
        params=(NUMBER, _bound("min"), _bound("max"), _bound("step")),
        returns=AggregateType("lhist", UINT64, (0, 1, 1)),
        check=_check_lhist,
        is_aggregate=True,
    ),
    doc="A histogram whose buckets are `step` wide, from `min` up to `max`: `@m[key] = lhist(n, "
    f"min, max, step)`, at most {MAX_LINEAR_BUCKETS} and one each for what is below and above. A "
    "number is taken as an int64.",
    reduction="lhist",
    share=lambda _: U64,
    update=_update_lhist,
    has_buckets=True,
    example="tracepoint:syscalls:sys_exit_read { @bytes = lhist(args.ret, 0, 2000, 200); }",
)

AGGREGATES = (HIST, LHIST)
