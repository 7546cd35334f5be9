"""`read_object`: the bytes of a `.bpf.o` to an `ObjectFile`, the same on every machine.

>>> file = read_object(Path("trace.bpf.o").read_bytes(), "trace.bpf.o")
>>> [one.name for one in file.maps], [one.name for one in file.programs]
(['events', 'trace.rodata'], ['handle_exec', 'handle_exit'])

Nothing here trusts the bytes: whatever they are, the answer is an `ObjectFile`, or an `ElfError`,
`BtfError` or `ObjectError` with the place that is wrong.
"""

from __future__ import annotations

import struct

from seismo.btf.errors import BtfError
from seismo.btf.spec import Btf
from seismo.objfile.btf_maps import MAPS, read_btf_maps
from seismo.objfile.code import Places, read_functions
from seismo.objfile.data_maps import (
    kconfig_map,
    kconfig_variables,
    read_data_maps,
    read_variables,
)
from seismo.objfile.externs import read_externs
from seismo.objfile.fit_types import fitted_types
from seismo.objfile.model import Function, ObjectFile
from seismo.objfile.plain_maps import read_plain_maps
from seismo.objfile.source import ObjectSource
from seismo.objfile.struct_ops import read_struct_ops
from seismo.spec.types import MapSpec

__all__ = ("read_object",)

_NOTES = (".seismo", ".seismo.audit")
_LICENSE_BYTES = 63
"""More is cut, as libbpf cuts it."""


def read_object(data: bytes, name: str) -> ObjectFile:
    """What the file holds; `name` is its path or what messages are to call it.

    Raises ElfError and BtfError for malformed bytes, ObjectError for what is no BPF object.
    """
    source = ObjectSource(data, name)
    try:
        return _read(source)
    except BtfError as error:
        if error.path:
            raise
        raise source.placed(error, ".BTF") from error


def _read(source: ObjectSource) -> ObjectFile:
    name = source.name
    externs = read_externs(source)
    btf = Btf(fitted_types(source, externs), None, name)
    placed = [*read_btf_maps(source, btf), *read_plain_maps(source)]
    data_maps = read_data_maps(source, btf)
    options = kconfig_map(btf, name, externs)
    structs = read_struct_ops(source, btf)
    maps = (
        *[one.spec for one in placed],
        *data_maps.values(),
        *options,
        *[one.spec for one in structs],
    )
    _check_names(source, "maps", [one.name for one in maps])
    places = Places(
        maps={(one.section, one.offset): one.spec.name for one in (*placed, *structs)},
        data={index: one.name for index, one in data_maps.items()},
        externs=frozenset([one.name for one in externs]),
    )
    variables = read_variables(source, btf, data_maps)
    for one in options:
        variables += kconfig_variables(one, externs)
    functions = read_functions(source, places)
    _check_names(source, "functions", [one.name for one in functions])
    _check_slots(source, maps, functions)
    return ObjectFile(
        name=name,
        license=_license(source),
        kernel_version=_version(source),
        btf=btf,
        maps=maps,
        functions=functions,
        externs=externs,
        variables=variables,
        core_order=_core_order(source, functions),
        notes={one.name: source.content(one) for one in source.sections if one.name in _NOTES},
    )


def _check_names(source: ObjectSource, what: str, names: list[str]) -> None:
    """Maps and functions are known by their names from here on."""
    known = set()
    for name in names:
        if name in known:
            raise source.error(f"two {what} called '{name}'", 0)
        known.add(name)


def _check_slots(
    source: ObjectSource, maps: tuple[MapSpec, ...], functions: tuple[Function, ...]
) -> None:
    """Maps of programs begin with programs, not with functions that only others call."""
    programs = {one.name for one in functions if one.kind}
    for spec in maps:
        for _, name in spec.program_slots:
            if name not in programs:
                what = f"'{name}' is to be in the map '{spec.name}', but is no program"
                raise source.error(what, source.section(MAPS)[1].offset)


def _core_order(source: ObjectSource, functions: tuple[Function, ...]) -> tuple[str, ...]:
    """The functions with relocations as `.BTF.ext` has their sections."""
    sections = {name: place for place, name in enumerate(source.ext.core_relos)}
    found = [(sections[one.section], one.name) for one in functions if one.core_relos]
    return tuple([name for _, name in sorted(found, key=_first)])


def _first(pair: tuple[int, str]) -> int:
    return pair[0]


def _license(source: ObjectSource) -> str:
    """The text of section `license`; '' where there is none."""
    index, section = source.section("license")
    text = source.content(section).partition(b"\0")[0] if index else b""
    return text[:_LICENSE_BYTES].decode(errors="replace")


def _version(source: ObjectSource) -> int:
    """The number in section `version`, which kernels before 5.0 want of kprobes; 0 for none."""
    index, section = source.section("version")
    if not index:
        return 0
    content = source.content(section)
    if len(content) != 4:
        raise source.error(f"a version of {len(content)} bytes, not of 4", section.offset)
    (version,) = struct.unpack("<I", content)
    return int(version)
