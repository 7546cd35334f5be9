"""Blueprints: what to load and where to attach it, without a kernel. Frozen and comparable."""

from __future__ import annotations

from typing import TypeAlias

from seismo.base.dataclass import dataclass, field
from seismo.base.source import Span
from seismo.isa.insn import Insn
from seismo.isa.map_types import MapType
from seismo.isa.prog_types import AttachType, ProgType

__all__ = (
    "AttachSpec",
    "FunctionInfo",
    "MapSpec",
    "ObjectSpec",
    "ProgramSpec",
    "TestRunAttach",
    "TimerAttach",
    "TracepointAttach",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MapSpec:
    """A map to create: sizes in bytes, `flags` are the kernel's `BPF_F_*`."""

    name: str
    type: MapType
    key_size: int
    value_size: int
    max_entries: int
    flags: int = 0


@dataclass(frozen=True, slots=True)
class FunctionInfo:
    """A function of a program; its first instruction is the one at `start`, an index into `insns`.

    `pointers` says of each parameter whether it is one; others are 64-bit integers.
    """

    start: int
    name: str
    pointers: tuple[bool, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramSpec:
    """A program to load.

    `map_refs` are (index into `insns`, map name): the `ld_imm64` there gets the map's fd at load.
    `spans` holds one script span per instruction (index into `insns`), so that a complaint of the
    kernel's verifier comes back as a script line; empty when the program has no script.
    `functions` are the program itself and its subprograms, in the order of `insns`; empty when it
    has no subprograms. Since Linux 5.6.
    """

    name: str
    type: ProgType
    insns: tuple[Insn, ...]
    map_refs: tuple[tuple[int, str], ...] = ()
    spans: tuple[Span, ...] = field(default=(), repr=False, compare=False)
    license: str = "GPL"
    expected_attach_type: AttachType | None = None
    functions: tuple[FunctionInfo, ...] = ()


@dataclass(frozen=True, slots=True)
class TracepointAttach:
    """At a static tracepoint `category:name`, through a perf event."""

    category: str
    name: str


@dataclass(frozen=True, slots=True)
class TimerAttach:
    """Every `period_ns` (or at `frequency_hz`), on all CPUs or only on one."""

    period_ns: int = 0
    frequency_hz: int = 0
    every_cpu: bool = False


@dataclass(frozen=True, slots=True)
class TestRunAttach:
    """Nowhere: run once on demand by `BPF_PROG_TEST_RUN` (BEGIN, END). Since Linux 5.10."""


AttachSpec: TypeAlias = TracepointAttach | TimerAttach | TestRunAttach


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectSpec:
    """Everything that one load takes: maps and programs, each by its unique name."""

    maps: tuple[MapSpec, ...]
    programs: tuple[ProgramSpec, ...]

    def program(self, name: str) -> ProgramSpec:
        """The program called `name`; KeyError when there is none."""
        for one in self.programs:
            if one.name == name:
                return one
        raise KeyError(name)
