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
    map_references,
)
from seismo.btf.write import write
from seismo.core.subset import subset
from seismo.ship.access import CoreRelocation, find_trail
from seismo.spec.types import MapSpec

__all__ = ("LocalTypes", "local_types")

_POINTER_BYTES = 8
_VOID = 0


def local_types(
    btf: Btf, relocations: Sequence[CoreRelocation], own: Sequence[Type] = ()
) -> LocalTypes:
    """What these relocations name, out of the kernel's types; `BtfNotFound` if it is not there.

    `own` are further types, whose ids count from 1 on; `LocalTypes.own_id` has what became of them.
    """
    trails = [find_trail(btf, one) for one in relocations]
    members: dict[int, set[int]] = {}
    for trail in trails:
        for record, index in trail.members:
            members.setdefault(record, set()).add(index)
    kernel = subset(btf, [one.root for one in trails], members).types
    return LocalTypes(kernel, own)


class LocalTypes:
    """The types, which only grow; `btf` holds those that relocations name, which come first."""

    def __init__(self, kernel: Sequence[Type], own: Sequence[Type] = ()) -> None:
        self._first_own = len(kernel)
        self.types = [*kernel, *[map_references(one, self.own_id) for one in own]]
        self.btf = Btf.from_bytes(write(self.types))
        self._arrays: dict[int, int] = {}
        self._pointers: dict[int, int] = {}
        self._int = self._add(Int("int", 4, IntEncoding.SIGNED))
        self._number = self._add(Int("u64", 8))
        self._pointer = self._add(Ptr(_VOID))

    def _add(self, type_: Type) -> int:
        self.types.append(type_)
        return len(self.types)

    def own_id(self, id: int) -> int:
        """The id here of one of the program's own types."""
        return id + self._first_own if id else 0

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
        """The section with a variable for each (symbol, map), and where each lies in it.

        The types of keys and values are ids here. Behind the definition of a map of programs each
        slot that has one has 8 bytes.
        """
        places: dict[str, Placement] = {}
        offset = 0
        for symbol, spec in maps:
            record = self._definition(spec)
            slots = max([index + 1 for index, _ in spec.program_slots], default=0)
            size = record.size + slots * _POINTER_BYTES
            variable = self._add(Var(symbol, self._add(record), VarLinkage.GLOBAL))
            places[symbol] = Placement(variable, offset, size)
            offset += size
        if places:
            self._add(Datasec(section, offset, tuple(places.values())))
        return places

    def _definition(self, spec: MapSpec) -> Struct:
        """The struct whose members say what the map is, the initial values' last."""
        fields = {name: self._length(number) for name, number in _numbers(spec).items()}
        if spec.key_type and spec.value_type:
            fields["key"], fields["value"] = (
                self._pointer_to(one) for one in (spec.key_type, spec.value_type)
            )
        if spec.program_slots:
            program = self._add(Ptr(self._add(FuncProto(self._int))))
            fields["values"] = self._add(Array(program, self._int, 0))
        elif spec.inner is not None:
            pattern = self._add(Ptr(self._add(self._definition(spec.inner))))
            fields["values"] = self._add(Array(pattern, self._int, 0))
        members = [
            Member(name, type_, index * _POINTER_BYTES * 8)
            for index, (name, type_) in enumerate(fields.items())
        ]
        size = len(members) - ("values" in fields)
        return Struct("", size * _POINTER_BYTES, tuple(members))

    def _pointer_to(self, type_: int) -> int:
        if type_ not in self._pointers:
            self._pointers[type_] = self._add(Ptr(type_))
        return self._pointers[type_]

    def _length(self, number: int) -> int:
        """A number as BTF-defined maps say it: a pointer to an array of so many elements."""
        if number not in self._arrays:
            self._arrays[number] = self._add(Ptr(self._add(Array(self._int, self._int, number))))
        return self._arrays[number]


def _numbers(spec: MapSpec) -> dict[str, int]:
    """The attributes of a map that are not 0, by the names that libbpf has for them; sizes where
    no types say them."""
    is_typed = bool(spec.key_type and spec.value_type)
    numbers = {
        "type": int(spec.type),
        "key_size": 0 if is_typed else spec.key_size,
        "value_size": 0 if is_typed or spec.inner is not None else spec.value_size,
        "max_entries": spec.max_entries,
        "map_flags": spec.flags,
        "map_extra": spec.extra,
    }
    return {name: number for name, number in numbers.items() if number}
