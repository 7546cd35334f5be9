"""What a probe's `args` are: told by a tracepoint's format, by BTF, or by DWARF."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, TypeAlias

from seismo.base.dataclass import dataclass
from seismo.probes.format import TracepointFormat

if TYPE_CHECKING:
    from seismo.btf.spec import Btf
    from seismo.elf.dwarf_types import FunctionType, Member, Struct

__all__ = ("Arguments", "BtfArguments", "BtfIterator", "DwarfArguments", "Structs")


@dataclass(frozen=True, slots=True)
class BtfArguments:
    """A kernel function's parameters, or a raw tracepoint's: parameter number i is a u64 at
    8 * i of the context. `params` are (name, type id in `btf`), `returns` the id of the result's
    type (0: void)."""

    name: str
    btf: Btf
    params: tuple[tuple[str, int], ...]
    returns: int = 0


@dataclass(frozen=True, slots=True)
class BtfIterator:
    """The context of an iterator: the struct `type_id` of `btf` (`struct bpf_iter__task`)."""

    name: str
    btf: Btf
    type_id: int


class Structs(Protocol):
    """What a program's debug information (`DebugInfo`) tells of the structs among its types."""

    def definition(self, struct: Struct) -> Struct:
        """The struct, as another unit has it if its own only declares it."""

    def members(self, struct: Struct) -> Sequence[Member]:
        """The members in their order, base classes first."""


@dataclass(frozen=True, slots=True)
class DwarfArguments:
    """A user function's parameters; those that stand in registers of `struct pt_regs`."""

    function: FunctionType
    machine: str
    structs: Structs


Arguments: TypeAlias = TracepointFormat | BtfArguments | BtfIterator | DwarfArguments
