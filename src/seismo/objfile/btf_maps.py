"""Maps that the types of `.maps` define: `struct { __uint(type, …); __type(key, …); … }`.

A number stands in the type as the length of an array, a type as what a pointer points to.
"""

from __future__ import annotations

from bisect import bisect_right

from seismo.base.dataclass import dataclass, replace
from seismo.btf.errors import BtfError, BtfNotFound
from seismo.btf.layout import describe, size_of, strip
from seismo.btf.spec import Btf
from seismo.btf.types import Array, Datasec, FuncProto, Kind, Member, Ptr, Struct, Var
from seismo.elf.file import Section
from seismo.elf.relocations import Relocation
from seismo.isa.map_types import MapType
from seismo.objfile.source import ObjectSource
from seismo.spec.types import MapSpec

__all__ = ("MAPS", "PlacedMap", "read_btf_maps")

MAPS = ".maps"
_MAPS_OF_MAPS = (MapType.ARRAY_OF_MAPS, MapType.HASH_OF_MAPS)
_NUMA_NODE = 1 << 2
"""`BPF_F_NUMA_NODE`: `numa_node` counts."""
_PIN_BY_NAME = 1
_PIN_DIRECTORY = "/sys/fs/bpf"
_POINTER_BYTES = 8


@dataclass(frozen=True, slots=True)
class PlacedMap:
    """A map that symbols refer to by its place, `offset` bytes into the section `section`."""

    section: int
    offset: int
    spec: MapSpec


@dataclass(frozen=True, slots=True)
class _Definition:
    """A map with the bytes of its definition: `size` at `offset` of `.maps`, the initial values of
    a map of maps or programs `values` bytes into them (negative: there are none)."""

    offset: int
    size: int
    values: int
    spec: MapSpec


def read_btf_maps(source: ObjectSource, btf: Btf) -> list[PlacedMap]:
    """The maps in order of their places; `btf` has their places in it.

    Raises BtfError for a type that defines no map, ObjectError for initial values that are none.
    """
    index, section = source.section(MAPS)
    if not index:
        return []
    definitions = _definitions(btf)
    if section.size and not definitions:
        hint = "compile with -g"
        raise source.error("maps without types: the file has no BTF", section.offset, hint)
    for one in definitions:
        if one.offset + one.size > section.size:
            what = f"map '{one.spec.name}' goes on beyond section '{MAPS}'"
            raise source.error(what, section.offset + one.offset)
    specs = _initialised(source, index, definitions)
    return [
        PlacedMap(index, one.offset, spec) for one, spec in zip(definitions, specs, strict=True)
    ]


def _definitions(btf: Btf) -> list[_Definition]:
    """The maps that the types tell of; BtfError for two in one place or of one name."""
    found: list[_Definition] = []
    names: set[str] = set()
    for id in btf.find_all(MAPS, Kind.DATASEC)[:1]:
        datasec = btf.type(id)
        for one in datasec.variables if isinstance(datasec, Datasec) else ():
            new = _definition(btf, one.type, one.offset, one.size)
            if new.spec.name in names or (found and new.offset < found[-1].offset + found[-1].size):
                raise BtfError(f"map '{new.spec.name}' is there twice", btf.position(id))
            names.add(new.spec.name)
            found.append(new)
    return found


def _definition(btf: Btf, id: int, offset: int, size: int) -> _Definition:
    variable = btf.type(id)
    if not isinstance(variable, Var):
        raise BtfError(f"{describe(variable)} in section '{MAPS}'", btf.position(id))
    type_id = strip(btf, variable.type)
    type_ = btf.type(type_id)
    if not isinstance(type_, Struct) or type_.size > size:
        what = f"map '{variable.name}' is {describe(type_)} of {size} bytes, not a struct"
        raise BtfError(what, btf.position(type_id))
    values = -1
    if type_.members and type_.members[-1].name == "values":
        values = type_.members[-1].offset
    spec = _Reader(btf, variable.name, btf.position(type_id)).spec(type_)
    return _Definition(offset, size, values, spec)


