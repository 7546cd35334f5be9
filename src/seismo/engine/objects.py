"""What the descriptors of a `VmKernel` stand for: maps, programs, types, attachments.

Each has a descriptor of the real system, so that nobody else gets its number, and what is not
closed shows. What a descriptor stood for lives on while a program or an attachment refers to it.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Sequence
from itertools import count

from seismo.base.dataclass import dataclass, field
from seismo.base.errors import SyscallError
from seismo.engine.ring import MappedRing
from seismo.kernel.token import open_token
from seismo.spec.types import ProgramSpec
from seismo.vm.machine import Machine
from seismo.vm.maps.vm_map import VmMap

__all__ = ("Attached", "MapObject", "Objects", "ProgramObject", "Thing", "TypesObject")

_RUNS_INTERPRETED = 8
"""To translate a program takes about as long as to interpret it that often."""


@dataclass(slots=True, eq=False)
class MapObject:
    """A map. `walked` are its keys when a walk through it began, with their places in the walk."""

    id: int
    map: VmMap
    is_frozen: bool = False
    walked: Sequence[bytes] = ()
    places: dict[bytes, int] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class ProgramObject:
    """A program; `make` makes a machine for it, translated or not. `faults` are the runs that a
    fault, or the end of their budget, has ended."""

    id: int
    spec: ProgramSpec
    make: Callable[[bool], Machine]
    runs: int = 0
    faults: int = 0
    run_time_ns: int = 0
    _interpreted: Machine | None = None
    _translated: Machine | None = None

    @property
    def machine(self) -> Machine:
        """What runs it next: the interpreter, until that has run so often that translating pays."""
        if self.runs >= _RUNS_INTERPRETED:
            return self.translated
        if self._interpreted is None:
            self._interpreted = self.make(False)
        return self._interpreted

    @property
    def translated(self) -> Machine:
        """What runs it fast."""
        if self._translated is None:
            self._translated = self.make(True)
        return self._translated


@dataclass(frozen=True, slots=True, eq=False)
class TypesObject:
    """Type information, which nothing here asks for."""

    id: int


@dataclass(frozen=True, slots=True, eq=False)
class Attached:
    """A program where it is attached; `release` ends that."""

    program: ProgramObject
    cookie: int
    release: Callable[[Attached], object]


Thing = MapObject | ProgramObject | TypesObject | Attached


class Objects:
    """Things by their descriptors; `rings` are all ring buffers that there are."""

    def __init__(self) -> None:
        self.rings: list[MappedRing] = []
        self._things: dict[int, Thing] = {}
        self._map_ids: dict[VmMap, int] = {}
        self._ids = count(1)

    def next_id(self) -> int:
        """An id that nothing else has."""
        return next(self._ids)

    def open(self, thing: Thing) -> int:
        """A descriptor for a thing."""
        fd = open_token()
        self._things[fd] = thing
        return fd

    def open_map(self, made: VmMap) -> int:
        """A descriptor for a new map."""
        number = self._map_ids[made] = self.next_id()
        if isinstance(made, MappedRing):
            self.rings.append(made)
        return self.open(MapObject(number, made))

    def id_of(self, found: VmMap) -> int:
        """The id of a map, though all its descriptors be closed."""
        return self._map_ids[found]

    def find(self, fd: int) -> Thing | None:
        """What a descriptor stands for; None for one of the real system."""
        return self._things.get(fd)

    def map(self, fd: int, call: str) -> MapObject:
        """The map of a descriptor; SyscallError (EBADF, EINVAL) where it is none."""
        found = self._things.get(fd)
        if isinstance(found, MapObject):
            return found
        raise SyscallError(call, errno.EBADF if found is None else errno.EINVAL)

    def ring(self, fd: int) -> MappedRing | None:
        """The ring buffer of a descriptor; None where it is none."""
        found = self._things.get(fd)
        if isinstance(found, MapObject) and isinstance(found.map, MappedRing):
            return found.map
        return None

    def program(self, fd: int, call: str) -> ProgramObject:
        """The program of a descriptor; SyscallError (EBADF, EINVAL) where it is none."""
        found = self._things.get(fd)
        if isinstance(found, ProgramObject):
            return found
        raise SyscallError(call, errno.EBADF if found is None else errno.EINVAL)

    def forget(self, fd: int) -> None:
        """The descriptor is about to be closed."""
        thing = self._things.pop(fd, None)
        if isinstance(thing, Attached):
            thing.release(thing)
