"""`Sandbox`: runs a program that nobody has verified, and watches each step instead.

>>> print(Sandbox(Policy()).run(spec, (), b""))
r0 = 0x2a
steps: 2

A run changes nothing outside: maps are made for it from their blueprints, and what became of them
is part of the outcome. So a program that was stopped in the middle leaves nothing half done.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from seismo.base.dataclass import dataclass, field, replace
from seismo.isa.insn import slot_starts
from seismo.sandbox.child import run_in_child
from seismo.sandbox.guards import Denied, GuardedMemory, guarded_helpers
from seismo.sandbox.outcome import Change, Guard, Outcome, Stop
from seismo.sandbox.policy import Policy
from seismo.spec.types import MapSpec, ProgramSpec
from seismo.vm.callx import insn_text
from seismo.vm.environment import Environment
from seismo.vm.errors import BadAccess, BadProgram, Errno, Fault, OutOfSteps, Stopped
from seismo.vm.machine import Machine
from seismo.vm.maps.create import create_maps
from seismo.vm.maps.ring import RingMap
from seismo.vm.maps.vm_map import VmMap

__all__ = ("Sandbox",)


@dataclass(frozen=True, slots=True)
class Sandbox:
    """Runs programs under one policy. `environment` is what helpers see of the world."""

    policy: Policy
    environment: Environment = field(default_factory=Environment)

    def run(
        self, program: ProgramSpec, maps: Sequence[MapSpec] = (), context: bytes = b""
    ) -> Outcome:
        """Run a program once, with r1 at a copy of `context`.

        Raises NotSupported for kinds of maps that the machine has not; what is wrong with the
        program itself is the outcome.
        """
        stop = _too_large(self.policy, maps)
        if stop is not None:
            return Outcome(stop=stop, context=context)
        made = create_maps(maps)
        for name, one in made.items():
            one.is_writable = one.is_writable and self.policy.may_change(name)
        trial = _Trial(self.policy, self.environment, program, made, bytearray(context))
        return (
            run_in_child(self.policy, trial.outcome) if self.policy.is_isolated else trial.outcome()
        )


@dataclass(slots=True, eq=False)
class _Trial:
    """One run: `calls` counts helpers while it goes on."""

    policy: Policy
    environment: Environment
    program: ProgramSpec
    maps: Mapping[str, VmMap]
    context: bytearray
    calls: Counter[str] = field(default_factory=Counter)

    def outcome(self) -> Outcome:
        """Run it; all that it did."""
        before = {name: _contents(one) for name, one in self.maps.items()}
        printed, signals = len(self.environment.printed), len(self.environment.signals)
        ending = self._ending()
        return replace(
            ending,
            calls=tuple(sorted(self.calls.items())),
            context=bytes(self.context),
            changes=tuple(self._changes(before)),
            records=tuple(self._records()),
            printed=tuple(self.environment.printed[printed:]),
            signals=tuple(self.environment.signals[signals:]),
        )

    def _ending(self) -> Outcome:
        """r0 or what stopped the run, and its steps."""
        steps = _Steps()
        try:
            memory = GuardedMemory(self.policy)
            region = memory.allocate(self.context, "ctx", is_writable=self.policy.may_write_context)
            machine = Machine(
                self.program,
                self.maps,
                guarded_helpers(self.policy, self.calls),
                budget=self.policy.steps,
                memory=memory,
                environment=self.environment,
                hooks=(steps,),
            )
            result = machine.run(region)
        except (BadProgram, BadAccess, Stopped) as error:
            return Outcome(stop=self._stop(error), steps=steps.count)
        return Outcome(r0=result.r0, steps=result.steps)

    def _stop(self, error: BadProgram | BadAccess | Stopped) -> Stop:
        if isinstance(error, BadAccess):
            return Stop(_guard_of(error), error.why)
        slot, insn, place = self._place(error.index)
        if isinstance(error, BadProgram):
            return Stop(Guard.FORM, f"cannot run: {error.why}", slot, insn, place=place)
        if isinstance(error, OutOfSteps):
            why = f"has made {self.policy.steps} steps"
            return Stop(Guard.STEPS, why, slot, insn, place=place)
        address = error.address if isinstance(error, Fault) else None
        return Stop(_guard_of(error.__cause__), error.why, slot, insn, address, place)

    def _place(self, index: int) -> tuple[int, str, str]:
        """An instruction's slot and text, and the script's place that it is from."""
        insns, spans = self.program.insns, self.program.spans
        if not insns:
            return -1, "", ""
        place = ""
        if spans:
            span = spans[index]
            place = f"{span.location}: {span.source.line(span.location.line).strip()}"
        return slot_starts(insns)[index], insn_text(insns[index]), place

    def _changes(self, before: Mapping[str, Mapping[bytes, bytes]]) -> Iterator[Change]:
        for name, one in self.maps.items():
            old, new = before[name], _contents(one)
            for key in sorted(old.keys() | new.keys()):
                if old.get(key) != new.get(key):
                    yield Change(name, key, old.get(key), new.get(key))

    def _records(self) -> Iterator[tuple[str, bytes]]:
        for name, one in self.maps.items():
            if isinstance(one, RingMap):
                for record in one.drain():
                    yield name, record


@dataclass(slots=True, eq=False)
class _Steps:
    """A hook that counts: of a run that is stopped nobody else says how far it came."""

    count: int = 0

    def __call__(self, _step: object) -> None:
        self.count += 1


def _guard_of(cause: BaseException | None) -> Guard:
    return cause.guard if isinstance(cause, Denied) else Guard.MEMORY


def _too_large(policy: Policy, maps: Sequence[MapSpec]) -> Stop | None:
    """Why the maps are more than a policy allows; None when they are not."""
    size = sum(max(one.key_size + one.value_size, 1) * one.max_entries for one in maps)
    if size <= policy.map_bytes:
        return None
    why = f"has maps of {size} bytes, and the policy permits {policy.map_bytes}"
    return Stop(Guard.SPACE, why)


def _contents(one: VmMap) -> dict[bytes, bytes]:
    """Keys and values; nothing of queues, filters and stacks, which have no keys to compare."""
    try:
        return {key: one.value(key) for key in one.all_keys()}
    except Errno:
        return {}