class _Reader:
    """Reads one map's struct; `position` is where errors say it is."""

    def __init__(self, btf: Btf, name: str, position: int) -> None:
        self._btf = btf
        self._name = name
        self._position = position

    def _error(self, what: str) -> BtfError:
        return BtfError(f"map '{self._name}': {what}", self._position)

    def spec(self, struct: Struct, is_inner: bool = False) -> MapSpec:
        """The map; an inner one is only a pattern."""
        members = {one.name: one for one in struct.members}
        if len(members) != len(struct.members):
            raise self._error("a member twice")
        numbers = {name: self._number(members.pop(name)) for name in _NUMBERS if name in members}
        type_ = self._type(numbers.get("type", 0))
        key_type, key_size = self._side(members.pop("key", None), numbers.get("key_size"), "key")
        inner = None
        values = members.pop("values", None)
        if values is not None:
            inner = self._values(values, type_, is_inner)
            if numbers.setdefault("value_size", 4) != 4:
                raise self._error(f"values of {numbers['value_size']} bytes, not of 4")
        value_size = numbers.get("value_size")
        value_type, value_size = self._side(members.pop("value", None), value_size, "value")
        if members:
            raise self._error(f"unknown member '{next(iter(members))}'")
        flags = numbers.get("map_flags", 0)
        return MapSpec(
            name=self._name,
            type=type_,
            key_size=key_size,
            value_size=value_size,
            max_entries=numbers.get("max_entries", 0),
            flags=flags,
            extra=numbers.get("map_extra", 0),
            numa_node=numbers.get("numa_node", -1) if flags & _NUMA_NODE else -1,
            key_type=key_type,
            value_type=value_type,
            inner=inner,
            pin=self._pin(numbers.get("pinning", 0), is_inner),
        )

    def _type(self, number: int) -> MapType:
        if number not in MapType.__members__.values() or not number:
            raise self._error(f"type {number}, which is none")
        return MapType(number)

    def _number(self, member: Member) -> int:
        """`__uint(name, number)`: a pointer to an array of that length."""
        pointer = self._btf.type(strip(self._btf, member.type))
        array = self._btf.type(pointer.type) if isinstance(pointer, Ptr) else pointer
        if not isinstance(pointer, Ptr) or not isinstance(array, Array):
            raise self._error(f"'{member.name}' is no number: write it with __uint()")
        return array.count

    def _side(self, member: Member | None, size: int | None, side: str) -> tuple[int, int]:
        """(type, size) of keys or values: `__type(key, type)` and `__uint(key_size, size)`."""
        if member is None:
            return 0, size or 0
        pointer = self._btf.type(strip(self._btf, member.type))
        if not isinstance(pointer, Ptr):
            raise self._error(f"'{side}' is no type: write it with __type()")
        try:
            known = size_of(self._btf, pointer.type)
        except BtfNotFound as error:
            raise self._error(f"{side} of a type without a size: {error.what}") from error
        if size not in (None, known) or known > 0xFFFF_FFFF:
            raise self._error(f"{side} of {known} bytes, but {side}_size is {size}")
        return pointer.type, known

    def _values(self, member: Member, type_: MapType, is_inner: bool) -> MapSpec | None:
        """What a map of maps holds: `__array(values, struct {…})`; of programs: their type."""
        if is_inner:
            raise self._error("a map of maps in a map of maps")
        array = self._btf.type(strip(self._btf, member.type))
        pointer = self._btf.type(strip(self._btf, array.type)) if isinstance(array, Array) else None
        if not isinstance(array, Array) or array.count or not isinstance(pointer, Ptr):
            raise self._error("'values' is no array without a length: write it with __array()")
        pattern = self._btf.type(strip(self._btf, pointer.type))
        if type_ in _MAPS_OF_MAPS and isinstance(pattern, Struct):
            inner = _Reader(self._btf, f"{self._name}.inner", self._position)
            return inner.spec(pattern, is_inner=True)
        if type_ is MapType.PROG_ARRAY and isinstance(pattern, FuncProto):
            return None
        raise self._error(f"'values' of {describe(pattern)} in a map of type {type_.name}")

    def _pin(self, pinning: int, is_inner: bool) -> str:
        if pinning not in (0, _PIN_BY_NAME) or (pinning and is_inner):
            raise self._error(f"pinning {pinning}, which is none")
        return f"{_PIN_DIRECTORY}/{self._name}" if pinning else ""


_NUMBERS = (
    *("type", "max_entries", "map_flags", "numa_node", "key_size", "value_size"),
    *("pinning", "map_extra"),
)


def _initialised(source: ObjectSource, index: int, definitions: list[_Definition]) -> list[MapSpec]:
    """The maps with the initial values of those of maps and programs."""
    starts = [one.offset for one in definitions]
    maps = {one.offset: one.spec.name for one in definitions}
    slots: list[list[tuple[int, str]]] = [[] for _ in definitions]
    for relocation in source.relocations(index):
        number = bisect_right(starts, relocation.offset) - 1
        at = source.sections[index].offset + relocation.offset
        if number < 0:
            raise source.error("an initial value of no map", at)
        one = definitions[number]
        slot, rest = divmod(relocation.offset - one.offset - one.values, _POINTER_BYTES)
        if one.values < 0 or slot < 0 or rest or relocation.offset >= one.offset + one.size:
            raise source.error(f"map '{one.spec.name}' has no initial values there", at)
        if one.spec.inner:
            name = _map_at(source, index, maps, relocation)
        else:
            name = relocation.symbol.name
        slots[number].append((slot, name))
    return [
        replace(one.spec, **{"map_slots" if one.spec.inner else "program_slots": tuple(found)})
        for one, found in zip(definitions, slots, strict=True)
    ]


def _map_at(source: ObjectSource, index: int, maps: dict[int, str], relocation: Relocation) -> str:
    symbol = relocation.symbol
    if symbol.section != index or symbol.value not in maps:
        section: Section = source.sections[index]
        what = f"'{symbol.name}' is to be in a map of maps, but is no map"
        raise source.error(what, section.offset + relocation.offset)
    return maps[symbol.value]
