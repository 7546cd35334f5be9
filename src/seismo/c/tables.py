"""The maps that tables become: their types, sizes and flags, and the map of what was lost.

>>> map_specs(unit)
(MapSpec(name='counts', type=MapType.HASH, key_size=4, …), MapSpec(name='.lost', …))
"""

from __future__ import annotations

from collections.abc import Mapping

from seismo.base.dataclass import replace
from seismo.base.errors import SourceError
from seismo.btf.types import Array as BtfArray
from seismo.btf.types import Int, IntEncoding
from seismo.btf.write import write
from seismo.c.tree import TableDecl, Unit
from seismo.c.types import INT, U64, CType, same_type
from seismo.isa.map_types import MapType
from seismo.spec.types import MapSpec

__all__ = ("LOST", "SENDING", "lost_offsets", "map_specs", "map_type", "map_types")

LOST = ".lost"
"""The map whose only value has a u64 for each table that sends records: how many it could not."""

SENDING = frozenset(("perf_output", "ringbuf"))
"""The kinds of tables that send records."""

PAGE_BYTES = 4096
_COUNTER_BYTES = 8

_TYPES: Mapping[str, MapType] = {
    "hash": MapType.HASH,
    "array": MapType.ARRAY,
    "percpu_hash": MapType.PERCPU_HASH,
    "percpu_array": MapType.PERCPU_ARRAY,
    "lru_hash": MapType.LRU_HASH,
    "lru_percpu_hash": MapType.LRU_PERCPU_HASH,
    "lpm_trie": MapType.LPM_TRIE,
    "stack_trace": MapType.STACK_TRACE,
    "perf_output": MapType.PERF_EVENT_ARRAY,
    "perf_array": MapType.PERF_EVENT_ARRAY,
    "ringbuf": MapType.RINGBUF,
    "prog": MapType.PROG_ARRAY,
    "cgroup_array": MapType.CGROUP_ARRAY,
    "queue": MapType.QUEUE,
    "stack": MapType.STACK,
    "array_of_maps": MapType.ARRAY_OF_MAPS,
    "hash_of_maps": MapType.HASH_OF_MAPS,
    "devmap": MapType.DEVMAP,
    "cpumap": MapType.CPUMAP,
    "xskmap": MapType.XSKMAP,
    "sockmap": MapType.SOCKMAP,
    "sockhash": MapType.SOCKHASH,
    "sk_storage": MapType.SK_STORAGE,
    "inode_storage": MapType.INODE_STORAGE,
    "task_storage": MapType.TASK_STORAGE,
    "cgroup_storage": MapType.CGROUP_STORAGE,
    "percpu_cgroup_storage": MapType.PERCPU_CGROUP_STORAGE,
}
_BPF_F_NO_PREALLOC = 1
_STORED_WITH = (MapType.SK_STORAGE, MapType.INODE_STORAGE, MapType.TASK_STORAGE)
"""The kernel wants to know the types of these, at least their sizes."""
_WITHOUT_ENTRIES = (*_STORED_WITH, MapType.CGROUP_STORAGE, MapType.PERCPU_CGROUP_STORAGE)
_WITHOUT_KEY = (MapType.QUEUE, MapType.STACK, MapType.RINGBUF)
_OF_MAPS = (MapType.ARRAY_OF_MAPS, MapType.HASH_OF_MAPS)
# The values of these are what user space puts in: descriptors, 4 bytes each.
_OF_DESCRIPTORS = (
    *(MapType.PERF_EVENT_ARRAY, MapType.PROG_ARRAY, MapType.CGROUP_ARRAY, *_OF_MAPS),
)


def map_type(table: TableDecl) -> MapType:
    """The kernel's type of a table's map; SourceError for a kind that there is not.

    A histogram is an array where its key is an `int`, and a hash of any other key, as BCC has it.
    """
    if table.kind == "histogram":
        return MapType.ARRAY if same_type(table.key, INT) else MapType.HASH
    try:
        return _TYPES[table.kind]
    except KeyError:
        message = f"there are no tables of type '{table.kind}'"
        raise SourceError(table.span, message, f"types are {', '.join(sorted(_TYPES))}") from None


def lost_offsets(unit: Unit) -> dict[str, int]:
    """Where each table that sends has its counter in the value of `LOST`, by name."""
    names = [one.name for one in unit.tables.values() if one.kind in SENDING]
    return {name: place * _COUNTER_BYTES for place, name in enumerate(names)}


