"""`Watches`: which handlers are for whom, in the kernel's maps.

The kernel knows handlers by an index, a slot, and each process, cgroup and executable has one slot.
Where several handlers are for the same one, a slot stands for them together. So a slot is a set of
registrations, its events are all that any of them asks for, and who of them has asked for what is
settled when records are read (`record/handlers.py`).

A registration is taken back in this order: no slot that it is in wants its events any more; entries
of slots that nobody else is in are deleted, until there are none, as a fork may copy one meanwhile;
then the slot is free. The slot that has been free for longest is taken first, so that records
under way are not taken for another's.
"""

from __future__ import annotations

import errno
import sys
from collections import deque
from collections.abc import Iterable, Mapping
from functools import reduce
from operator import or_
from struct import Struct

from seismo.audit.program.generate import FILTERS_MAP
from seismo.audit.record.handlers import Handlers, Owner
from seismo.audit.record.layout import HANDLERS, TYPES, Setting
from seismo.audit.tracer.errors import ScopeError, TooManyHandlers
from seismo.audit.tracer.scopes import Scope, ScopeKind, is_alive, process_key
from seismo.base.dataclass import dataclass
from seismo.base.errors import SyscallError
from seismo.kernel.abi import UpdateFlag
from seismo.objects.errors import KeyMissing
from seismo.objects.map import Map

__all__ = ("Registration", "Watches")

_WATCH = Struct("=HBBI")  # bpf/maps.h: audit_watch
_SLOT = Struct("=H")
_SLOT_OFFSETS = {
    "sockets": 56,  # bpf/sockets.h: audit_owner, handler
    "watched_cgroups": 0,
    "watched_exes": 0,
    "watched_processes": 0,
}
_WORDS = TYPES // 64
_ROUNDS = 100

