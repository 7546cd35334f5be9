"""Global variables: each section of them is the only value of an array map."""

from __future__ import annotations

import re

from seismo.base.dataclass import replace
from seismo.btf.errors import BtfNotFound
from seismo.btf.layout import size_of
from seismo.btf.spec import Btf
from seismo.btf.types import Datasec, Kind, Var, VarLinkage
from seismo.core.types import LocalTypes
from seismo.elf.file import Section, SectionType
from seismo.elf.relocations import SymbolKind
from seismo.isa.map_types import MapType
from seismo.objfile.externs import KCONFIG
from seismo.objfile.model import Extern, ExternKind, Variable
from seismo.objfile.source import ObjectSource
from seismo.spec.types import MapSpec

__all__ = ("KEY", "kconfig_map", "kconfig_variables", "read_data_maps", "read_variables")

KEY = bytes(4)
"""The key of the only value."""

_RDONLY_PROG, _MMAPABLE = 1 << 7, 1 << 10
_MAX_VALUE_BYTES = (1 << 31) - 1
"""The kernel's own limit of a value."""
_NAME_BYTES = 15
_SUFFIX_BYTES = 7
"""Of a map's name, `.rodata` may always be told."""
_REFUSED = re.compile(r"[^A-Za-z0-9_.]")


def read_data_maps(source: ObjectSource, btf: Btf) -> dict[int, MapSpec]:
    """The maps by the index of their section. ObjectError for a section larger than a value.

    What is written to and what is not may be two sections of a name: clang makes them of variables
    of `SEC(".rodata")` and others that are const. The types are about the first.
    """
    found: dict[int, MapSpec] = {}
    names: set[str] = set()
    for index, section in enumerate(source.sections):
        if not section.size or not _is_data(section):
            continue
        spec = _data_map(source, btf, section)
        if source.section(section.name)[0] != index:
            spec = replace(spec, value_type=0)
        if spec.name in names:
            spec = replace(spec, name=f"{spec.name}@{index}")
        names.add(spec.name)
        found[index] = spec
    return found


def _is_data(section: Section) -> bool:
    if section.type == SectionType.NOBITS:
        return _is_or_begins(section.name, ".bss")
    return (
        section.type == SectionType.PROGBITS
        and not section.is_executable
        and (_is_or_begins(section.name, ".data") or _is_or_begins(section.name, ".rodata"))
    )


def _is_or_begins(name: str, section: str) -> bool:
    return name == section or name.startswith(f"{section}.")


def _data_map(source: ObjectSource, btf: Btf, section: Section) -> MapSpec:
    if section.size > _MAX_VALUE_BYTES:
        what = f"section '{section.name}' of {section.size} bytes, more than a map's value may have"
        raise source.error(what, section.offset)
    is_constant = _is_or_begins(section.name, ".rodata")
    content = source.content(section)
    return _value_map(
        btf,
        source.name,
        section.name,
        size=section.size,
        content=content if any(content) else b"",
        is_constant=is_constant,
    )


def _value_map(
    btf: Btf, file: str, section: str, *, size: int, content: bytes = b"", is_constant: bool
) -> MapSpec:
    type_ = next(iter(btf.find_all(section, Kind.DATASEC)), 0)
    flags = _RDONLY_PROG if is_constant else 0
    return MapSpec(
        name=_map_name(file, section),
        type=MapType.ARRAY,
        key_size=len(KEY),
        value_size=size,
        max_entries=1,
        flags=flags | (_MMAPABLE if _has_globals(btf, type_) else 0),
        value_type=type_,
        contents=((KEY, content),) if content else (),
        is_frozen=is_constant,
        section=section,
    )


def kconfig_map(btf: Btf, file: str, externs: tuple[Extern, ...]) -> list[MapSpec]:
    """The map of the kernel's options, without their values; none where none is asked for."""
    options = [one for one in externs if one.kind is ExternKind.KCONFIG]
    if not options:
        return []
    size = max(one.offset + one.size for one in options)
    return [_value_map(btf, file, KCONFIG, size=size, is_constant=True)]


def _map_name(file: str, section: str) -> str:
    """The map's name as libbpf has it: the file's, then the section's, cut to what fits.

    A section with a name of its own (`.data.counters`) has all of it, which the kernel cuts.
    """
    if "." in section[1:]:
        return _REFUSED.sub("_", section)
    stem = file.rpartition("/")[2][:_NAME_BYTES].partition(".")[0]
    room = _NAME_BYTES - max(_SUFFIX_BYTES, len(section))
    return _REFUSED.sub("_", stem[:room] + section)


def _has_globals(btf: Btf, id: int) -> bool:
    """Whether user space is meant to see a variable of the section."""
    datasec = btf.type(id)
    return isinstance(datasec, Datasec) and any(
        isinstance(variable := btf.type(one.type), Var)
        and variable.linkage is not VarLinkage.STATIC
        for one in datasec.variables
    )


def read_variables(
    source: ObjectSource, btf: Btf, maps: dict[int, MapSpec]
) -> tuple[Variable, ...]:
    """The variables of the maps: as the types tell, else as the symbols do.

    ObjectError for one that is not in its section.
    """
    found: list[Variable] = []
    for index, spec in maps.items():
        variables = _typed(btf, spec) if spec.value_type else _untyped(source, btf, index, spec)
        for one in variables:
            if one.offset + one.size > spec.value_size:
                what = f"variable '{one.name}' goes on beyond section '{spec.section}'"
                raise source.error(what, source.sections[index].offset)
        found += variables
    return tuple(found)


def kconfig_variables(spec: MapSpec, externs: tuple[Extern, ...]) -> tuple[Variable, ...]:
    """Those of the map of options."""
    return tuple(
        [
            Variable(name=one.name, map=spec.name, offset=one.offset, size=one.size, type=one.type)
            for one in externs
            if one.kind is ExternKind.KCONFIG
        ]
    )


def _typed(btf: Btf, spec: MapSpec) -> list[Variable]:
    datasec = btf.type(spec.value_type)
    placed = [
        (one, variable)
        for one in (datasec.variables if isinstance(datasec, Datasec) else ())
        if isinstance(variable := btf.type(one.type), Var)
    ]
    return [
        Variable(
            name=variable.name,
            map=spec.name,
            offset=one.offset,
            size=one.size,
            type=variable.type,
        )
        for one, variable in placed
    ]


def _untyped(source: ObjectSource, btf: Btf, index: int, spec: MapSpec) -> list[Variable]:
    """Those of a section that no type tells of; some of them may have one all the same."""
    return [
        Variable(
            name=one.name,
            map=spec.name,
            offset=one.value,
            size=one.size,
            type=_type_of(btf, one.name, one.size),
        )
        for one in source.symbols_by_section.get(index, ())
        if one.kind == SymbolKind.OBJECT and one.name
    ]


def _type_of(btf: Btf, name: str, size: int) -> int:
    """The type of the only variable of that name; 0 if there are none or several, or of another
    size."""
    ids = btf.find_all(name, Kind.VAR)
    variable = btf.type(ids[0]) if len(ids) == 1 else None
    if not isinstance(variable, Var):
        return 0
    try:
        return variable.type if size_of(LocalTypes(btf), variable.type) == size else 0
    except BtfNotFound:
        return 0
