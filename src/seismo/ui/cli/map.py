"""`seismo map`: the maps that are in the kernel, anybody's, and what they hold."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from seismo.api.map_codecs import untyped
from seismo.api.maps import Map
from seismo.api.types import Types
from seismo.btf.types import Datasec
from seismo.isa.map_types import MapType
from seismo.isa.prog_types import ProgType
from seismo.kernel.live import LiveKernel
from seismo.kernel.object_ids import Kind
from seismo.kernel.protocol import Kernel
from seismo.objects.find import find_maps
from seismo.objects.inventory import MapRecord, map_record, maps, type_name, types_of
from seismo.output.table import Cell
from seismo.ui.cli.errors import InputError
from seismo.ui.cli.parser import add_verb, parser_for, run_verb
from seismo.ui.cli.plain import as_text, plain
from seismo.ui.cli.stock import (
    Around,
    Stock,
    add_json,
    add_stock_verbs,
    add_which,
    print_json,
    selected,
)

__all__ = ("map_parser", "run_map")

_EXAMPLES = """examples:
  seismo map list                   every map, and who holds it
  seismo map show name counts
  seismo map dump name counts       its entries, by their types where they have any
  seismo map dump 17 --json
"""

_NO_ENTRIES = (
    MapType.ARENA,
    MapType.BLOOM_FILTER,
    MapType.CGROUP_ARRAY,
    MapType.CGRP_STORAGE,
    MapType.INODE_STORAGE,
    MapType.PERF_EVENT_ARRAY,
    MapType.QUEUE,
    MapType.RINGBUF,
    MapType.SK_STORAGE,
    MapType.STACK,
    MapType.TASK_STORAGE,
    MapType.USER_RINGBUF,
    MapType.XSKMAP,
)
"""What the kernel looks up nothing in, or only by an fd of what the entry belongs to."""
_OF_SOCKETS = (MapType.SOCKHASH, MapType.SOCKMAP)
_COOKIE_BYTES = 8


def run_map(arguments: Sequence[str]) -> int:
    """Do what the command line says; the exit status."""
    return run_verb(map_parser(), arguments)


def map_parser() -> argparse.ArgumentParser:
    """What reads the command line of `seismo map`."""
    parser = parser_for("seismo map", "Maps that are in the kernel.", _EXAMPLES)
    verbs = parser.add_subparsers(metavar="VERB", required=True)
    add_stock_verbs(verbs, _STOCK)
    dump = add_verb(verbs, "dump", "a map's entries", _dump)
    add_which(dump, _STOCK.ways, is_needed=True)
    add_json(dump)
    return parser


def _row(one: MapRecord, around: Around) -> tuple[Cell, ...]:
    return (
        one.id,
        one.type_name,
        one.name,
        one.key_size,
        one.value_size,
        one.max_entries,
        f"{one.flags:#x}",
        one.memlock,
        around.names(one.id),
    )


def _facts(one: MapRecord, around: Around) -> Iterator[str]:
    name = f"  name {one.name}" if one.name else ""
    extra = f"  map_extra {one.extra:#x}" if one.extra else ""
    yield f"{one.id}: {one.type_name}{name}  flags {one.flags:#x}{extra}"
    sizes = f"key {one.key_size}B  value {one.value_size}B"
    yield f"{sizes}  max_entries {one.max_entries}  memlock {one.memlock}B"
    if one.btf_id or one.is_frozen:
        btf = f"btf_id {one.btf_id}" if one.btf_id else ""
        yield "  ".join(filter(None, (btf, "frozen" if one.is_frozen else "")))


def _json(one: MapRecord, around: Around) -> dict[str, Any]:
    """The names are bpftool's, where it has the fact, too."""
    owner = {
        "owner_prog_type": type_name(ProgType, one.owner_type),
        "owner_jited": one.is_owner_jited,
    }
    return {
        "id": one.id,
        "type": one.type_name,
        "name": one.name,
        "flags": one.flags,
        "bytes_key": one.key_size,
        "bytes_value": one.value_size,
        "max_entries": one.max_entries,
        "map_extra": one.extra,
        "bytes_memlock": one.memlock,
        **(owner if one.owner_type >= 0 else {}),
        "frozen": int(one.is_frozen),
        **({"btf_id": one.btf_id} if one.btf_id else {}),
        "pids": [{"pid": who.pid, "comm": who.name} for who in around.held(one.id)],
    }


def _dump(given: argparse.Namespace) -> int:
    kernel = LiveKernel()
    for number in selected(kernel, given.words, _STOCK):
        with Map.open_id(number, kernel) as opened:
            _require_entries(number, opened)
            readable = _readable(kernel, map_record(kernel, number))
            entries = [(key, readable(value)) for key, value in opened.entries()]
        if given.is_json:
            print_json([{"key": plain(key), "value": plain(value)} for key, value in entries])
            continue
        for key, value in entries:
            print(f"{as_text(key)}: {as_text(value)}")
        print(f"Found {len(entries)} element{'s' * (len(entries) != 1)}")
    return 0


def _readable(kernel: Kernel, one: MapRecord) -> Callable[[Any], Any]:
    """What becomes of the map's values: of a section of global data its variables, by name."""
    types = Types(types_of(kernel, one.btf_id)) if one.btf_id else None
    section = types.btf.type(one.value_type) if types else None
    if types is None or not isinstance(section, Datasec):
        return _unchanged
    whole = untyped(one.value_size)
    variables = [
        (types.btf.type(each.type).name, types.codec(each.type), each.offset)
        for each in section.variables
    ]

    def read(value: Any) -> dict[str, Any]:
        data = whole.encode(value, "")
        return {name: codec.decode(data, offset) for name, codec, offset in variables}

    return read


def _unchanged(value: Any) -> Any:
    return value


def _require_entries(number: int, opened: Map) -> None:
    kind = opened.type.name.lower()
    if opened.type in _NO_ENTRIES:
        raise InputError(f"map {number} is a {kind}, which has no entries to look up")
    if opened.type in _OF_SOCKETS and opened.value_size != _COOKIE_BYTES:
        what = f"map {number} is a {kind} with values of {opened.value_size} bytes"
        raise InputError(f"{what}: sockets are looked up only as cookies of {_COOKIE_BYTES}")


_STOCK = Stock(
    kind=Kind.MAP,
    words="maps",
    all=maps,
    one=map_record,
    find=find_maps,
    ways=("id", "name", "pinned"),
    headings=("ID", "TYPE", "NAME", "KEY", "VALUE", "ENTRIES", "FLAGS", "BYTES", "HELD BY"),
    row=_row,
    facts=_facts,
    json=_json,
)
