"""Maps of objects without types for them: `struct bpf_map_def SEC("maps")`, and what grew of it.

Each loader had a struct of its own, which begins like the kernel's samples' of 2015:

  words 0 to 4   type, key_size, value_size, max_entries, map_flags
  words 5, 6     of 28 bytes: id, pinning (iproute2, cilium, aya), or, of maps of maps, the number
                 of the inner one and numa_node (samples/bpf)
  words 5 to 8   of 36 bytes: id, pinning, inner_id, inner_idx (iproute2)
  word 5 and on  of 280 bytes: pinning, the 256 bytes of a name space (gobpf)

What is zero means nothing to anybody, whatever the size.
"""

from __future__ import annotations

import struct

from seismo.base.dataclass import replace
from seismo.elf.relocations import LinkSymbol, SymbolKind
from seismo.isa.map_types import MapType
from seismo.objfile.btf_maps import PlacedMap
from seismo.objfile.source import ObjectSource
from seismo.spec.types import MapSpec

__all__ = ("is_map_section", "read_plain_maps")

_SECTION = "maps"
_KNOWN = struct.Struct("<5I")
_OLDEST_BYTES = 16
"""Before Linux 4.6 maps had no flags."""
_WORDS = struct.Struct("<2I")
_IPROUTE_BYTES = (28, 36)
_GOBPF_BYTES = 280
_NUMA_NODE = 1 << 2
_DIRECTORY = "/sys/fs/bpf"
_PIN_BY_NAME, _PIN_GLOBAL = 1, 2
_MAPS_OF_MAPS = (MapType.ARRAY_OF_MAPS, MapType.HASH_OF_MAPS)


def is_map_section(name: str) -> bool:
    """Whether a section holds such definitions: `maps`, or one of them in `maps/its_name`."""
    return name == _SECTION or name.startswith(f"{_SECTION}/")


def read_plain_maps(source: ObjectSource) -> list[PlacedMap]:
    """The maps in order of their places. ObjectError for one that is none or has unknown fields."""
    found = []
    for index, section in enumerate(source.sections):
        if is_map_section(section.name) and section.size:
            found += _section_maps(source, index)
    return found


def _section_maps(source: ObjectSource, index: int) -> list[PlacedMap]:
    section = source.sections[index]
    named = {
        one.value: one
        for one in reversed(source.symbols_by_section.get(index, ()))
        if one.kind in (SymbolKind.OBJECT, SymbolKind.NOTYPE) and one.name
    }
    if not named:
        raise source.error(f"section '{section.name}' has no maps in it", section.offset)
    starts = sorted(named)
    content = source.content(section)
    maps: list[PlacedMap] = []
    for start, next_start in zip(starts, [*starts[1:], section.size], strict=True):
        symbol = named[start]
        data = content[start : start + symbol.size if symbol.size else next_start]
        reader = _Definition(source, section.offset + start, symbol, data)
        maps.append(PlacedMap(index, start, reader.spec([one.spec for one in maps])))
    return maps


class _Definition:
    """The bytes of one map."""

    def __init__(self, source: ObjectSource, at: int, symbol: LinkSymbol, data: bytes) -> None:
        self._source = source
        self._at = at
        self._name = symbol.name
        self._data = data

    def _refuse(self, what: str) -> None:
        raise self._source.error(f"map '{self._name}': {what}", self._at)

    def spec(self, before: list[MapSpec]) -> MapSpec:
        """The map; `before` are those that stand before it in the section."""
        size = len(self._data)
        if size < _OLDEST_BYTES:
            self._refuse(f"{size} bytes, which define no map")
        known = self._data[: _KNOWN.size].ljust(_KNOWN.size, b"\0")
        type_, key_size, value_size, max_entries, flags = _KNOWN.unpack(known)
        if type_ not in MapType.__members__.values() or not type_:
            self._refuse(f"type {type_}, which is none")
        spec = MapSpec(
            name=self._name,
            type=MapType(type_),
            key_size=key_size,
            value_size=value_size,
            max_entries=max_entries,
            flags=flags,
        )
        return self._with_more(spec, before) if any(self._data[_KNOWN.size :]) else spec

    def _with_more(self, spec: MapSpec, before: list[MapSpec]) -> MapSpec:
        size = len(self._data)
        if size == _GOBPF_BYTES:
            return replace(spec, pin=self._name_space())
        if size not in _IPROUTE_BYTES:
            self._refuse(f"unknown fields in its {size} bytes")
        first, second = _WORDS.unpack_from(self._data, _KNOWN.size)
        if spec.type in _MAPS_OF_MAPS:
            if size != _IPROUTE_BYTES[0] or first >= len(before):
                self._refuse("an inner map that is none of those before it")
            numa_node = second if spec.flags & _NUMA_NODE else -1
            return replace(spec, inner=before[first], numa_node=numa_node)
        return replace(spec, pin=self._pin(second, ""))

    def _name_space(self) -> str:
        pinning, _ = _WORDS.unpack_from(self._data, _KNOWN.size)
        name = self._data[_KNOWN.size + 4 :].partition(b"\0")[0].decode(errors="replace")
        if pinning == _PIN_BY_NAME or "/" in name or name in (".", ".."):
            self._refuse(f"pinning {pinning} in name space '{name}'")
        return self._pin(pinning, name) if pinning == _PIN_GLOBAL else ""

    def _pin(self, pinning: int, name_space: str) -> str:
        if pinning > _PIN_GLOBAL:
            self._refuse(f"pinning {pinning}, which is none")
        if pinning == _PIN_GLOBAL:
            return f"{_DIRECTORY}/{name_space or 'tc'}/globals/{self._name}"
        return f"{_DIRECTORY}/{self._name}" if pinning == _PIN_BY_NAME else ""
