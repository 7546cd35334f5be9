"""What a check found: the verdict, and of a refusal the rule, where, how one gets there, and what
would make it pass. `explain` draws it for people."""

from __future__ import annotations

from seismo.base.dataclass import dataclass, field
from seismo.base.source import NOWHERE, Span
from seismo.isa.insn import slot_starts
from seismo.spec.types import ProgramSpec
from seismo.verifier.advice import Place, advise
from seismo.verifier.register import Kind
from seismo.verifier.rules import Refused, Rule
from seismo.verifier.state import State
from seismo.verifier.walk import Step

__all__ = ("Complaint", "Verdict", "complaint_of", "state_line")


@dataclass(frozen=True, slots=True)
class Complaint:
    """Why a program is refused.

    `hint` says what would make it pass. `index` is the instruction's in `ProgramSpec.insns`, `slot`
    its number as the kernel's log counts; both -1 when no single one is at fault. `path` are the
    indexes that were run on the way, it included; `registers` is what was known there, as the
    kernel's log has it. `span` is the script's place, if the program has one.
    """

    rule: Rule
    message: str
    hint: str
    index: int = -1
    slot: int = -1
    path: tuple[int, ...] = field(default=(), repr=False)
    registers: str = ""
    span: Span | None = None

    def __str__(self) -> str:
        where = f"{self.span.location}: " if self.span is not None else ""
        lines = [f"{where}error: {self.message}"]
        if self.span is not None:
            lines.append(self.span.picture())
        lines.append(f"rule: {self.rule.value}")
        if self.slot >= 0:
            lines.append(f"at instruction {self.slot}, with: {self.registers}")
        if self.hint:
            lines.append(f"hint: {self.hint}")
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a program is accepted; `explored` instructions, `kept` states and bytes of `stack`
    are what it cost."""

    is_accepted: bool
    complaint: Complaint | None
    explored: int
    kept: int
    stack: int

    def __str__(self) -> str:
        if self.complaint is not None:
            return f"refused: {self.complaint}"
        return (
            f"accepted: {self.explored} instructions explored, {self.kept} states kept, "
            f"{self.stack} bytes of stack"
        )


def complaint_of(
    spec: ProgramSpec, refusal: Refused, step: Step | None, state: State | None
) -> Complaint:
    """The report of a refusal at the end of the path `step`."""
    if step is None or state is None:
        return Complaint(refusal.rule, refusal.message, advise(refusal, None))
    path = tuple(reversed(tuple(step)))
    index = path[-1]
    span = spec.spans[index] if spec.spans else NOWHERE
    return Complaint(
        refusal.rule,
        refusal.message,
        advise(refusal, Place(spec.insns, path, state, refusal.message)),
        index,
        slot_starts(spec.insns)[index],
        path,
        state_line(state),
        span if span is not NOWHERE else None,
    )


def state_line(state: State) -> str:
    """The running function's registers and stack: `R1=ctx() R10=fp0 fp-8=mmmmmmmm`."""
    known = [
        f"R{number}={content}"
        for number, content in enumerate(state.registers)
        if content.kind is not Kind.UNWRITTEN
    ]
    slots = sorted(state.frame.stack.items(), reverse=True)
    return " ".join([*known, *(f"fp{number * 8}={slot}" for number, slot in slots)])
