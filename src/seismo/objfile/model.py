"""`ObjectFile`: what a compiled `.bpf.o` holds, before it is linked for a kernel. Pure data.

`objfile/read.py` makes one from an ELF file, the same on every machine; `objfile/link.py` makes an
`ObjectSpec` of it, for the kernel whose types, symbols and configuration `KernelFacts` tells.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol, TypeAlias

from seismo.base.dataclass import dataclass, field
from seismo.base.enum import Enum
from seismo.btf.ext import CoreRelo, FuncInfo, LineInfo
from seismo.btf.spec import Btf
from seismo.isa.insn import Insn
from seismo.objfile.sections import SectionKind
from seismo.spec.types import MapSpec

__all__ = (
    "CallTarget",
    "CodeRef",
    "DataRef",
    "Extern",
    "ExternKind",
    "ExternRef",
    "Function",
    "KernelFacts",
    "MapRef",
    "ObjectFile",
    "Reference",
    "Variable",
)


@dataclass(frozen=True, slots=True)
class MapRef:
    """The instruction loads the map `name`."""

    name: str


@dataclass(frozen=True, slots=True)
class DataRef:
    """The instruction loads the address `offset` bytes into the value of the data map `name`."""

    name: str
    offset: int


@dataclass(frozen=True, slots=True)
class CallTarget:
    """The instruction calls the function `name`."""

    name: str


@dataclass(frozen=True, slots=True)
class CodeRef:
    """The instruction loads the address of the function `name`, a callback's."""

    name: str


@dataclass(frozen=True, slots=True)
class ExternRef:
    """The instruction refers to the extern symbol `name`: it loads its address, or calls it."""

    name: str


Reference: TypeAlias = MapRef | DataRef | CallTarget | CodeRef | ExternRef


class ExternKind(Enum):
    """What an extern stands for."""

    KCONFIG = "kconfig"  # `__kconfig`: an option of the kernel's build, LINUX_KERNEL_VERSION, …
    KSYM = "ksym"  # `__ksym` of no type: the address of a kernel symbol
    TYPED_KSYM = "typed ksym"  # `__ksym` with a type: a variable of the kernel, by its BTF
    KFUNC = "kfunc"  # `__ksym` function: called by its BTF id


@dataclass(frozen=True, slots=True, kw_only=True)
class Extern:
    """A symbol that the kernel has; `type` is its id in the object's BTF (a `Var`'s or `Func`'s own
    type), `offset` the place of its value in the map `.kconfig`."""

    name: str
    kind: ExternKind
    type: int
    is_weak: bool = False
    offset: int = 0
    size: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """A global variable: `size` bytes at `offset` of the only value of the data map `map`."""

    name: str
    map: str
    offset: int
    size: int
    type: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """A function as it was compiled: a program, or a subprogram that programs call.

    `references`, `core_relos` and the infos count instructions of `insns` (not slots, not bytes),
    from the function's first. `kind` says what a program is by its section; subprograms (all of
    `.text`, and what is not entered by itself) have none. `func_info` is 0 without BTF. `offset` is
    where it begins in its section.
    """

    name: str
    section: str
    offset: int
    insns: tuple[Insn, ...]
    kind: SectionKind | None = None
    is_global: bool = True
    references: tuple[tuple[int, Reference], ...] = ()
    core_relos: tuple[CoreRelo, ...] = ()
    func_info: FuncInfo | None = None
    line_infos: tuple[LineInfo, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectFile:
    """All of one object file, in its order. `name` is what messages call it; `btf` has no types
    where the file has none. `core_order` are the functions with CO-RE relocations in the order in
    which these are to be done, for what one finds leads others."""

    name: str
    license: str
    kernel_version: int
    btf: Btf
    maps: tuple[MapSpec, ...]
    functions: tuple[Function, ...]
    externs: tuple[Extern, ...] = ()
    variables: tuple[Variable, ...] = ()
    core_order: tuple[str, ...] = ()
    notes: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    """Other sections that some reader may want, by name: `.seismo`."""

    @property
    def programs(self) -> tuple[Function, ...]:
        """The functions that are programs."""
        return tuple([one for one in self.functions if one.kind is not None])


class KernelFacts(Protocol):
    """What linking asks of a kernel; `facts.py` answers it for the running one."""

    def btf(self) -> Btf:
        """The kernel's own types; NotSupported for a kernel without them."""

    def own_btf(self) -> Btf:
        """The types of the kernel that runs, whose ids it takes, whatever file `btf` has taken the
        place of them from."""

    def modules(self) -> Iterator[tuple[str, Btf]]:
        """Name and types of each loaded module, opened one after the other."""

    def symbol(self, name: str) -> int:
        """The address of a kernel symbol; `SymbolNotFound` when there is none that can be seen."""

    def config(self) -> Mapping[str, str]:
        """The options of the kernel's build as in its `.config`: `{"CONFIG_HZ": "250"}`;
        NotSupported when it does not tell."""

    def version(self) -> int:
        """`LINUX_VERSION_CODE`: 6.1.5 is 0x060105."""

    def possible_cpus(self) -> int:
        """How many CPUs there may be."""

    def machine(self) -> str:
        """The architecture as `uname -m` prints it."""

    def has(self, feature: str) -> bool:
        """Whether the kernel can do it, by the names of `probes.view.FEATURE_NAMES` and
        `syscall_wrapper` (`CONFIG_ARCH_HAS_SYSCALL_WRAPPER`)."""
