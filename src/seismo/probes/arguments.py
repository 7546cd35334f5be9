"""What a probe's `args` are: told by a tracepoint's format, by BTF, or by DWARF."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeAlias

from seismo.base.dataclass import dataclass
from seismo.probes.format import TracepointFormat

if TYPE_CHECKING:
    from seismo.btf.spec import Btf
    from seismo.elf.dwarf_types import FunctionType, Member, Struct

__all__ = ("Arguments", "BtfArguments", "BtfIterator", "DwarfArguments")


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


@dataclass(frozen=True, slots=True)
class DwarfArguments:
    """A user function's parameters; those that stand in registers of `struct pt_regs`. `members`
    tells those of a struct among their types."""

    function: FunctionType
    machine: str
    members: Callable[[Struct], Sequence[Member]]


Arguments: TypeAlias = TracepointFormat | BtfArguments | BtfIterator | DwarfArguments
