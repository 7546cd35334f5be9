"""The types of a shipped script: those of the kernel that its relocations name, and its own.

Of the kernel's records only the members that are walked through are there, at the places that they
had in the kernel that the script was built on.
"""

from __future__ import annotations

from collections.abc import Sequence

from seismo.btf.spec import Btf
from seismo.btf.types import (
    Array,
    Datasec,
    Func,
    FuncLinkage,
    FuncProto,
    Int,
    IntEncoding,
    Member,
    Param,
    Placement,
    Ptr,
    Struct,
    Type,
    Var,
    VarLinkage,
)
from seismo.btf.write import write
from seismo.core.subset import subset
from seismo.ship.access import CoreRelocation, find_trail
from seismo.spec.types import MapSpec

__all__ = ("LocalTypes", "local_types")

_POINTER_BYTES = 8
_VOID = 0


def local_types(btf: Btf, relocations: Sequence[CoreRelocation]) -> LocalTypes:
    """What these relocations name, out of the kernel's types; `BtfNotFound` if it is not there."""
    trails = [find_trail(btf, one) for one in relocations]
    members: dict[int, set[int]] = {}
    for trail in trails:
        for record, index in trail.members:
            members.setdefault(record, set()).add(index)
    return LocalTypes(subset(btf, [one.root for one in trails], members).types)


class LocalTypes:
    """The types, which only grow; `btf` holds the kernel's alone, which come first."""

    def __init__(self, kernel: Sequence[Type]) -> None:
        self.types = list(kernel)
        self.btf = Btf.from_bytes(write(kernel))
        self._arrays: dict[int, int] = {}
        self._int = self._add(Int("int", 4, IntEncoding.SIGNED))
        self._number = self._add(Int("u64", 8))
        self._pointer = self._add(Ptr(_VOID))

    def _add(self, type_: Type) -> int:
        self.types.append(type_)
        return len(self.types)

    def add_function(self, name: str, pointers: Sequence[bool], *, is_global: bool) -> int:
        """The id of a function whose parameters are pointers or u64. libbpf takes what is global
        for a program of its own."""
        params = [
            Param(f"arg{index}", self._pointer if is_pointer else self._number)
            for index, is_pointer in enumerate(pointers)
        ]
        proto = self._add(FuncProto(self._int if is_global else self._number, tuple(params)))
        return self._add(Func(name, proto, FuncLinkage(int(is_global))))

    def add_maps(self, section: str, maps: Sequence[tuple[str, MapSpec]]) -> dict[str, Placement]:
        """The section with a variable for each (symbol, map), and where each lies in it."""
        places: dict[str, Placement] = {}
        offset = 0
        for symbol, spec in maps:
            numbers = _numbers(spec)
            members = [
                Member(name, self._length(number), index * _POINTER_BYTES * 8)
                for index, (name, number) in enumerate(numbers.items())
            ]
            size = len(members) * _POINTER_BYTES
            record = self._add(Struct("", size, tuple(members)))
            variable = self._add(Var(symbol, record, VarLinkage.GLOBAL))
            places[symbol] = Placement(variable, offset, size)
            offset += size
        if places:
            self._add(Datasec(section, offset, tuple(places.values())))
        return places

    def _length(self, number: int) -> int:
        """A number as BTF-defined maps say it: a pointer to an array of so many elements."""
        if number not in self._arrays:
            self._arrays[number] = self._add(Ptr(self._add(Array(self._int, self._int, number))))
        return self._arrays[number]


def _numbers(spec: MapSpec) -> dict[str, int]:
    """The attributes of a map that are not 0, by the names that libbpf has for them."""
    numbers = {
        "type": int(spec.type),
        "key_size": spec.key_size,
        "value_size": spec.value_size,
        "max_entries": spec.max_entries,
        "map_flags": spec.flags,
        "map_extra": spec.extra,
    }
    return {name: number for name, number in numbers.items() if number}
