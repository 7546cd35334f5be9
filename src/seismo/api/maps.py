"""`Map`: a kernel map whose keys and values are Python values, by its types' BTF.

>>> counts = obj.maps["counts"]
>>> counts[42] = 7
>>> dict(counts), counts.get(43), 42 in counts
({42: 7}, None, True)

A per-CPU map's value is a list, one element a possible CPU; to set one value for all of them give
it alone. Queues, stacks and bloom filters have no keys: `push`, `pop`, `peek`, `may_contain`. A map
of maps takes maps, an array of programs programs; they read as the ids of what they hold.
"""

from __future__ import annotations

from collections.abc import ItemsView, Iterable, Iterator, Mapping, MutableMapping, ValuesView
from contextlib import ExitStack
from typing import Any, Self

from seismo.api.codec import Codec
from seismo.api.errors import UnknownName, WrongState, WrongType
from seismo.api.links import Link
from seismo.api.map_codecs import key_codec, value_codec
from seismo.api.types import Types
from seismo.base.closing import Closing
from seismo.base.dataclass import replace
from seismo.isa.map_types import MapType
from seismo.kernel import bpf
from seismo.kernel.live import LiveKernel
from seismo.kernel.protocol import Kernel
from seismo.objects import map as objects
from seismo.objects.attach.struct_ops import attach_struct_ops_map
from seismo.objects.inventory import open_map, types_of
from seismo.objects.load import load
from seismo.objects.map_spec import is_array, is_keyless
from seismo.spec.types import MapSpec, ObjectSpec

__all__ = ("Map",)

_RINGS = (MapType.RINGBUF, MapType.PERF_EVENT_ARRAY, MapType.USER_RINGBUF)
_SLOTS = (MapType.PROG_ARRAY, MapType.ARRAY_OF_MAPS)
"""Arrays whose empty places have a key, but no value."""
_NONE: Any = object()


