"""Structs of functions that take the place of the kernel's: `SEC(".struct_ops")`.

Such a variable is a map of one value. In the object that has the layout of the object's own struct,
in the kernel that of the kernel's, behind what the kernel counts there, and members go by name.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from operator import attrgetter

from seismo.base.dataclass import dataclass, replace
from seismo.btf.errors import BtfError
from seismo.btf.layout import describe, size_of, strip
from seismo.btf.spec import Btf
from seismo.btf.types import Datasec, Kind, Member, Placement, Ptr, Struct, Var
from seismo.core.types import LocalTypes, essential, same_kind
from seismo.elf.file import Section
from seismo.isa.map_types import MapType
from seismo.objfile.btf_maps import PlacedMap
from seismo.objfile.errors import LinkError
from seismo.objfile.source import ObjectSource
from seismo.spec.types import MapSpec, ProgramTarget

__all__ = ("fit_struct_ops", "member_targets", "read_struct_ops")

_SECTIONS = {".struct_ops": 0, ".struct_ops.link": 1 << 13}
"""The flags of the maps; BPF_F_LINK: what is done with them is a link (Linux 6.4)."""
_KEY = bytes(4)
_VALUE_PREFIX = "bpf_struct_ops_"
_by_offset = attrgetter("offset")


@dataclass(frozen=True, slots=True)
class _Slot:
    """The address of `name` at a byte of a section."""

    offset: int
    name: str


def read_struct_ops(source: ObjectSource, btf: Btf) -> list[PlacedMap]:
    """The maps as the object has them: `value_type`, `contents` and the places of `program_slots`
    are those of its own struct. BtfError for what is no struct, ObjectError for a wrong place."""
    found: list[PlacedMap] = []
    for name in _SECTIONS:
        index, section = source.section(name)
        if not index or not section.size:
            continue
        datasec = btf.type(next(iter(btf.find_all(name, Kind.DATASEC)), 0))
        if not isinstance(datasec, Datasec):
            what = f"structs in section '{name}' without types: the file has no BTF"
            raise source.error(what, section.offset, "compile with -g")
        slots = _slots(source, index)
        found += [
            PlacedMap(index, one.offset, _read(source, btf, section, one, slots))
            for one in datasec.variables
        ]
    return found


def _slots(source: ObjectSource, index: int) -> list[_Slot]:
    """What the section has addresses of, in order."""
    slots = [_Slot(one.offset, one.symbol.name) for one in source.relocations(index) if one.type]
    return sorted(slots, key=_by_offset)


def _read(
    source: ObjectSource, btf: Btf, section: Section, place: Placement, slots: list[_Slot]
) -> MapSpec:
    variable = btf.type(place.type)
    type_id = strip(btf, variable.type) if isinstance(variable, Var) else 0
    type_ = btf.type(type_id)
    if not isinstance(type_, Struct) or type_.size != place.size:
        what = f"'{variable.name}' of section '{section.name}' is {describe(type_)}"
        raise BtfError(f"{what}, not a struct of {place.size} bytes", btf.position(place.type))
    start, end = place.offset, place.offset + place.size
    content = source.content(section)[start:end]
    if len(content) != place.size:
        what = f"'{variable.name}' goes on beyond section '{section.name}'"
        raise source.error(what, section.offset + start)
    first = bisect_left(slots, start, key=_by_offset)
    inside = slots[first : bisect_left(slots, end, key=_by_offset)]
    return MapSpec(
        name=variable.name,
        type=MapType.STRUCT_OPS,
        key_size=len(_KEY),
        value_size=place.size,
        max_entries=1,
        flags=_SECTIONS[section.name],
        value_type=type_id,
        contents=((_KEY, content),),
        program_slots=tuple([(one.offset - start, one.name) for one in inside]),
    )


def member_targets(maps: Iterable[MapSpec], btf: Btf) -> dict[str, ProgramTarget]:
    """Which member of which struct each program is for; `maps` are the object's.

    LinkError for a program at no member, or at two: the kernel verifies it for one.
    """
    found: dict[str, ProgramTarget] = {}
    for spec in maps:
        if spec.type is not MapType.STRUCT_OPS:
            continue
        struct = _struct(btf, spec.value_type)
        members = {one.offset: one for one in struct.members}
        for offset, name in spec.program_slots:
            if offset not in members:
                raise LinkError(f"'{name}' is in the middle of a member of '{spec.name}'")
            target = ProgramTarget(essential(struct.name), member=members[offset].name)
            if found.setdefault(name, target) != target:
                what = f"program '{name}' is {found[name].member} of {found[name].name}"
                hint = "write a program for each"
                raise LinkError(f"{what}, and {target.member} of {target.name} as well", hint)
    return found


def fit_struct_ops(spec: MapSpec, local: Btf, kernel: Btf) -> MapSpec:
    """The map as the kernel has it: `value_type` is an id of the kernel's own types, and
    `program_slots` are bytes of the value. LinkError for what the kernel's struct does not have."""
    return _Fitting(spec, local, kernel).fitted()


