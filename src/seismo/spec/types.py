"""Blueprints: what to load and where to attach it, without a kernel. Frozen and comparable."""

from __future__ import annotations

from typing import TypeAlias

from seismo.base.dataclass import dataclass, field
from seismo.base.source import Span
from seismo.isa.insn import Insn
from seismo.isa.map_types import MapType
from seismo.isa.prog_types import AttachType, ProgType
from seismo.spec.relocations import Relocation

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

_PRINTING = (6, 177)  # include/uapi/linux/bpf.h: bpf_trace_printk, bpf_trace_vprintk


@dataclass(frozen=True, slots=True, kw_only=True)
class MapSpec:
    """A map to create: sizes in bytes, `flags` are the kernel's `BPF_F_*`.

    `extra` is `map_extra` (Linux 5.16); memory comes from `numa_node` if that is not negative.
    `key_type` and `value_type` are ids in `ObjectSpec.btf` (0: none). `inner` is the pattern of a
    map of maps. `contents` are (key, value) entries to store before programs are loaded;
    `map_slots` and `program_slots` (index, name) say which map or program goes where. A frozen map
    is read-only for user space from then on. `pin` is a path on a bpffs: the map that is there is
    taken if it fits, else a new one is put there. `section` is that of the object file whose global
    variables are the map's only value: `.rodata`. A map of type STRUCT_OPS is a struct of functions
    in place of the kernel's: its `value_type` is the kernel's own, its value is put in when it is
    attached, and its program slots are bytes of that.
    """

    name: str
    type: MapType
    key_size: int
    value_size: int
    max_entries: int
    flags: int = 0
    extra: int = 0
    numa_node: int = -1
    key_type: int = 0
    value_type: int = 0
    inner: MapSpec | None = None
    contents: tuple[tuple[bytes, bytes], ...] = field(default=(), repr=False)
    map_slots: tuple[tuple[int, str], ...] = ()
    program_slots: tuple[tuple[int, str], ...] = ()
    is_frozen: bool = False
    pin: str = ""
    section: str = ""


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
    iterator (by its function, `bpf_iter_name`), the `member` of a struct of functions, or, where
    `program_id` is not 0, the BPF program of that id.
    """

    name: str
    module: str = ""
    program_id: int = 0
    member: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramSpec:
    """A program to load.

    `map_refs` are (index into `insns`, map name): the `ld_imm64` there gets the map's fd at load.
    `spans` holds one script span per instruction (index into `insns`), so that a complaint of the
    kernel's verifier comes back as a script line; empty when the program has no script.
    `functions` are the program itself and its subprograms, in the order of `insns`; empty when it
    has no subprograms. Since Linux 5.6. `target` is what a program of type TRACING is loaded for.
    A program from an object file has `func_infos` and `line_infos` instead, as `BPF_PROG_LOAD`
    takes them, their types and strings in `ObjectSpec.btf`. `flags` are `BPF_F_*` of loading,
    `kernel_version` is what kernels before 5.0 want of kprobes (`LINUX_VERSION_CODE`).
    `module_refs` are (index into `insns`, module): the BTF id there is one of that module.
    `poisons` are (index into `insns`, why): the verifier must never come to the instruction there,
    because of what the kernel has not, and why is said where it does.
    `relocations` are (index into `insns`, what depends on the kernel there), for a program that is
    shipped: `seismo.ship` puts in what it is on the kernel at hand.
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
    flags: int = 0
    kernel_version: int = 0
    func_infos: bytes = field(default=b"", repr=False)
    line_infos: bytes = field(default=b"", repr=False)
    module_refs: tuple[tuple[int, str], ...] = ()
    poisons: tuple[tuple[int, str], ...] = ()
    relocations: tuple[tuple[int, Relocation], ...] = ()

    @property
    def prints(self) -> bool:
        """Whether the program may write to ftrace's buffer (`bpf_trace_printk`)."""
        return any(insn.imm in _PRINTING and insn.is_helper_call for insn in self.insns)


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
    """Everything that one load takes: maps and programs, each by its unique name, and the types
    that they refer to (a BTF blob; empty when they refer to none)."""

    maps: tuple[MapSpec, ...]
    programs: tuple[ProgramSpec, ...]
    btf: bytes = field(default=b"", repr=False)

    def program(self, name: str) -> ProgramSpec:
        """The program called `name`; KeyError when there is none."""
        for one in self.programs:
            if one.name == name:
                return one
        raise KeyError(name)