_MAPS = {
    ScopeKind.PROCESS: "watched_processes",
    ScopeKind.TREE: "watched_processes",
    ScopeKind.CGROUP: "watched_cgroups",
    ScopeKind.EXE: "watched_exes",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """A handler that is registered: whose events (`scope`) of which types go to whom.

    `types` are those that were asked for; `tracked` those that correlation needs beside them.
    `digest` is the SHA-512 of the handler, by which `register_handler_by_id` knows it. `filters`
    are the bits of the filters of which an event has to pass one, 0: none.
    """

    id: int
    program_id: int
    session_id: int
    scope: Scope
    types: frozenset[int]
    tracked: frozenset[int]
    digest: str
    filters: int = 0

    @property
    def owner(self) -> Owner:
        return Owner(program_id=self.program_id, session_id=self.session_id, types=self.types)


class Watches:
    """The slots and who has them; writes the maps `handler_events` and `watched_*`."""

    def __init__(self, maps: Mapping[str, Map]) -> None:
        self._maps = maps
        self._free = deque(range(HANDLERS))
        self._slots: dict[int, frozenset[int]] = {}
        self._registrations: dict[int, Registration] = {}
        self._default = -1
        self.handlers = Handlers({})
        """What slots mean now; another object after each change."""

    @property
    def registrations(self) -> tuple[Registration, ...]:
        return tuple(self._registrations.values())

    @property
    def default_slot(self) -> int:
        """The slot of all processes that are not watched for themselves; -1 for none."""
        return self._default

    def flags(self) -> int:
        """What the kernel's programs have to look for: `Setting`s."""
        kinds = {one.scope.kind for one in self._registrations.values()}
        flags = int(Setting.CGROUPS) if ScopeKind.CGROUP in kinds else 0
        flags |= int(Setting.EXES) if ScopeKind.EXE in kinds else 0
        return flags | (int(Setting.DEFAULT) if self._default >= 0 else 0)

    def add(self, registration: Registration) -> None:
        """Let it have the events of its scope; the processes that are there already are for
        `watch`. TooManyHandlers, SyscallError (E2BIG: the map is full)."""
        self._registrations[registration.id] = registration
        scope = registration.scope
        try:
            if scope.kind is ScopeKind.EVERYTHING:
                ids = self._slots.get(self._default, frozenset())
                self._default = self._slot_for(ids | {registration.id})
            else:
                self._put(_MAPS[scope.kind], scope.key, scope.inherited, registration.id)
        except BaseException:
            self.remove(registration)
            raise

    def watch(self, pid: int, registration: Registration, *, inherited: bool) -> bool:
        """Let a process that runs already have it, too; whether it did not before, and runs."""
        key = process_key(pid)
        changed = self._put("watched_processes", key, inherited, registration.id)
        if not is_alive(pid):
            # It may have ended before it was put there, and then nobody else takes it away.
            self._delete("watched_processes", key)
            return False
        return changed

    def remove(self, registration: Registration) -> None:
        """Take it out of all slots; what nobody else is in is watched no more."""
        self._registrations.pop(registration.id, None)
        emptied = set[int]()
        for slot, ids in list(self._slots.items()):
            if registration.id in ids:
                self._slots[slot] = ids - {registration.id}
                self._write_events(slot)
                if not self._slots[slot]:
                    emptied.add(slot)
        self._publish()
        if self._default in emptied:
            self._default = -1
        self._delete_entries(emptied)
        for slot in emptied:
            del self._slots[slot]
            self._free.append(slot)

    def sweep(self) -> int:
        """Take entries of processes away that have ended without the kernel's programs having seen
        it; how many there were."""
        watched = self._maps["watched_processes"]
        ended = [key for key, _ in watched.items() if not _is_running(key)]
        return watched.delete_many(ended)

    def clear(self) -> None:
        """Take all back."""
        for one in self.registrations:
            self.remove(one)

    def _put(self, name: str, key: bytes, inherited: bool, id_: int) -> bool:
        """Add a registration to those of a key; whether it was not there yet."""
        map_ = self._maps[name]
        for _ in range(_ROUNDS):
            try:
                slot, was_inherited, _, _ = _WATCH.unpack(map_.get(key))
                flag = UpdateFlag.EXIST
            except KeyMissing:
                slot, was_inherited, flag = -1, 0, UpdateFlag.NOEXIST
            ids = self._slots.get(slot, frozenset())
            is_new = id_ not in ids or (inherited and not was_inherited)
            if not is_new:
                return False
            chosen = self._slot_for(ids | {id_})
            try:
                value = _WATCH.pack(chosen, int(inherited or was_inherited), 0, 0)
                map_.put(key, value, flag)
            except SyscallError as error:
                if error.errno in (errno.EEXIST, errno.ENOENT):
                    continue  # a fork or an exit came between
                raise
            return True
        raise ScopeError(f"{name}: an entry changes faster than it can be written")

    def _slot_for(self, ids: frozenset[int]) -> int:
        """The slot that stands for exactly these registrations."""
        for slot, there in self._slots.items():
            if there == ids:
                return slot
        self._reclaim()
        if not self._free:
            raise TooManyHandlers(
                f"there are {HANDLERS} handlers, or combinations of handlers that are for the same "
                "process, already\nhint: unregister some, or give several processes one handler"
            )
        slot = self._free.popleft()
        self._slots[slot] = ids
        self._write_events(slot)
        self._publish()
        return slot

    def _reclaim(self) -> None:
        """Where slots run short, free those that no entry has any more."""
        if self._free:
            return
        used = {self._default}
        for map_, offset in self._slot_maps():
            used |= {_SLOT.unpack_from(value, offset)[0] for _, value in map_.items()}
        for slot in set(self._slots) - used:
            del self._slots[slot]
            self._free.append(slot)

    def _slot_maps(self) -> list[tuple[Map, int]]:
        """The maps whose values have a slot, and where in them. Where nobody wants events of
        connections, there is none of sockets."""
        known = _SLOT_OFFSETS.items()
        return [(self._maps[name], offset) for name, offset in known if name in self._maps]

    def _write_events(self, slot: int) -> None:
        words = [0] * _WORDS
        for id_ in self._slots[slot]:
            if (one := self._registrations.get(id_)) is not None:
                for number in one.types | one.tracked:
                    words[number >> 6] |= 1 << (number & 63)
        key = slot.to_bytes(4, sys.byteorder)
        if FILTERS_MAP in self._maps:
            self._maps[FILTERS_MAP].put(key, self._filters(slot).to_bytes(8, sys.byteorder))
        value = b"".join(word.to_bytes(8, sys.byteorder) for word in words)
        self._maps["handler_events"].put(key, value)

    def _filters(self, slot: int) -> int:
        """What an event of the slot may pass by: nothing stands in its way if one of its handlers
        has no filter."""
        filters = [
            self._registrations[id_].filters
            for id_ in self._slots[slot]
            if id_ in self._registrations
        ]
        return 0 if 0 in filters else reduce(or_, filters, 0)

    def _publish(self) -> None:
        owners = {
            slot: tuple(one.owner for one in self._registrations.values() if one.id in ids)
            for slot, ids in self._slots.items()
        }
        self.handlers = Handlers(owners)

    def _delete_entries(self, slots: Iterable[int]) -> None:
        doomed = frozenset(slots)
        for map_, offset in self._slot_maps() if doomed else ():
            for _ in range(_ROUNDS):
                keys = [
                    key
                    for key, value in map_.items()
                    if _SLOT.unpack_from(value, offset)[0] in doomed
                ]
                if not map_.delete_many(keys):
                    break

    def _delete(self, name: str, key: bytes) -> None:
        try:
            self._maps[name].delete(key)
        except KeyMissing:
            return


def _is_running(key: bytes) -> bool:
    return is_alive(int.from_bytes(key, sys.byteorder))
