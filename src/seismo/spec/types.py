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
    "BreakpointAttach",
    "FunctionInfo",
    "IterAttach",
    "KprobeAttach",
    "KprobeMultiAttach",
    "MapSpec",
    "ObjectSpec",
    "PerfEventAttach",
    "ProgramSpec",
    "ProgramTarget",
    "RawTracepointAttach",
    "SignalAttach",
    "TestRunAttach",
    "TimerAttach",
    "TracepointAttach",
    "TracingAttach",
    "UprobeAttach",
    "UprobeMultiAttach",
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


@dataclass(frozen=True, slots=True)
class ProgramTarget:
    """What a tracing program belongs to, by name, as its loading must say.

    A function of the kernel or of `module`, a raw tracepoint (by its typedef, `btf_trace_name`), an
    iterator (by its function, `bpf_iter_name`), or, where `program_id` is not 0, the BPF program of
    that id.
    """

    name: str
    module: str = ""
    program_id: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramSpec:
    """A program to load.

    `map_refs` are (index into `insns`, map name): the `ld_imm64` there gets the map's fd at load.
    `spans` holds one script span per instruction (index into `insns`), so that a complaint of the
    kernel's verifier comes back as a script line; empty when the program has no script.
    `functions` are the program itself and its subprograms, in the order of `insns`; empty when it
    has no subprograms. Since Linux 5.6. `target` is what a program of type TRACING is loaded for.
    """

    name: str
    type: ProgType
    insns: tuple[Insn, ...]
    map_refs: tuple[tuple[int, str], ...] = ()
    spans: tuple[Span, ...] = field(default=(), repr=False, compare=False)
    license: str = "GPL"
    expected_attach_type: AttachType | None = None
    functions: tuple[FunctionInfo, ...] = ()
    target: ProgramTarget | None = None


@dataclass(frozen=True, slots=True)
class TracepointAttach:
    """At a static tracepoint `category:name`, through a perf event.

    `cookie` is what `bpf_get_attach_cookie` gives the program there (Linux 5.15 for all but 0).
    """

    category: str
    name: str
    cookie: int = 0


@dataclass(frozen=True, slots=True)
class KprobeAttach:
    """At a kernel function's entry, `offset` bytes into it, or its return; through a perf event.

    `module` narrows the function's name down; an `address` without a function is taken as it is.
    """

    function: str
    offset: int = 0
    module: str = ""
    address: int = 0
    is_return: bool = False
    max_active: int = 0
    cookie: int = 0


@dataclass(frozen=True, slots=True)
class KprobeMultiAttach:
    """At the entries or the returns of many kernel functions at once: one link, each function with
    a cookie of its own (none: all 0). Since Linux 5.18."""

    functions: tuple[str, ...]
    cookies: tuple[int, ...] = ()
    is_return: bool = False


@dataclass(frozen=True, slots=True)
class TracingAttach:
    """Where the program's own `ProgramSpec.target` says: fentry, fexit, a BTF raw tracepoint."""


@dataclass(frozen=True, slots=True)
class RawTracepointAttach:
    """At a tracepoint, before its record is made. Since Linux 4.17."""

    name: str


@dataclass(frozen=True, slots=True)
class UprobeAttach:
    """At a place in a file, wherever that is executed: `offset` bytes from the file's start.

    `semaphore` is the file offset of the u16 that tells the program it is being traced (0: none;
    Linux 4.20). `pid` of 0 is every process.
    """

    path: str
    offset: int
    is_return: bool = False
    semaphore: int = 0
    pid: int = 0
    cookie: int = 0


@dataclass(frozen=True, slots=True)
class UprobeMultiAttach:
    """At many places of one file at once; the three tuples go together (an empty one is all 0).
    Since Linux 6.6."""

    path: str
    offsets: tuple[int, ...]
    cookies: tuple[int, ...] = ()
    semaphores: tuple[int, ...] = ()
    is_return: bool = False
    pid: int = 0


@dataclass(frozen=True, slots=True)
class PerfEventAttach:
    """Every `period` counts of a kernel or processor event, by its name (`page-faults`, `cycles`),
    on all CPUs; of one process where `pid` is not 0."""

    event: str
    period: int
    pid: int = 0


@dataclass(frozen=True, slots=True)
class BreakpointAttach:
    """When `length` bytes (1, 2, 4, 8) at `address` are read, written or executed (`mode`: letters
    of `rwx`): in the process `pid`, or with 0 in the kernel on all CPUs."""

    address: int
    length: int
    mode: str
    pid: int = 0


@dataclass(frozen=True, slots=True)
class IterAttach:
    """Over the kernel's objects of the program's target: once, on demand. With `pin`, a file of
    bpffs that runs it each time that it is read. Since Linux 5.8."""

    pin: str = ""


@dataclass(frozen=True, slots=True)
class SignalAttach:
    """Nowhere: run by `BPF_PROG_TEST_RUN` each time the tracer itself gets the signal `name`."""

    name: str


@dataclass(frozen=True, slots=True)
class TimerAttach:
    """Every `period_ns` (or at `frequency_hz`), on all CPUs or only on one; of all CPUs only while
    they run the process `pid`, where that is not 0."""

    period_ns: int = 0
    frequency_hz: int = 0
    every_cpu: bool = False
    pid: int = 0


@dataclass(frozen=True, slots=True)
class TestRunAttach:
    """Nowhere: run once on demand by `BPF_PROG_TEST_RUN` (BEGIN, END). Since Linux 5.10."""


AttachSpec: TypeAlias = (
    TracepointAttach
    | KprobeAttach
    | KprobeMultiAttach
    | TracingAttach
    | RawTracepointAttach
    | UprobeAttach
    | UprobeMultiAttach
    | TimerAttach
    | PerfEventAttach
    | BreakpointAttach
    | IterAttach
    | SignalAttach
    | TestRunAttach
)


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
