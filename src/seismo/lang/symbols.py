"""What the whole script has said about each map so far."""

from __future__ import annotations

from collections.abc import Iterable

from seismo.base.dataclass import dataclass, field
from seismo.base.source import Span
from seismo.lang.ast import MapAccess
from seismo.lang.slot import Slot
from seismo.lang.typed import MapSymbol
from seismo.lang.types import INT64

__all__ = ("DeclaredMap", "MapFacts", "MapTable")


@dataclass(frozen=True, slots=True)
class DeclaredMap:
    """`let @name = kind(entries);`."""

    kind: str
    entries: int
    span: Span


@dataclass(slots=True)
class MapFacts:
    """A map: where it was used, keyed and written first, and the types of all its uses."""

    name: str
    span: Span
    keys: tuple[Slot, ...] = ()
    keyed_at: Span | None = None
    value: Slot = field(default_factory=Slot)
    written_at: Span | None = None

    def set_keys(self, count: int, span: Span) -> None:
        """Tell how many keys there are: what a use of the map says first."""
        self.keyed_at = span
        self.keys = tuple([Slot() for _ in range(count)])
        self.value.touch()

    def set_written(self, span: Span) -> None:
        """Tell that something is put into the map."""
        if self.written_at is None:
            self.written_at = span
            self.value.touch()


class MapTable:
    """Every map of the script, in the order of their first uses."""

    __slots__ = ("_maps", "declared")

    def __init__(self) -> None:
        self.declared: dict[str, DeclaredMap] = {}
        self._maps: dict[str, MapFacts] = {}

    def of(self, node: MapAccess) -> MapFacts:
        """The facts about the map that a node names."""
        facts = self._maps.get(node.name)
        if facts is None:
            facts = self._maps[node.name] = MapFacts(node.name, node.span)
        return facts

    def used(self) -> Iterable[MapFacts]:
        """Every map that a statement names."""
        return self._maps.values()

    def written(self) -> tuple[str, ...]:
        """The names of the maps that something is put into."""
        return tuple([one.name for one in self._maps.values() if one.written_at is not None])

    def symbols(self) -> dict[str, MapSymbol]:
        """The maps, once all types are known."""
        return {one.name: self._symbol(one) for one in self._maps.values()}

    def _symbol(self, facts: MapFacts) -> MapSymbol:
        declared = self.declared.get(facts.name)
        return MapSymbol(
            name=facts.name,
            keys=tuple([slot.type or INT64 for slot in facts.keys]),
            value=facts.value.type or INT64,
            span=facts.span,
            kind=declared.kind if declared else "",
            max_entries=declared.entries if declared else 0,
        )
