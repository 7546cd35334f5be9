"""`TypedScript`: the checked script. Lowering asks it, and nothing else, about types and names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from seismo.base.dataclass import dataclass, field
from seismo.base.source import Span
from seismo.lang.ast import Expr, Field, Function, Probe, Variable
from seismo.lang.types import PointerType, RecordField, RecordType, Type
from seismo.probes.backend import Backend
from seismo.probes.format import TracepointFormat
from seismo.probes.kind import ProbeKind
from seismo.probes.spec import AttachPoint

__all__ = (
    "Constant",
    "Facts",
    "MapSymbol",
    "OptionSymbol",
    "Place",
    "TypedFunction",
    "TypedProbe",
    "TypedScript",
)

Constant: TypeAlias = "int | str | bool"
"""What an expression that is known at compile time gives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MapSymbol:
    """A map of the script: key element types (none for a scalar map), value type, first use.

    `kind` is the map's declared kind (`lruhash` …) and `max_entries` its declared size; '' and 0
    where the script does not declare it.
    """

    name: str
    keys: tuple[Type, ...]
    value: Type
    span: Span
    kind: str = ""
    max_entries: int = 0


@dataclass(frozen=True, slots=True)
class OptionSymbol:
    """What `getopt()` asks the command line for: `--name=value` behind `--`."""

    name: str
    default: Constant
    doc: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of the expressions in one body.

    `locals` names each variable node's storage: two `$x` in disjoint scopes have different names.
    A local's type is the one of the whole program (`local_types`), wide enough for every write.
    `members` is what each field access on a record means. `constants` are the expressions that are
    known at compile time: names of enumerators and C macros, `sizeof`, `comptime`, functions such
    as `kaddr()`; literals and the condition of every `if comptime` are among them. What is in an
    arm that is not compiled has no types. `expansions` are the expressions that stand for others:
    for the name of a C macro that is no constant, for `typeinfo`, `config`, and `*` of a number.
    `measured` are the types that `sizeof` and `offsetof` are about.
    """

    types: Mapping[Expr, Type] = field(repr=False)
    locals: Mapping[Variable, str] = field(repr=False)
    local_types: Mapping[str, Type] = field(repr=False)
    members: Mapping[Field, RecordField] = field(repr=False)
    constants: Mapping[Expr, Constant] = field(repr=False)
    expansions: Mapping[Expr, Expr] = field(default_factory=dict, repr=False)
    measured: Mapping[Expr, Type] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a program runs: the kind of its probe, its attach points' names, its backend, the
    kernel's architecture; what `args` (None: there are none), `ctx` and `retval` are. `format` is
    what tells of a tracepoint's `args`."""

    kind: ProbeKind
    names: tuple[str, ...]
    backend: Backend
    args: RecordType | None
    context: PointerType
    returns: Type
    machine: str
    format: TracepointFormat | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedProbe:
    """One program to be: the attach points it serves, what it knows of them, and the
    types of its expressions."""

    probe: Probe
    points: tuple[AttachPoint, ...]
    place: Place
    facts: Facts


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedFunction:
    """A function of the script: its parameters' storage and types in order, what it gives."""

    function: Function
    params: tuple[tuple[str, Type], ...]
    returns: Type
    facts: Facts


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedScript:
    """Probes in script order; every map, function and option of the command line, by name."""

    probes: tuple[TypedProbe, ...]
    maps: Mapping[str, MapSymbol]
    functions: Mapping[str, TypedFunction] = field(default_factory=dict)
    options: Mapping[str, OptionSymbol] = field(default_factory=dict)
