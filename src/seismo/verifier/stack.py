"""A function's stack: eight-byte slots, each with what its bytes are and what was spilled there.

Offsets are from the frame's top, so negative. Slots are values; a stack is copied by its dict.
"""

from __future__ import annotations

from collections.abc import Iterator

from seismo.base.dataclass import dataclass, field
from seismo.verifier.need import Need
from seismo.verifier.register import UNKNOWN, Kind, Register, constant, number
from seismo.verifier.rules import Refused, Rule
from seismo.verifier.scalar import Scalar

__all__ = (
    "MISC",
    "STACK_BYTES",
    "UNWRITTEN",
    "Slot",
    "Stack",
    "overwrite",
    "read",
    "smear",
    "write",
)

STACK_BYTES = 512
UNWRITTEN, MISC, ZERO, SPILL = range(4)
_LETTERS = "?m0r"


@dataclass(frozen=True, slots=True)
class Slot:
    """The kinds of its eight bytes, by ascending address, and the register spilled there.

    A number can be spilled by its low bytes only; a pointer takes the whole slot. `need` is marked
    when any of its bytes is read.
    """

    kinds: bytes
    spilled: Register | None = None
    need: Need = field(default_factory=Need, compare=False, repr=False)

    @property
    def is_spill(self) -> bool:
        """Whether all eight bytes are a register's."""
        return self.kinds == _SPILLED

    def __str__(self) -> str:
        if self.spilled is not None:
            return str(self.spilled)
        return "".join(_LETTERS[kind] for kind in reversed(self.kinds))


Stack = dict[int, Slot]
"""Slots by number: slot n has the bytes 8n to 8n + 7."""

_EMPTY = bytes(8)
_SPILLED = bytes([SPILL] * 8)


def write(stack: Stack, offset: int, size: int, value: Register) -> None:
    """`size` bytes at a known `offset`, from a register.

    Numbers are spilled, too, if they begin where a slot does.
    """
    at, first = divmod(offset, 8)
    if value.is_pointer and size == 8:
        stack[at] = Slot(_SPILLED, value)
    elif value.is_scalar and not first:
        _spill_number(stack, at, size, value)
    elif value.is_null:
        # That these bytes are 0 is compared exactly from now on.
        if value.need is not None:
            value.need.mark()
        _fill(stack, offset, offset + size, ZERO)
    else:
        _fill(stack, offset, offset + size, MISC)


def _spill_number(stack: Stack, at: int, size: int, value: Register) -> None:
    if size == 8:
        stack[at] = Slot(_SPILLED, value)
        return
    kept = number(value.value.zero_extend(size * 8), need=Need(value.need))
    old = stack.get(at)
    if old is None:
        stack[at] = Slot(_SPILLED[:size] + _EMPTY[size:], kept)
    else:
        kinds = _SPILLED[:size] + _bytes_of(old)[size:]
        stack[at] = Slot(kinds, kept, Need(old.need))


def smear(stack: Stack, low: int, high: int, *, may_be_zero: bool = False) -> None:
    """Any bytes from `low` to `high` (exclusive) may have been written, one does not know what.

    `may_be_zero`: what was written is 0, so that bytes that are 0 stay so.
    """
    for at, first, last in _pieces(low, high):
        old = stack.get(at)
        if old is None or (may_be_zero and old.spilled is not None and old.spilled.is_null):
            continue
        table = _SMEARED_BY_ZERO if may_be_zero else _SMEARED
        kinds = bytearray(_bytes_of(old))
        kinds[first:last] = kinds[first:last].translate(table)
        stack[at] = Slot(bytes(kinds), None, Need(old.need))


def overwrite(stack: Stack, low: int, high: int) -> None:
    """All bytes from `low` to `high` (exclusive) are written, one does not know what with."""
    _fill(stack, low, high, MISC)


def read(stack: Stack, offset: int, size: int, *, unwritten_is_fine: bool) -> Register:
    """`size` bytes at a known `offset`, as a load finds them.

    Raises Refused for bytes that nobody wrote unless they are taken for any number. Since Linux 6.3
    the kernel does that for the privileged.
    """
    kinds = bytearray()
    for at, first, last in _pieces(offset, offset + size):
        found = stack.get(at)
        if found is None:
            kinds += _EMPTY[first:last]
        else:
            found.need.mark()
            kinds += found.kinds[first:last]
    slot = stack.get(offset // 8)
    if slot is not None and slot.spilled is not None and len(kinds) == kinds.count(SPILL):
        if offset % 8 == 0:
            return _filled(slot.spilled, size)
        if slot.spilled.is_null and offset % 8 + size <= 8:
            return number(Scalar.constant(0), need=Need(slot.spilled.need))
    if UNWRITTEN in kinds and not unwritten_is_fine:
        raise Refused(
            Rule.READ,
            f"invalid read from stack off {offset}+0 size {size}",
            "write these stack bytes first",
        )
    if kinds.count(ZERO) == size:
        return constant(0)
    return UNKNOWN if size == 8 else number(Scalar.unknown().zero_extend(size * 8))


def _filled(spilled: Register, size: int) -> Register:
    """The low `size` bytes of what was spilled."""
    if size == 8 or spilled.kind is not Kind.SCALAR:
        return spilled if size == 8 else UNKNOWN
    value = spilled.value.zero_extend(size * 8)
    # What fits is the same number, and what is learnt of one is learnt of the other.
    if value == spilled.value:
        return spilled
    return number(value, need=Need(spilled.need))


def _pieces(low: int, high: int) -> Iterator[tuple[int, int, int]]:
    """The parts of slots from `low` to `high`: a slot's number, and its bytes from and to."""
    while low < high:
        at, first = divmod(low, 8)
        last = min(8, first + high - low)
        yield at, first, last
        low += last - first


def _fill(stack: Stack, low: int, high: int, kind: int) -> None:
    for at, first, last in _pieces(low, high):
        if last - first == 8:
            stack[at] = Slot(bytes([kind] * 8))
            continue
        old = stack.get(at)
        kinds = bytearray(_EMPTY if old is None else _bytes_of(old))
        kinds[first:last] = bytes([kind] * (last - first))
        stack[at] = Slot(bytes(kinds), None, Need(None if old is None else old.need))


def _bytes_of(slot: Slot) -> bytes:
    """The slot's kinds once part of it is overwritten: what was spilled are only bytes. Those of a
    pointer count as unwritten: they may be read only where any bytes may."""
    is_pointer = slot.spilled is not None and slot.spilled.is_pointer
    return slot.kinds.translate(_WITHOUT_POINTER if is_pointer else _WITHOUT_SPILL)


def _table(unwritten: int, misc: int, zero: int, spill: int) -> bytes:
    """What becomes of each kind of byte."""
    return bytes((unwritten, misc, zero, spill)) + bytes(252)


_WITHOUT_SPILL = _table(UNWRITTEN, MISC, ZERO, MISC)
_WITHOUT_POINTER = _table(UNWRITTEN, MISC, ZERO, UNWRITTEN)
_SMEARED = _table(UNWRITTEN, MISC, MISC, MISC)
_SMEARED_BY_ZERO = _table(UNWRITTEN, MISC, ZERO, MISC)
