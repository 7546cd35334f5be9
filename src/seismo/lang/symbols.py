"""What the whole script has said about each map so far."""

from __future__ import annotations

from seismo.base.dataclass import dataclass, field
from seismo.base.source import Span
from seismo.lang.ast import MapAccess
from seismo.lang.join import Slot
from seismo.lang.typed import MapSymbol
from seismo.lang.types import INT64, Type

__all__ = ("MapFacts", "MapTable")


@dataclass(slots=True)
class MapFacts:
    """A map: where it was used, keyed and written first, and the types of all its uses."""

    name: str
    span: Span
    keys: tuple[Slot, ...] = ()
    keyed_at: Span | None = None
    value: Slot = field(default_factory=Slot)
    written_at: Span | None = None


class MapTable:
    """Every map of the script, in the order of their first uses."""

    __slots__ = ("_maps",)

    def __init__(self) -> None:
        self._maps: dict[str, MapFacts] = {}

    def of(self, node: MapAccess) -> MapFacts:
        """The facts about the map that a node names."""
        facts = self._maps.get(node.name)
        if facts is None:
            facts = self._maps[node.name] = MapFacts(node.name, node.span)
        return facts

    def written(self) -> tuple[str, ...]:
        """The names of the maps that something is put into."""
        return tuple(one.name for one in self._maps.values() if one.written_at is not None)

    def snapshot(self) -> list[Type | None]:
        """Every type in the table: two equal snapshots mean that nothing has changed."""
        slots = (slot for one in self._maps.values() for slot in (one.value, *one.keys))
        return [slot.type for slot in slots]

    def symbols(self) -> dict[str, MapSymbol]:
        """The maps, once all types are known."""
        return {
            one.name: MapSymbol(
                name=one.name,
                keys=tuple(slot.type or INT64 for slot in one.keys),
                value=one.value.type or INT64,
                span=one.span,
            )
            for one in self._maps.values()
        }
