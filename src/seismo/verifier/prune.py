"""Whether a state needs no exploring because one that covers it was explored.

`covers(old, new)`: each concrete machine that `new` describes is one that `old` describes, but for
what nothing after `old` depended on, where that is known (`need`). Ids are names of no meaning of
their own, so they need only match one to one, as in `check_ids` of kernel/bpf/verifier.c.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from seismo.verifier.need import Need
from seismo.verifier.register import UNKNOWN, Kind, Register
from seismo.verifier.stack import MISC, UNWRITTEN, Slot
from seismo.verifier.state import Frame, State

__all__ = ("carry_needs", "covers")

_NOTHING = bytes(8)
_PACKETS = (Kind.PACKET, Kind.PACKET_META)
_OPAQUE = (Kind.DYNPTR, Kind.ITERATOR)
"""What helpers keep on the stack: they read it without a load."""


class _Match:
    """One comparison: by what is needed, or of all there is; and which id of the old state stands
    for which of the new one."""

    __slots__ = ("by_need", "ids", "taken")

    def __init__(self, by_need: bool) -> None:
        self.by_need = by_need
        self.ids: dict[int, int] = {}
        self.taken: dict[int, int] = {}

    def names(self, old: int, new: int) -> bool:
        """One to one; 0, which is none, matches only itself."""
        if not old or not new:
            return old == new
        return self.ids.setdefault(old, new) == new and self.taken.setdefault(new, old) == old


def covers(old: State, new: State, live: Sequence[Sequence[int]], *, by_need: bool) -> bool:
    """Whether all that `new` can do, `old` could; `live` are the registers of each frame that are
    read before they are written. `by_need` leaves out what is not needed: only once all that
    follows `old` was explored."""
    if len(old.frames) != len(new.frames) or len(old.references) != len(new.references):
        return False
    if old.held != new.held:
        return False
    match = _Match(by_need)
    for before, after in zip(old.references, new.references, strict=True):
        if before[1] != after[1] or not match.names(before[0], after[0]):
            return False
    for one, other, alive in zip(old.frames, new.frames, live, strict=True):
        if not _covers_frame(one, other, alive, match):
            return False
    return True


def carry_needs(old: State, new: State, live: Sequence[Sequence[int]], *, is_final: bool) -> None:
    """What is needed of `old` is needed of `new`, which it covers; also what will turn out to be,
    unless it is known that nothing will (`is_final`)."""
    for before, after, alive in zip(old.frames, new.frames, live, strict=True):
        for index in alive:
            _carry_number(before.registers[index], after.registers[index], is_final)
        for number, slot in before.stack.items():
            other = after.stack.get(number)
            if other is None:
                continue
            _carry(slot.need, other.need, is_final)
            if slot.spilled is not None and other.spilled is not None:
                _carry_number(slot.spilled, other.spilled, is_final)


def _carry_number(old: Register, new: Register, is_final: bool) -> None:
    if new.need is None or old is UNKNOWN:
        return
    if old.need is None:
        new.need.mark()
    else:
        _carry(old.need, new.need, is_final)


def _carry(old: Need, new: Need, is_final: bool) -> None:
    if old.is_marked or not is_final:
        old.carry(new)


def _covers_frame(old: Frame, new: Frame, live: Sequence[int], match: _Match) -> bool:
    if (
        old.function != new.function
        or old.return_to != new.return_to
        or old.is_callback != new.is_callback
        or old.rounds > new.rounds
    ):
        return False
    for index in live:
        if not _covers_register(old.registers[index], new.registers[index], match):
            return False
    for number, slot in _compared(old, match):
        if not _covers_slot(slot, new.stack.get(number), match):
            return False
    return True


def _compared(frame: Frame, match: _Match) -> Iterator[tuple[int, Slot]]:
    """The slots that something may read; what a helper keeps there is not read by loads."""
    for number, slot in frame.stack.items():
        is_opaque = slot.spilled is not None and slot.spilled.kind in _OPAQUE
        if slot.need.is_marked or is_opaque or not match.by_need:
            yield number, slot


def _covers_slot(old: Slot, new: Slot | None, match: _Match) -> bool:
    """Bytes that the old state had unwritten were never depended on."""
    if old.kinds == _NOTHING:
        return True
    if new is None:
        return False
    if new.spilled is not None and new.spilled.kind in _OPAQUE and old.spilled is None:
        return False
    number, other = _number_in(old), _number_in(new)
    if number is not None and other is not None:
        return _covers_register(number, other, match)
    if old.spilled is not None:
        return (
            new.spilled is not None
            and old.kinds == new.kinds
            and _covers_register(old.spilled, new.spilled, match)
        )
    return all(map(_covers_byte, old.kinds, new.kinds))


def _number_in(slot: Slot) -> Register | None:
    """What a load of the whole slot gives, if that is a number."""
    if slot.spilled is not None:
        return slot.spilled if slot.is_spill and slot.spilled.is_scalar else None
    return UNKNOWN if slot.kinds == _ALL_MISC else None


_ALL_MISC = bytes([MISC] * 8)


def _covers_byte(old: int, new: int) -> bool:
    return old in (new, UNWRITTEN) or (old == MISC and new != UNWRITTEN)


def _covers_register(old: Register, new: Register, match: _Match) -> bool:
    if old.kind is Kind.UNWRITTEN:
        return True
    if old.kind is not new.kind:
        return False
    if old.kind is Kind.SCALAR:
        if match.by_need and old.need is not None and not old.need.is_marked:
            return True
        # A number that was linked to no other gave no knowledge of another.
        is_linked = not old.id or match.names(old.id, new.id)
        return is_linked and old.value.covers(new.value)
    return (
        old.offset == new.offset
        and old.name == new.name
        and old.size == new.size
        and old.frame == new.frame
        and old.type == new.type
        and old.trust == new.trust
        and old.is_nullable == new.is_nullable
        and old.is_read_only == new.is_read_only
        and (old.reach == new.reach or (old.reach < new.reach and old.kind in _PACKETS))
        and match.names(old.id, new.id)
        and match.names(old.reference, new.reference)
        and match.names(old.dynptr, new.dynptr)
        and old.value.covers(new.value)
    )