class _Fitting:
    """Puts the members of one variable where the kernel has them."""

    def __init__(self, spec: MapSpec, local: Btf, kernel: Btf) -> None:
        self._spec = spec
        self._local = LocalTypes(local)
        self._struct = _struct(local, spec.value_type)
        self._kernel = kernel
        self._name = essential(self._struct.name)
        record = self._find(self._name)
        self._members = {one.name: one for one in _struct(kernel, record).members if one.name}
        self._value_type = self._find(_VALUE_PREFIX + self._name)
        value = _struct(kernel, self._value_type)
        places = [one.offset for one in value.members if strip(kernel, one.type) == record]
        if not places:
            raise self._error(f"the kernel's struct {value.name} has no such member")
        self._start = places[0]
        self._value = bytearray(value.size)

    def _find(self, name: str) -> int:
        ids = self._kernel.find_all(name, Kind.STRUCT)
        if not ids:
            hint = "it takes a kernel whose functions of that struct may be replaced"
            raise self._error(f"the kernel's types have no struct {name}", hint)
        return ids[0]

    def _error(self, what: str, hint: str = "") -> LinkError:
        return LinkError(f"struct {self._name} '{self._spec.name}': {what}", hint)

    def fitted(self) -> MapSpec:
        """The spec for the kernel."""
        content = self._spec.contents[0][1]
        programs = dict(self._spec.program_slots)
        slots: list[tuple[int, str]] = []
        for member in self._struct.members:
            size = 0 if member.bit_size else size_of(self._local, member.type)
            given = content[member.offset : member.offset + max(size, 1)]
            if len(given) < size:
                raise self._error(f"member '{member.name}' goes on beyond the struct")
            program = programs.get(member.offset, "")
            found = self._members.get(member.name)
            if found is None:
                if program or any(given):
                    raise self._error(f"the kernel has no member '{member.name}'", "leave it out")
                continue
            place = self._start + found.offset
            if self._is_pointer(member, found):
                if program:
                    slots.append((place, program))
            else:
                self._value[place : place + size] = given
        return replace(
            self._spec,
            value_size=len(self._value),
            value_type=self._value_type,
            contents=((_KEY, bytes(self._value)),),
            program_slots=tuple(slots),
        )

    def _is_pointer(self, member: Member, found: Member) -> bool:
        """Whether it is a pointer here and there; LinkError unless both are of a kind and size."""
        mine = self._local.type(strip(self._local, member.type))
        other = self._kernel.type(strip(self._kernel, found.type))
        if member.bit_size or found.bit_size:
            raise self._error(f"member '{member.name}' is a bit-field, which is not supported")
        sizes = size_of(self._local, member.type), size_of(self._kernel, found.type)
        if not same_kind(mine.kind, other.kind) or sizes[0] != sizes[1]:
            what = f"member '{member.name}' is {describe(other)} of {sizes[1]} bytes in the kernel"
            raise self._error(f"{what}, not {describe(mine)} of {sizes[0]}")
        return isinstance(other, Ptr)


def _struct(btf: Btf, id: int) -> Struct:
    type_ = btf.type(id)
    if not isinstance(type_, Struct):
        raise BtfError(f"{describe(type_)}, not a struct", btf.position(id))
    return type_
