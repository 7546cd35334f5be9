"""Hooks of the interpreter: what sees every step before it is made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import TypeAlias

from seismo.base.dataclass import dataclass, field
from seismo.isa.insn import Insn
from seismo.vm.callx import insn_text
from seismo.vm.errors import BadAccess
from seismo.vm.memory import Memory

__all__ = ("Change", "Counts", "Hook", "Step", "Trace", "Watch")


@dataclass(frozen=True, slots=True)
class Step:
    """A step that is about to be made: the instruction's index, the slot it begins at, and r0 to
    r10, which a hook may change. `depth` of 1 is the program itself, more a function of it."""

    index: int
    slot: int
    insn: Insn
    registers: list[int]
    depth: int
    memory: Memory


Hook: TypeAlias = Callable[[Step], None]


@dataclass(slots=True, eq=False)
class Counts:
    """How often each instruction ran, by index."""

    counts: Counter[int] = field(default_factory=Counter)

    def __call__(self, step: Step) -> None:
        self.counts[step.index] += 1


@dataclass(slots=True, eq=False)
class Trace:
    """A line a step: the instruction, and the registers that it names as they were before it."""

    lines: list[str] = field(default_factory=list)

    def __call__(self, step: Step) -> None:
        text = insn_text(step.insn)
        named = sorted({step.insn.dst, step.insn.src})
        registers = " ".join(f"r{one:d}={step.registers[one]:#x}" for one in named)
        self.lines.append(f"{'  ' * (step.depth - 1)}{step.slot:4}: {text}  ; {registers}")


@dataclass(frozen=True, slots=True)
class Change:
    """A watched number changed when the instruction at `index` ran."""

    index: int
    old: int
    new: int


@dataclass(slots=True, eq=False)
class Watch:
    """The changes of the number of `size` bytes at an address, while that is in memory."""

    address: int
    size: int
    changes: list[Change] = field(default_factory=list)
    _last: tuple[int, int] | None = None

    def __call__(self, step: Step) -> None:
        try:
            now = step.memory.load(self.address, self.size)
        except BadAccess:
            self._last = None
            return
        if self._last is not None and self._last[1] != now:
            self.changes.append(Change(self._last[0], self._last[1], now))
        self._last = step.index, now
