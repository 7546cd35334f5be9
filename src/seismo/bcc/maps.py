"""The maps of a program's tables: its own, and those that programs of this process share.

A table that is public (BPF_TABLE_PUBLIC) or shared (BPF_TABLE_SHARED) may be declared `extern` in
another text, which then has the same map while the first one is there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from seismo.base.closing import Closing
from seismo.base.errors import SourceError
from seismo.bcc.machine import machine
from seismo.bcc.table.events import LossCounter
from seismo.c.tables import LOST, lost_offsets, map_specs, map_types
from seismo.c.tree import TableDecl, Unit
from seismo.objects.load import Loaded, load
from seismo.objects.map import Map
from seismo.spec.types import MapSpec, ObjectSpec

__all__ = ("Maps",)

_shared: dict[str, Map] = {}


class Maps(Closing):
    """Of one text, by the names of its tables."""

    def __init__(self, unit: Unit, variables: Sequence[MapSpec] = ()) -> None:
        """Make them, and those of global variables.

        Raises SourceError for a table that should be elsewhere and is not, and what `load` raises.
        """
        declared = unit.tables
        given = {name: _find(one) for name, one in declared.items() if one.is_extern}
        maps = (*map_specs(unit), *variables)
        spec = ObjectSpec(maps=maps, programs=(), btf=map_types(unit))
        self._loaded: Loaded = load(spec, machine().kernel, given)
        own = self._loaded.maps
        self.by_name: Mapping[str, Map] = {**own, **given}
        self._offered = {
            name: own[name] for name, one in declared.items() if one.is_public or one.is_shared
        }
        _shared.update(self._offered)
        self._lost = lost_offsets(unit)

    def losses(self, table: str) -> LossCounter | None:
        """Where programs count what a table could not send; None if it sends nothing."""
        if table not in self._lost:
            return None
        return LossCounter(self.by_name[LOST], self._lost[table])

    def close(self) -> None:
        """Close those that are this text's own; a second time does nothing."""
        for name, map_ in self._offered.items():
            if _shared.get(name) is map_:
                del _shared[name]
        self._offered = {}
        self._loaded.close()


def _find(table: TableDecl) -> Map:
    try:
        return _shared[table.name]
    except KeyError:
        message = f"there is no table '{table.name}' that other programs may use"
        hint = "it must be there first, declared by BPF_TABLE_PUBLIC or BPF_TABLE_SHARED"
        raise SourceError(table.span, message, hint) from None
