"""`Outcome`: how a run in the sandbox ended, and all that it did."""

from __future__ import annotations

from collections.abc import Iterator

from seismo.base.dataclass import dataclass
from seismo.base.enum import Enum

__all__ = ("Change", "Guard", "Outcome", "Stop")


class Guard(Enum):
    """What is watched at run time; the value is how reports name it."""

    FORM = "the program is one that the machine can run"
    MEMORY = "memory is accessed within its bounds"
    HELPERS = "only permitted helpers are called"
    MAPS = "only permitted maps are changed"
    STEPS = "the run ends within its steps"
    SPACE = "memory stays within its limit"
    TIME = "the run ends within its time"
    READS = "user memory is read once"


@dataclass(frozen=True, slots=True)
class Stop:
    """Which guard stopped a run, and where.

    `slot` is where the instruction begins, as the kernel's log counts, -1 when none had begun;
    `insn` is its text.
    `address` is that of a bad access (None: no address was at fault). `place` is the script's, if
    the program has one.
    """

    guard: Guard
    why: str
    slot: int = -1
    insn: str = ""
    address: int | None = None
    place: str = ""

    def __str__(self) -> str:
        at = f" at instruction {self.slot}: {self.insn}" if self.slot >= 0 else ""
        place = f"\n  {self.place}" if self.place else ""
        return f"stopped{at}\n  it {self.why}\n  rule: {self.guard.value}{place}"


@dataclass(frozen=True, slots=True)
class Change:
    """A value of a map that differs after the run; None where the key was or is not there."""

    map: str
    key: bytes
    before: bytes | None
    after: bytes | None

    def __str__(self) -> str:
        before, after = _hex(self.before), _hex(self.after)
        return f"{self.map}[{self.key.hex(' ')}]: {before} -> {after}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """`r0` of a run that came to its end, else what stopped it.

    `calls` are helpers by name and how often each was called. What the run did is here and nowhere
    else: `context` as it was left, `changes` of maps, `records` (map, bytes) sent, lines `printed`,
    `signals` asked for. Whoever wants that to happen makes it so.
    """

    r0: int | None = None
    stop: Stop | None = None
    steps: int = 0
    calls: tuple[tuple[str, int], ...] = ()
    context: bytes = b""
    changes: tuple[Change, ...] = ()
    records: tuple[tuple[str, bytes], ...] = ()
    printed: tuple[bytes, ...] = ()
    signals: tuple[int, ...] = ()

    @property
    def has_ended(self) -> bool:
        """Whether the program came to its own end."""
        return self.stop is None

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        yield f"r0 = {self.r0:#x}" if self.r0 is not None else str(self.stop)
        yield f"steps: {self.steps}"
        if self.calls:
            yield f"calls: {', '.join(f'bpf_{name} x{count}' for name, count in self.calls)}"
        for change in self.changes:
            yield f"map {change}"
        for name, record in self.records:
            yield f"record in {name}: {record.hex(' ')}"
        for line in self.printed:
            yield f"printed: {line.decode('utf-8', 'replace').rstrip()}"
        for signal in self.signals:
            yield f"signal {signal} asked for, and not sent"


def _hex(value: bytes | None) -> str:
    return "nothing" if value is None else value.hex(" ")
