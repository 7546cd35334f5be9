"""`TypedScript`: the checked script. Lowering asks it, and nothing else, about types and names."""

from __future__ import annotations

from collections.abc import Mapping

from seismo.base.dataclass import dataclass, field
from seismo.base.source import Span
from seismo.lang.ast import Expr, Probe, Variable
from seismo.lang.types import Type
from seismo.probes.spec import AttachPoint

__all__ = ("MapSymbol", "TypedProbe", "TypedScript")


@dataclass(frozen=True, slots=True, kw_only=True)
class MapSymbol:
    """A map of the script: key element types (none for a scalar map), value type, first use."""

    name: str
    keys: tuple[Type, ...]
    value: Type
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedProbe:
    """One program to be: the attach points it serves, and the types of its expressions.

    `locals` names each variable node's storage: two `$x` in disjoint scopes have different names.
    A local's type is the one of the whole program (`local_types`), wide enough for every write.
    """

    probe: Probe
    points: tuple[AttachPoint, ...]
    types: Mapping[Expr, Type] = field(repr=False)
    locals: Mapping[Variable, str] = field(repr=False)
    local_types: Mapping[str, Type] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedScript:
    """Probes in script order and every map, by name."""

    probes: tuple[TypedProbe, ...]
    maps: Mapping[str, MapSymbol]