class Map(MutableMapping[Any, Any], Closing):
    """A map of an object, or one that is in the kernel already (`open_pinned`).

    Of an object that is not loaded yet it says and changes what will be made. Raises `KeyMissing`
    (a `KeyError`) for a key that is not there, `WrongType` and `WrongValue` for keys and values
    that do not fit, `WrongState` before loading, `SyscallError` when the kernel refuses.
    """

    def __init__(
        self,
        spec: MapSpec,
        types: Types | None,
        key: Codec | None = None,
        value: Codec | None = None,
    ) -> None:
        self._spec = spec
        self._map: objects.Map | None = None
        self._types = types
        self._key: Codec = key_codec(spec, types, key)
        self._value: Codec = value_codec(spec, types, value)
        self._pins: list[str] = []
        self._links: list[Link] = []

    @classmethod
    def create(
        cls,
        type: str,
        key: int | Codec,
        value: int | Codec,
        max_entries: int,
        *,
        flags: int = 0,
        name: str = "",
        kernel: Kernel | None = None,
    ) -> Self:
        """A map of no object, to be closed: `Map.create("hash", 4, 8, max_entries=1024)`.

        Keys and values are of so many bytes, or of a type: `obj.types.find("struct key")`. Raises
        `UnknownName` for a type of map that is none, `BadSpec`, `SyscallError`.
        """
        if type.upper() not in MapType.__members__:
            known = [one.lower() for one in MapType.__members__]
            raise UnknownName("type of map", type, known)
        spec = MapSpec(
            name=name,
            type=MapType[type.upper()],
            key_size=key if isinstance(key, int) else key.size,
            value_size=value if isinstance(value, int) else value.size,
            max_entries=max_entries,
            flags=flags,
        )
        codecs = [None if isinstance(one, int) else one for one in (key, value)]
        made = cls(spec, None, *codecs)
        made.bind(objects.Map.create(kernel or LiveKernel(), spec))
        return made

    @classmethod
    def open_pinned(cls, path: str, kernel: Kernel | None = None) -> Self:
        """The map pinned at `path`, to be closed; its types as the kernel knows them (Linux 4.18).

        Raises `SyscallError` (ENOENT) where nothing is pinned.
        """
        live = kernel or LiveKernel()
        made = cls._adopt(live, objects.Map.open_pinned(live, path))
        made._pins.append(path)
        return made

    @classmethod
    def open_id(cls, number: int, kernel: Kernel | None = None) -> Self:
        """The map of that id, anybody's, to be closed; as `open_pinned`.

        Raises `NotInKernel`. Needs CAP_SYS_ADMIN. Since Linux 4.13.
        """
        live = kernel or LiveKernel()
        return cls._adopt(live, open_map(live, number))

    @classmethod
    def _adopt(cls, kernel: Kernel, opened: objects.Map) -> Self:
        """The map with the types that the kernel knows of it."""
        with ExitStack() as on_error:
            on_error.enter_context(opened)
            spec, types = opened.spec, None
            raw = bpf.map_info(kernel, int(opened.fd))
            if raw.btf_id:
                types = Types(types_of(kernel, raw.btf_id))
                key_type, value_type = raw.btf_key_type_id, raw.btf_value_type_id
                spec = replace(spec, key_type=key_type, value_type=value_type)
            made = cls(spec, types)
            made.bind(opened)
            on_error.pop_all()
        return made

    def bind(self, opened: objects.Map | None) -> None:
        """The map that it is from now on; None when that is gone, and what was attached with it."""
        for link in reversed(self._links):
            link.close()
        self._links.clear()
        self._map = opened
        if opened is not None:
            made = opened.spec
            self._spec = replace(self._spec, max_entries=made.max_entries, flags=made.flags)

    def attach(self, kernel: Kernel | None = None) -> Link:
        """Put a variable of `SEC(".struct_ops")` (Linux 5.6) or `SEC(".struct_ops.link")` (6.4) in
        place of the kernel's functions, until the link or its object is closed; the former can be
        so only once. `WrongType` for any other map, `AttachRefused` when the kernel refuses."""
        if self.type is not MapType.STRUCT_OPS:
            raise WrongType(f"map '{self.name}' is no struct of functions")
        live = kernel or LiveKernel()
        link = Link(self.name, attach_struct_ops_map(self.loaded, live), live)
        self._links.append(link)
        return link

    @property
    def name(self) -> str:
        """As the object has it; of a map that was pinned, its first 15 characters."""
        return self._spec.name

    @property
    def type(self) -> MapType:
        return self._spec.type

    @property
    def key_size(self) -> int:
        """Bytes of a key."""
        return self._spec.key_size

    @property
    def value_size(self) -> int:
        """Bytes of a value; of one CPU's, where each has its own."""
        return self._spec.value_size

    @property
    def max_entries(self) -> int:
        """How many entries there is room for; the bytes of a ring buffer. Set it before load."""
        return self._spec.max_entries

    @max_entries.setter
    def max_entries(self, number: int) -> None:
        self._change(max_entries=number)

    @property
    def flags(self) -> int:
        """`BPF_F_*` of making it. Set them before load."""
        return self._spec.flags

    @flags.setter
    def flags(self, flags: int) -> None:
        self._change(flags=flags)

    @property
    def pin_path(self) -> str:
        """Where load finds the map, or puts it if there is none; '' for nowhere. Set it before."""
        return self._spec.pin

    @pin_path.setter
    def pin_path(self, path: str) -> None:
        self._change(pin=path)

    @property
    def spec(self) -> MapSpec:
        """What is made at load."""
        return self._spec

    @property
    def value_type(self) -> Codec:
        """What makes Python values of the map's values."""
        return self._value

    @property
    def key_type(self) -> Codec:
        """What makes Python values of the map's keys."""
        return self._key

    @property
    def loaded(self) -> objects.Map:
        """The map of bytes below; `WrongState` when there is none yet or no more."""
        if self._map is None:
            raise WrongState(f"map '{self.name}' is not loaded", "obj.load() makes it")
        return self._map

    @property
    def id(self) -> int:
        """The kernel's number of the map. Since Linux 4.13."""
        return self.loaded.info().id

    def fileno(self) -> int:
        """The map's file descriptor."""
        return int(self.loaded.fd)

    def pin(self, path: str) -> None:
        """Keep the map alive under `path` on a bpffs, until `unpin`. Since Linux 4.4."""
        self.loaded.pin(path)
        self._pins.append(path)

    def unpin(self, path: str = "") -> None:
        """Take the pin at `path` away; without one those that are known of here."""
        for one in [path] if path else self._pins:
            self.loaded.unpin(one)
        self._pins = [one for one in self._pins if path and one != path]

    def freeze(self) -> None:
        """Make it read-only for user space, for good. Since Linux 5.2."""
        self.loaded.freeze()

    def __getitem__(self, key: Any) -> Any:
        return self._decoded(self._table.get(self._key_bytes(key)))

    def __setitem__(self, key: Any, value: Any) -> None:
        self._table.put(self._key_bytes(key), self._value_bytes(value))

    def __delitem__(self, key: Any) -> None:
        if is_array(self.type):
            hint = "\nhint: clear() makes them zeros"
            raise WrongType(f"map '{self.name}' is an array: its entries always exist{hint}")
        self._table.delete(self._key_bytes(key))

    def __contains__(self, key: object) -> bool:
        return self._key_bytes(key) in self._table

    def __iter__(self) -> Iterator[Any]:
        if self.type in _SLOTS:
            return (key for key, _ in self.entries())
        return map(self._key.decode, self._table.keys())

    def __len__(self) -> int:
        """How many entries there are now; an array's are always all."""
        table = self._table
        if self.type in _SLOTS:
            return sum(1 for _ in table.items())
        return table.spec.max_entries if is_array(self.type) else len(table.keys())

    def items(self) -> ItemsView[Any, Any]:
        """Every (key, value), read in batches (Linux 5.6)."""
        return _Items(self)

    def values(self) -> ValuesView[Any]:
        """Every value, read in batches (Linux 5.6)."""
        return _Values(self)

    def entries(self) -> Iterator[tuple[Any, Any]]:
        """What `items()` goes over."""
        key, decoded = self._key.decode, self._decoded
        for raw_key, raw_value in self._table.items():
            yield key(raw_key), decoded(raw_value)

    def update_many(self, entries: Mapping[Any, Any] | Iterable[tuple[Any, Any]]) -> None:
        """Store all of them, in one system call where the kernel has batches (Linux 5.6)."""
        pairs = entries.items() if isinstance(entries, Mapping) else entries
        encoded = [(self._key_bytes(key), self._value_bytes(value)) for key, value in pairs]
        self._table.put_many(encoded)

    def lookup_many(self, keys: Iterable[Any]) -> dict[Any, Any]:
        """The values of those of `keys` that are there."""
        found = ((key, self.get(key, _NONE)) for key in keys)
        # A mapping is a key of this map, but of no dict.
        return {
            self._key.decode(self._key_bytes(key)) if isinstance(key, Mapping) else key: value
            for key, value in found
            if value is not _NONE
        }

    def delete_many(self, keys: Iterable[Any]) -> int:
        """Delete those of `keys` that are there; how many were."""
        return self._table.delete_many([self._key_bytes(key) for key in keys])

    def take_all(self) -> list[tuple[Any, Any]]:
        """Take every entry out: what is written meanwhile is in the answer or in the map.

        That holds of hash maps since Linux 5.6; an array's values become zeros.
        """
        key = self._key.decode
        return [(key(one), self._decoded(value)) for one, value in self._table.drain()]

    def clear(self) -> None:
        """Delete every entry; an array's values become zeros."""
        self._table.clear()

    def push(self, value: Any) -> None:
        """Add to a queue, stack or bloom filter; `SyscallError` (E2BIG) when it is full."""
        self._keyless.push(self._value_bytes(value))

    def pop(self, key: Any = _NONE, default: Any = _NONE) -> Any:
        """The next value of a queue or stack; of any other map the value of `key`, taken out.

        Raises `KeyMissing` when there is none, unless there is a `default`.
        """
        try:
            if key is _NONE:
                return self._value.decode(self._keyless.pop())
            table = self._table
            return self._decoded(table.get_and_delete(self._key_bytes(key)))
        except KeyError:
            if default is _NONE:
                raise
            return default

    def peek(self) -> Any:
        """The value that `pop()` would take; raises `KeyMissing` when there is none."""
        return self._value.decode(self._keyless.peek())

    def may_contain(self, value: Any) -> bool:
        """Whether a bloom filter has perhaps seen `value`; False is certain."""
        return self._keyless.may_contain(self._value_bytes(value))

    def new_inner(self, kernel: Kernel | None = None) -> Map:
        """A new map to put into this map of maps, to be closed when it is in."""
        if self._spec.inner is None:
            raise WrongType(f"map '{self.name}' holds no maps")
        inner = self._spec.inner
        # The kernel compares locks and timers in the values, which it knows by their types.
        btf = self._types.btf.data if self._types is not None else b""
        loaded = load(ObjectSpec(maps=(inner,), programs=(), btf=btf), kernel or LiveKernel())
        made = Map(inner, self._types)
        made.bind(loaded.maps[inner.name])
        return made

    def close(self) -> None:
        """Close it; what holds the map otherwise still does. An object closes its own maps."""
        if self._map is not None:
            self._map.close()
        self._map = None

    # A mapping's equality would read the map.
    __eq__ = object.__eq__
    __hash__ = object.__hash__

    def __repr__(self) -> str:
        kind = self.type.name.lower()
        sizes = f"{self._key.name} -> {self._value.name}, {self.max_entries} entries"
        return f"<Map {self.name}: {kind}, {sizes}>"

    @property
    def _table(self) -> objects.Map:
        if is_keyless(self.type):
            raise WrongType(f"map '{self.name}' has no keys: use push, pop and peek")
        if self.type in _RINGS:
            raise WrongType(f"map '{self.name}' has no entries: read it by obj.events()")
        return self.loaded

    @property
    def _keyless(self) -> objects.Map:
        if not is_keyless(self.type):
            raise WrongType(f"map '{self.name}' has keys: it is no queue, stack or bloom filter")
        return self.loaded

    def _change(self, **fields: Any) -> None:
        if self._map is not None:
            raise WrongState(f"map '{self.name}' is loaded already", "change it before load()")
        self._spec = replace(self._spec, **fields)

    def _key_bytes(self, key: object) -> bytes:
        return self._key.encode(key, f"a key of map '{self.name}'")

    def _value_bytes(self, value: Any) -> bytes:
        where = f"a value of map '{self.name}'"
        if not self.type.is_per_cpu:
            return self._value.encode(value, where)
        table = self.loaded
        values = value if isinstance(value, list) else [value] * table.cpus
        if len(values) != table.cpus:
            raise WrongType(f"{where} must be a list of {table.cpus}, one for each possible CPU")
        return table.join_per_cpu([self._value.encode(one, where) for one in values])

    def _decoded(self, value: bytes) -> Any:
        if self.type.is_per_cpu:
            return [self._value.decode(one) for one in self.loaded.cut_per_cpu(value)]
        return self._value.decode(value)


class _Items(ItemsView[Any, Any]):
    """Entries as batches have them, not one look-up for each key."""

    def __init__(self, map_: Map) -> None:
        super().__init__(map_)
        self._entries = map_.entries

    def __iter__(self) -> Iterator[tuple[Any, Any]]:
        return self._entries()


class _Values(ValuesView[Any]):
    """Values as batches have them, not one look-up for each key."""

    def __init__(self, map_: Map) -> None:
        super().__init__(map_)
        self._entries = map_.entries

    def __iter__(self) -> Iterator[Any]:
        return (value for _, value in self._entries())
