"""Open-coded iterators: objects on the stack that one function makes, one asks, and one ends."""

from __future__ import annotations

from seismo.base.dataclass import replace
from seismo.isa.insn import Reg
from seismo.verifier.memory import forget_dynptrs
from seismo.verifier.register import UNTRUSTED, Kind, Register
from seismo.verifier.rules import Refused, Rule
from seismo.verifier.stack import SPILL, STACK_BYTES, Slot
from seismo.verifier.state import State

__all__ = (
    "DRAINED",
    "check_iterator",
    "check_new_iterator",
    "drain",
    "end_iterator",
    "make_iterator",
)

DRAINED = 1
"""`Register.reach` of the slots of an iterator that has nothing more to give."""


def check_new_iterator(state: State, register: Reg, size: int, name: str) -> tuple[int, int]:
    """Room for an iterator of `size` bytes: its frame and its offset there; raises Refused."""
    frame, at = _place(state, register, size)
    for slot in _slots(state, frame, at, size):
        held = slot.spilled if slot is not None else None
        if held is not None and held.kind in (Kind.ITERATOR, Kind.DYNPTR):
            raise Refused(
                Rule.HELPER,
                f"expected uninitialized iter_{name} as arg #{register.value - 1}",
                "end the iterator that is there first",
            )
    return frame, at


def make_iterator(
    state: State, place: tuple[int, int], size: int, name: str, *, reference: int, trust: int
) -> None:
    """Have an iterator of this name on the stack."""
    frame, at = place
    forget_dynptrs(state, frame, at, at + size)
    for index in range(size // 8):
        content = Register(
            Kind.ITERATOR,
            offset=index,
            id=reference,
            reference=reference,
            name=name,
            size=size,
            trust=trust,
        )
        state.frames[frame].stack[at // 8 + index] = Slot(bytes([SPILL] * 8), content)


def check_iterator(state: State, register: Reg, size: int, name: str) -> Register:
    """The iterator that an argument points to; raises Refused."""
    frame, at = _place(state, register, size)
    slots = _slots(state, frame, at, size)
    held = [slot.spilled if slot is not None else None for slot in slots]
    first = held[0]
    if first is None or any(
        one is None or one.kind is not Kind.ITERATOR or (one.name, one.offset) != (name, index)
        for index, one in enumerate(held)
    ):
        raise Refused(
            Rule.HELPER,
            f"expected an initialized iter_{name} as arg #{register.value - 1}",
            f"make it by bpf_iter_{name}_new first",
        )
    for slot in slots:
        assert slot is not None, "they hold an iterator"
        slot.need.mark()
    if first.trust & UNTRUSTED:
        raise Refused(
            Rule.REFERENCE,
            f"expected an RCU CS when using bpf_iter_{name}",
            "make the iterator in the read section that it is used in",
        )
    return first


def drain(state: State, iterator: Register) -> None:
    """It has nothing more to give."""
    state.change_all(lambda one: replace(one, reach=DRAINED) if _is_of(one, iterator) else one)


def end_iterator(state: State, register: Reg, size: int, iterator: Register) -> None:
    """Its bytes are the stack's again, and what it gave is gone."""
    frame, at = _place(state, register, size)
    for index in range(size // 8):
        state.frames[frame].stack.pop(at // 8 + index, None)
    state.release(iterator.reference)


def _is_of(one: Register, iterator: Register) -> bool:
    return one.kind is Kind.ITERATOR and one.id == iterator.id


def _place(state: State, register: Reg, size: int) -> tuple[int, int]:
    content = state.registers[register]
    if content.kind is not Kind.STACK:
        raise Refused(
            Rule.HELPER,
            f"arg#{register.value - 1} expected pointer to an iterator on stack",
            "an iterator lies on the stack",
        )
    at = content.offset + content.value.wide.smin
    if not content.value.is_constant or at % 8 or at < -STACK_BYTES or at + size > 0:
        raise Refused(
            Rule.BOUNDS,
            f"cannot pass in iter at an offset={at}",
            f"it takes {size} aligned bytes of the stack",
        )
    return content.frame, at


def _slots(state: State, frame: int, at: int, size: int) -> list[Slot | None]:
    stack = state.frames[frame].stack
    return [stack.get(at // 8 + index) for index in range(size // 8)]
