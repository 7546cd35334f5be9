"""Acts that many attacks share: what a verifier says of a program, and what becomes of a run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from seismo.attacks.attack import Act, Scene
from seismo.attacks.listing import Specimen
from seismo.base.dataclass import replace
from seismo.isa.format import format_insn
from seismo.isa.insn import slot_starts
from seismo.sandbox.outcome import Guard, Outcome
from seismo.sandbox.policy import Policy
from seismo.sandbox.sandbox import Sandbox
from seismo.verifier.check import verify
from seismo.verifier.options import Fault, Options
from seismo.verifier.report import Verdict
from seismo.verifier.rules import Rule
from seismo.vm.errors import Fault as MachineFault
from seismo.vm.machine import Machine
from seismo.vm.maps.create import create_maps

__all__ = (
    "accepted",
    "contained",
    "deceived",
    "ends",
    "judged",
    "outcome_lines",
    "refused",
    "verdict_lines",
)

_ISOLATED = Policy(is_isolated=True)


def judged(specimen: Specimen, *faults: Fault) -> Verdict:
    """What the verifier says of it, with historic mistakes if any are named."""
    maps = {one.name: one for one in specimen.maps}
    return verify(specimen.program, maps, options=Options(faults=frozenset(faults)))


def verdict_lines(specimen: Specimen, verdict: Verdict) -> Iterator[str]:
    """The verdict in short: the rule, the place, the path there and what was known."""
    complaint = verdict.complaint
    if complaint is None:
        yield f"verifier: {specimen.name} is accepted"
        return
    message = "; ".join(complaint.message.splitlines())
    yield f"verifier: {specimen.name} is refused: {message}"
    yield f"  rule: {complaint.rule.value}"
    if complaint.index >= 0:
        insns = specimen.program.insns
        text = format_insn(insns[complaint.index])
        yield f"  at instruction {_slot(specimen, complaint.index)}: {text}"
        yield f"  path: {_ranges(complaint.path, slot_starts(insns))}"
        yield f"  with: {complaint.registers}"
    if complaint.hint:
        yield f"  hint: {complaint.hint}"


def outcome_lines(who: str, outcome: Outcome) -> Iterator[str]:
    """The outcome of a run, its lines below one another."""
    first, *rest = str(outcome).splitlines()
    yield f"{who}: {first}"
    yield from (f"  {line.strip()}" for line in rest)


def accepted(specimen: Specimen, statement: str) -> Act:
    """The verifier, as it is today, takes the program."""

    def play() -> Scene:
        verdict = judged(specimen)
        return Scene(tuple(verdict_lines(specimen, verdict)), verdict.is_accepted)

    return Act(statement, play)


def refused(specimen: Specimen, rule: Rule, at: int, statement: str) -> Act:
    """The verifier, as it is today, refuses the program by a rule, at the instruction in a slot."""

    def play() -> Scene:
        verdict = judged(specimen)
        complaint = verdict.complaint
        is_so = (
            complaint is not None
            and complaint.rule is rule
            and _slot(specimen, complaint.index) == at
        )
        return Scene(tuple(verdict_lines(specimen, verdict)), is_so)

    return Act(statement, play)


def deceived(specimen: Specimen, fault: Fault, context: bytes, at: int, statement: str) -> Act:
    """A verifier with a historic fault takes the program, which then leaves its memory."""

    def play() -> Scene:
        verdict = judged(specimen, fault)
        lines = [f"with the fault of {fault.value}:", *verdict_lines(specimen, verdict)]
        try:
            result = Machine(specimen.program, create_maps(specimen.maps)).run(context)
        except MachineFault as error:
            lines.append(f"machine: {error}")
            return Scene(tuple(lines), verdict.is_accepted and _slot(specimen, error.index) == at)
        lines.append(f"machine: r0 = {result.r0:#x}")
        return Scene(tuple(lines), False)

    return Act(statement, play)


def contained(
    specimen: Specimen,
    context: bytes,
    at: int,
    statement: str,
    *,
    guard: Guard = Guard.MEMORY,
    policy: Policy = _ISOLATED,
) -> Act:
    """The sandbox stops the run at an instruction, and of what it did nothing is left."""

    def play() -> Scene:
        outcome = Sandbox(policy).run(specimen.program, specimen.maps, context)
        stop = outcome.stop
        is_so = stop is not None and (stop.guard, stop.slot) == (guard, at)
        return Scene(tuple(outcome_lines("sandbox", outcome)), is_so)

    return Act(statement, play)


def ends(
    specimen: Specimen,
    context: bytes,
    r0: int,
    statement: str,
    *,
    values: Mapping[str, tuple[tuple[bytes, bytes], ...]] | None = None,
    policy: Policy = _ISOLATED,
) -> Act:
    """The sandbox lets the run come to its end; `values` replace what maps hold at first."""

    def play() -> Scene:
        given = values or {}
        maps = [replace(one, contents=given.get(one.name, one.contents)) for one in specimen.maps]
        outcome = Sandbox(policy).run(specimen.program, maps, context)
        return Scene(tuple(outcome_lines("sandbox", outcome)), outcome.r0 == r0)

    return Act(statement, play)


def _slot(specimen: Specimen, index: int) -> int:
    """Where an instruction begins, as listings number it."""
    return slot_starts(specimen.program.insns)[index]


def _ranges(path: tuple[int, ...], slots: Sequence[int]) -> str:
    """`0-4 9-11`: the slots of a path; instructions that follow one another are one range."""
    ranges: list[list[int]] = []
    for index in path:
        if ranges and ranges[-1][1] + 1 == index:
            ranges[-1][1] = index
        else:
            ranges.append([index, index])
    named = [(slots[low], slots[high]) for low, high in ranges]
    return " ".join(str(low) if low == high else f"{low}-{high}" for low, high in named)
