"""`Named`: what an object has of one kind, by name; a wrong name gets a near one as an answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeVar

from seismo.api.errors import UnknownName

__all__ = ("Named",)

T = TypeVar("T")


class Named(Mapping[str, T]):
    """A read-only mapping in the object's order; `others` are names beside the usual ones."""

    def __init__(
        self, what: str, items: Mapping[str, T], others: Mapping[str, T] | None = None
    ) -> None:
        self._what = what
        self._items = items
        self._others = others or {}

    def __getitem__(self, name: str) -> T:
        if name in self._items:
            return self._items[name]
        if name in self._others:
            return self._others[name]
        raise UnknownName(self._what, name, self._items)

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __repr__(self) -> str:
        return f"<{self._what}s: {', '.join(self._items) or 'none'}>"
