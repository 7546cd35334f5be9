"""Whose events are whose: the handlers behind the index that a record has."""

from __future__ import annotations

from collections.abc import Mapping

from seismo.base.dataclass import dataclass

__all__ = ("NO_HANDLERS", "Handlers", "Owner")


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """A handler that events are for: its ids, and the types (by number) that it asked for."""

    program_id: int
    session_id: int = 0
    types: frozenset[int] = frozenset()


class Handlers:
    """What the indices in records meant at one time; it does not change.

    Several handlers may share an index, where several are for the same process: the newest, which
    stands last, owns what more than one has asked for.
    """

    __slots__ = ("_hidden", "_ids", "owners")

    def __init__(self, owners: Mapping[int, tuple[Owner, ...]]) -> None:
        self.owners = dict(owners)
        self._ids: dict[int, tuple[int, int]] = {}
        self._hidden: dict[int, bool] = {}

    def ids(self, index: int, type_: int) -> tuple[int, int]:
        """(program id, session id) of an event of a type; (0, 0) of an index that nobody has."""
        key = index << 16 | type_
        found = self._ids.get(key)
        if found is None:
            owners = self.owners.get(index, ())
            asked = [one for one in owners if type_ in one.types] or list(owners)
            found = (asked[-1].program_id, asked[-1].session_id) if asked else (0, 0)
            self._ids[key] = found
        return found

    def is_hidden(self, index: int, type_: int) -> bool:
        """Whether nobody has asked for it: it is there for correlation alone, or its handler has
        been unregistered."""
        key = index << 16 | type_
        found = self._hidden.get(key)
        if found is None:
            owners = self.owners.get(index, ())
            found = not any(type_ in one.types for one in owners)
            self._hidden[key] = found
        return found


NO_HANDLERS = Handlers({})
