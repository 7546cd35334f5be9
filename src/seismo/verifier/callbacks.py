"""Functions that helpers call back: once, more often, or not at all.

A round begins at the helper's call and returns there, where the next one may begin. What runs once
the program has ended, as timers do, has no caller.
"""

from __future__ import annotations

from seismo.isa.insn import REGS, Reg
from seismo.verifier.calls import Call
from seismo.verifier.options import Setting
from seismo.verifier.register import (
    TRUSTED,
    UNKNOWN,
    UNWRITTEN,
    ZERO_OFFSET,
    Kind,
    Register,
)
from seismo.verifier.rules import Refused, Rule
from seismo.verifier.state import Frame, State

__all__ = ("enter_callback", "leave_callback")


def enter_callback(setting: Setting, before: State, call: Call, index: int) -> State:
    """At the callback's first instruction; `before`, the state before the helper, is used up."""
    state = State([]) if call.is_later else before
    registers = [UNWRITTEN] * len(Reg)
    for at, content in enumerate(_arguments(setting, call), start=1):
        registers[REGS[at]] = content
    registers[Reg.R10] = Register(Kind.STACK, ZERO_OFFSET, frame=len(state.frames))
    callee = Frame(call.callback, registers, is_callback=True)
    if not call.is_later:
        callee.return_to = index
        callee.references = state.references
        state.frame.rounds += 1
        state.turns += 1
    state.frames.append(callee)
    return state


def leave_callback(state: State, result: Register, callee: Frame) -> None:
    """Back before the helper's call; raises Refused for a result that is not allowed."""
    result.require()
    is_later = len(state.frames) == 1
    if is_later:
        _check_returned(result, 0, "return 0")
    else:
        _check_returned(result, 1, "return 0 to go on or 1 to stop")
    if state.references != callee.references:
        raise Refused(
            Rule.REFERENCE, "a callback must release what it acquires", "release it before exit"
        )
    state.frames.pop()


def _check_returned(result: Register, most: int, hint: str) -> None:
    if not result.is_scalar or result.value.wide.umax > most:
        raise Refused(
            Rule.RESULT,
            f"At callback return the register R0 has {result} should have been in [0, {most}]",
            hint,
        )


def _arguments(setting: Setting, call: Call) -> list[Register]:
    """What the helper passes to the function, in r1 to r5."""
    context = call.callback_context
    match call.name:
        case "loop":
            return [UNKNOWN, context]
        case "find_vma":
            vma = Register(
                Kind.KERNEL,
                name="vm_area_struct",
                type=setting.types.struct("vm_area_struct"),
                trust=TRUSTED,
            )
            return [call.object, vma, context]
        case "user_ringbuf_drain":
            sample = Register(
                Kind.DYNPTR, id=setting.new_id(), is_read_only=True, name="local", frame=-1
            )
            return [sample, context]
    name = call.map or call.holder.name
    spec = setting.map(name)
    entry = [
        Register(Kind.MAP, name=name),
        Register(Kind.MAP_KEY, size=spec.key_size, name=name),
        Register(
            Kind.MAP_VALUE,
            id=setting.new_id() if setting.fields_of(name) else 0,
            name=name,
            size=spec.value_size,
        ),
    ]
    return entry if call.is_later else [*entry, context]
