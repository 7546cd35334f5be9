"""`ScriptMaps`: what a script's `print`, `clear` and `zero` do with its maps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from operator import attrgetter

from seismo.events.aggregate import MapReader
from seismo.events.decode import Reading
from seismo.events.kinds import MapView
from seismo.objects.map import Map
from seismo.output.sink import Sink

__all__ = ("ScriptMaps",)


class ScriptMaps:
    """The maps that a script can see, by name; others that it uses stay hidden."""

    def __init__(self, views: Iterable[MapView], maps: Mapping[str, Map], reading: Reading) -> None:
        self._views = {view.name: view for view in views}
        self._maps = maps
        self._readers = {name: MapReader(view, reading) for name, view in self._views.items()}

    def known(self, names: Iterable[str]) -> list[str]:
        """Those of these names that a map has."""
        return [name for name in names if name in self._views]

    def print(self, name: str, sink: Sink, *, top: int = 0, div: int = 0) -> None:
        """`print(@m, top, div)`: a scalar map that holds nothing shows its zero."""
        self._show(name, sink, self._maps[name].items(), (top, div))

    def print_and_clear(self, name: str, sink: Sink, *, top: int = 0, div: int = 0) -> None:
        """Print and clear: what is written meanwhile is printed now or the next time."""
        self._show(name, sink, self._maps[name].drain(), (top, div))

    def print_all(self, sink: Sink) -> None:
        """Every map that holds something, by name; for the end."""
        for view in sorted(self._views.values(), key=attrgetter("name")):
            if rows := self._readers[view.name].rows(self._maps[view.name].items()):
                sink.map(view, rows)

    def clear(self, name: str) -> None:
        """Delete every key."""
        self._maps[name].clear()

    def zero(self, name: str) -> None:
        """Make every value zero; the keys stay."""
        self._maps[name].zero()

    def _show(
        self,
        name: str,
        sink: Sink,
        entries: Iterable[tuple[bytes, bytes]],
        cut: tuple[int, int],
    ) -> None:
        reader, (top, div) = self._readers[name], cut
        rows = reader.rows(entries, top=top, div=div) or reader.empty_rows()
        sink.map(self._views[name], rows)
