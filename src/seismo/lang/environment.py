"""What outlives a pass over one body: the script's `Environment`, and each `Body`."""

from __future__ import annotations

from collections.abc import Mapping

from seismo.base.dataclass import dataclass, field
from seismo.base.source import Span
from seismo.lang.ast import Expr, Function, Probe
from seismo.lang.config import Config
from seismo.lang.program_types import ProgramTypes
from seismo.lang.records import CompleteRecords
from seismo.lang.scope import Scopes
from seismo.lang.signature import Signatures
from seismo.lang.slot import Slot
from seismo.lang.symbols import MapTable
from seismo.lang.typed import OptionSymbol, Place
from seismo.lang.types import VOID, Type
from seismo.lang.typetable import TypeTable
from seismo.probes.view import KernelView
from seismo.spec.types import UprobeAttach, UprobeMultiAttach

__all__ = ("Body", "Environment", "FunctionHead")


@dataclass(frozen=True, slots=True)
class FunctionHead:
    """What calls must know of a function of the script."""

    node: Function
    params: tuple[Type, ...]
    returns: Type


@dataclass(slots=True, kw_only=True, eq=False)
class Environment:
    """What all bodies of a script share; `left_out` are the maps in probes that become no program,
    and where these would be."""

    signatures: Signatures
    view: KernelView
    table: TypeTable
    config: Config
    options: Mapping[str, str]
    is_unsafe: bool
    left_out: Mapping[str, str] = field(default_factory=dict)
    maps: MapTable = field(default_factory=MapTable)
    functions: dict[str, FunctionHead] = field(default_factory=dict)
    macros: dict[str, Expr] = field(default_factory=dict)
    records: CompleteRecords = field(default_factory=dict)
    asked: dict[str, OptionSymbol] = field(default_factory=dict)
    programs: dict[str, TypeTable] = field(default_factory=dict)

    def table_at(self, place: Place | None) -> TypeTable:
        """The types that can be named there: in a probe of a program, that program's too."""
        attach = place.backend.attach[0] if place is not None and place.kind.is_user else None
        if not isinstance(attach, (UprobeAttach, UprobeMultiAttach)):
            return self.table
        if attach.path not in self.programs:
            program = ProgramTypes(self.view, attach.path)
            self.programs[attach.path] = self.table.of_program(program)
        return self.programs[attach.path]


@dataclass(slots=True, kw_only=True, eq=False)
class Body:
    """A program to be or a function, and what outlives a pass over it.

    `place` is None for a function. `reads` are the slots that the last pass went by, in the
    versions that they then had; `calls` the functions that it calls.
    """

    node: Probe | Function
    place: Place | None
    space: str
    scopes: Scopes
    returns: Type = VOID
    locals: dict[str, Slot] = field(default_factory=dict)
    reads: dict[Slot, int] = field(default_factory=dict)
    calls: dict[str, Span] = field(default_factory=dict)

    @property
    def is_stale(self) -> bool:
        """Whether something that the last pass went by has widened since."""
        return any(slot.version != version for slot, version in self.reads.items())
