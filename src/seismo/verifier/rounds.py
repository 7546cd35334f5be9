"""Loops that something ends besides the program: callbacks, may_goto and iterators.

Their rounds are explored until one begins with nothing that an earlier one did not begin with. So
that this happens, what changed from one to the next and is not needed is forgotten. It is what
`widen_imprecise_scalars` of kernel/bpf/verifier.c does. Since Linux 6.7.
"""

from __future__ import annotations

from seismo.verifier.register import UNKNOWN, Register
from seismo.verifier.stack import Slot
from seismo.verifier.state import State

__all__ = ("widen",)


def widen(before: State, state: State) -> None:
    """Forget of `state`, where a round begins, the numbers that are not as they were `before`, when
    an earlier one began."""
    for old, new in zip(before.frames, state.frames, strict=True):
        new.registers[:] = map(_widened, old.registers, new.registers)
        for number, slot in new.stack.items():
            other = old.stack.get(number)
            if slot.spilled is None or other is None or other.spilled is None:
                continue
            after = _widened(other.spilled, slot.spilled)
            if after is not slot.spilled and slot.is_spill:
                new.stack[number] = Slot(slot.kinds, after, slot.need)


def _widened(old: Register, new: Register) -> Register:
    """A number that differs from the old one, neither of them needed, is any number."""
    if not (old.is_scalar and new.is_scalar) or _is_needed(old) or _is_needed(new):
        return new
    return new if old.value == new.value and old.id == new.id else UNKNOWN


def _is_needed(register: Register) -> bool:
    return register.need is None or register.need.is_marked