def map_specs(unit: Unit) -> tuple[MapSpec, ...]:
    """The maps of a program, in the order of the tables, `LOST` last where one sends records.

    Tables that are declared elsewhere (`extern`) have a spec, too: what is given must be like it.
    Raises SourceError for what no map can be made of.
    """
    types = _type_ids(unit)
    specs = {one.name: _typed(_spec(one), types) for one in unit.tables.values()}
    made = [_with_inner(one, specs[one.name], unit, specs) for one in unit.tables.values()]
    if counters := lost_offsets(unit):
        size = len(counters) * _COUNTER_BYTES
        made.append(
            MapSpec(name=LOST, type=MapType.ARRAY, key_size=4, value_size=size, max_entries=1)
        )
    return tuple(made)


def map_types(unit: Unit) -> bytes:
    """The BTF that `map_specs` refers to; empty where no map needs its types told."""
    types = _type_ids(unit)
    if not types:
        return b""
    arrays = [BtfArray(type=_BYTE, index=_INT, count=size) for size in types]
    return write([Int("int", 4, IntEncoding.SIGNED), Int("unsigned char", 1), *arrays])


_INT, _BYTE, _FIRST_ARRAY = 1, 2, 3  # ids in that BTF


def _type_ids(unit: Unit) -> dict[int, int]:
    """The type that stands for a leaf, by its size."""
    leaves = [one.leaf for one in unit.tables.values() if _TYPES.get(one.kind) in _STORED_WITH]
    sizes = dict.fromkeys(leaf.size for leaf in leaves)
    return {size: id for id, size in enumerate(sizes, _FIRST_ARRAY)}


def _typed(spec: MapSpec, types: Mapping[int, int]) -> MapSpec:
    if spec.type not in _STORED_WITH:
        return spec
    return replace(spec, key_type=_INT, value_type=types[spec.value_size])


def _spec(table: TableDecl) -> MapSpec:
    """The map of a table by itself."""
    type_ = map_type(table)
    _check(table, type_)
    return MapSpec(
        name=table.name,
        type=type_,
        key_size=0 if type_ in _WITHOUT_KEY else table.key.size,
        value_size=_value_size(table.leaf, type_),
        max_entries=_entries(table, type_),
        flags=table.flags
        | (_BPF_F_NO_PREALLOC if type_ in (MapType.LPM_TRIE, *_STORED_WITH) else 0),
        pin=table.pin,
    )


def _value_size(leaf: CType, type_: MapType) -> int:
    if type_ is MapType.RINGBUF:
        return 0
    return 4 if type_ in _OF_DESCRIPTORS else leaf.size


def _entries(table: TableDecl, type_: MapType) -> int:
    """As the kernel counts them: bytes of a ring, powers of two of stack traces; an array of perf
    events for records gets one for each CPU when it is made."""
    if type_ in _WITHOUT_ENTRIES or table.kind == "perf_output":
        return 0
    if type_ is MapType.RINGBUF:
        return table.entries * PAGE_BYTES
    if type_ is MapType.STACK_TRACE:
        return 1 << (table.entries - 1).bit_length()
    return table.entries


def _check(table: TableDecl, type_: MapType) -> None:
    """What the kernel would refuse without a word."""
    pages = table.entries
    if type_ is MapType.RINGBUF and (pages <= 0 or pages & (pages - 1)):
        hint = f"the size is in pages of {PAGE_BYTES} bytes: 8, 64, 1024 …"
        raise SourceError(table.span, f"{pages} pages are no power of two", hint)
    if type_ not in _WITHOUT_ENTRIES and table.kind != "perf_output" and table.entries <= 0:
        raise SourceError(table.span, f"table '{table.name}' has no entries", "give it a size")
    if table.kind == "histogram" and not same_type(table.leaf, U64):
        raise SourceError(table.span, f"a histogram counts in u64, not {table.leaf}")


def _with_inner(
    table: TableDecl, spec: MapSpec, unit: Unit, specs: Mapping[str, MapSpec]
) -> MapSpec:
    """A map of maps with its pattern."""
    if spec.type not in _OF_MAPS:
        return spec
    if table.inner not in unit.tables:
        message = f"table '{table.name}' holds tables like '{table.inner}', which there is not"
        raise SourceError(table.span, message, "declare that table before it")
    return replace(spec, inner=specs[table.inner])
