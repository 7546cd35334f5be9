"""`HandlerCache`: handlers by their SHA-512, so that a hash is enough to register one again."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterable

from seismo.audit.catalog.model import EventType
from seismo.audit.tracer.errors import NotInCache
from seismo.base.dataclass import dataclass

__all__ = ("CACHE_SIZE", "CachedHandler", "HandlerCache", "handler_digest")

CACHE_SIZE = 4
"""How many handlers are kept where nothing else is said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CachedHandler:
    """What a handler is, without for whom: the types that it asks for."""

    types: frozenset[int]
    digest: str


def handler_digest(types: Iterable[EventType], object_digest: str) -> str:
    """The SHA-512, in hexadecimal, of a handler: the names of its types and the programs' own."""
    names = "\0".join(sorted(one.name for one in types))
    return hashlib.sha512(f"{object_digest}\0{names}".encode()).hexdigest()


class HandlerCache:
    """The most recently used handlers, at most `size`."""

    def __init__(self, size: int = CACHE_SIZE) -> None:
        self.size = size
        self._handlers: OrderedDict[str, CachedHandler] = OrderedDict()

    def __len__(self) -> int:
        return len(self._handlers)

    def __contains__(self, digest: object) -> bool:
        return digest in self._handlers

    def put(self, handler: CachedHandler) -> None:
        """Keep it as the most recently used; the least recently used one makes room."""
        self._handlers[handler.digest] = handler
        self._handlers.move_to_end(handler.digest)
        while len(self._handlers) > self.size:
            self._handlers.popitem(last=False)

    def get(self, digest: str) -> CachedHandler:
        """The handler with that hash; NotInCache."""
        found = self._handlers.get(digest)
        if found is None:
            raise NotInCache(digest, len(self._handlers))
        self._handlers.move_to_end(digest)
        return found
