"""Dynptrs: 16 bytes of the stack that only helpers look into, and what is got through them."""

from __future__ import annotations

from seismo.isa.insn import Reg
from seismo.verifier.memory import forget_dynptrs
from seismo.verifier.register import Kind, Register
from seismo.verifier.rules import Refused, Rule
from seismo.verifier.stack import SPILL, STACK_BYTES, Slot
from seismo.verifier.state import State

__all__ = ("check_dynptr", "check_new_dynptr", "make_dynptr")

_SLOTS = 2


def check_new_dynptr(state: State, register: Reg) -> tuple[int, int]:
    """Room for a dynptr: its frame and its offset there; raises Refused."""
    content = state.registers[register]
    at = _stack_offset(content, register)
    if at + 16 > 0 or at < -STACK_BYTES:
        raise Refused(
            Rule.BOUNDS,
            "Dynptr has to be an uninitialized dynptr",
            "a dynptr takes 16 aligned bytes of the stack",
        )
    return content.frame, at


def make_dynptr(
    state: State, place: tuple[int, int], kind: str, *, id: int, reference: int = 0
) -> None:
    """Have a dynptr of this kind on the stack."""
    frame, at = place
    forget_dynptrs(state, frame, at, at + 16)
    stack = state.frames[frame].stack
    for index in range(_SLOTS):
        content = Register(
            Kind.DYNPTR, offset=index, id=id, reference=reference, name=kind, frame=frame
        )
        stack[at // 8 + index] = Slot(bytes([SPILL] * 8), content)


def check_dynptr(state: State, register: Reg, kind: str) -> Register:
    """The dynptr that an argument points to, `kind` "" for any; raises Refused."""
    content = state.registers[register]
    if content.kind is Kind.DYNPTR:
        found = content
    else:
        at = _stack_offset(content, register)
        stack = state.frames[content.frame].stack
        first, second = (stack.get(at // 8 + index) for index in range(_SLOTS))
        if not _is_dynptr(first, 0) or not _is_dynptr(second, 1):
            raise Refused(
                Rule.HELPER,
                f"Expected an initialized dynptr as arg #{register.value - 1}",
                "make it by bpf_dynptr_from_mem or bpf_ringbuf_reserve_dynptr first",
            )
        assert first is not None and first.spilled is not None, "it is a dynptr"
        assert second is not None, "it has two slots"
        first.need.mark()
        second.need.mark()
        found = first.spilled
    if kind and found.name != kind:
        raise Refused(
            Rule.HELPER,
            f"Expected a dynptr of type {kind} as arg #{register.value - 1}",
            f"it is of type {found.name}",
        )
    return found


def _is_dynptr(slot: Slot | None, index: int) -> bool:
    held = slot.spilled if slot is not None else None
    return held is not None and held.kind is Kind.DYNPTR and held.offset == index


def _stack_offset(content: Register, register: Reg) -> int:
    if content.kind is not Kind.STACK:
        raise Refused(
            Rule.HELPER,
            f"R{register.value} type={content.type_text} expected=fp, dynptr_ptr",
            "a dynptr lies on the stack",
        )
    at = content.offset + content.value.wide.smin
    if not content.value.is_constant or at % 8:
        raise Refused(
            Rule.HELPER,
            "dynptr has to be at a constant offset"
            if not content.value.is_constant
            else f"cannot pass in dynptr at an offset={at}",
            "let it lie at a multiple of 8",
        )
    return at
