"""Bit fields: read, and written without touching their neighbours."""

from __future__ import annotations

from seismo.base.dataclass import dataclass
from seismo.c.lower.arithmetic import UNSIGNED, extend_bits, integer_of
from seismo.c.lower.memory import load, store
from seismo.c.lower.state import Body
from seismo.c.lower.value import Address, Operand
from seismo.c.types import CType
from seismo.ir.ops import BinaryKind, Value

__all__ = ("Bits", "get_bits", "put_bits")


@dataclass(frozen=True, slots=True)
class Bits:
    """A bit field: `size` bits at `offset` from the start of a record of `record_size` bytes."""

    record: Address
    record_size: int
    offset: int
    size: int


def get_bits(low: Body, bits: Bits, type_: CType) -> Operand:
    """The field's value, of its type."""
    signed = integer_of(type_).is_signed
    return Operand(_read(low, bits, signed=signed), type_)


def put_bits(low: Body, bits: Bits, operand: Operand) -> Operand:
    """Write the field; what it holds then."""
    _write(low, bits, operand.value)
    signed = integer_of(operand.type).is_signed
    kept = extend_bits(low.b, operand.value, bits.size, signed=signed)
    return Operand(kept, operand.type)


def _window(bits: Bits) -> tuple[int, int] | None:
    """(offset, size) of the aligned bytes of the record in which all the bits are; None if these
    are not 1, 2, 4 or 8 bytes."""
    first, last = bits.offset // 8, (bits.offset + bits.size - 1) // 8
    for size in UNSIGNED:
        start = first // size * size
        if last < start + size <= max(bits.record_size, last + 1):
            return start, size
    return None


def _halves(bits: Bits) -> tuple[Bits, Bits, int]:
    """Bits that no window holds, parted at a byte: the low ones, the high ones, how many are
    low."""
    first, last = bits.offset // 8, (bits.offset + bits.size - 1) // 8
    cut = (first + (last - first + 1) // 2) * 8 - bits.offset
    low = Bits(bits.record, bits.record_size, bits.offset, cut)
    high = Bits(bits.record, bits.record_size, bits.offset + cut, bits.size - cut)
    return low, high, cut


def _read(low: Body, bits: Bits, *, signed: bool) -> Value:
    b, window = low.b, _window(bits)
    if window is None:
        lower, upper, cut = _halves(bits)
        high = b.binary(BinaryKind.SHL, _read(low, upper, signed=signed), b.const(cut))
        return b.binary(BinaryKind.OR, high, _read(low, lower, signed=False))
    start, size = window
    whole = load(low, bits.record.at(start), UNSIGNED[size]).value
    above = 64 - (bits.offset - 8 * start) - bits.size
    high = b.binary(BinaryKind.SHL, whole, b.const(above))
    return b.binary(BinaryKind.SAR if signed else BinaryKind.SHR, high, b.const(64 - bits.size))


def _write(low: Body, bits: Bits, value: Value) -> None:
    b, window = low.b, _window(bits)
    if window is None:
        lower, upper, cut = _halves(bits)
        _write(low, lower, value)
        _write(low, upper, b.binary(BinaryKind.SHR, value, b.const(cut)))
        return
    start, size = window
    at, unsigned, shift = bits.record.at(start), UNSIGNED[size], bits.offset - 8 * start
    mask = ((1 << bits.size) - 1) << shift
    kept = b.binary(BinaryKind.AND, load(low, at, unsigned).value, b.const(~mask))
    moved = b.binary(BinaryKind.SHL, value, b.const(shift))
    new = b.binary(BinaryKind.OR, kept, b.binary(BinaryKind.AND, moved, b.const(mask)))
    store(low, at, Operand(new, unsigned))
