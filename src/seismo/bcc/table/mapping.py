"""`MappingTable`: a map as a Python mapping, as BCC's tables are.

>>> counts = b["counts"]
>>> for key, value in counts.items():
...     print(key.value, value.value)
>>> counts[7] = 0                       # or counts[ctypes.c_uint(7)] = ctypes.c_ulonglong(0)

Keys and leaves are handed out as objects of the ctypes classes `Key` and `Leaf`; given may be those
or what they can be made of (`packing.py`).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, MutableMapping
from typing import Any

from seismo.base.errors import SyscallError
from seismo.bcc.table.errors import NoSuchKey
from seismo.bcc.table.packing import Packing
from seismo.bcc.table.printed import Printed
from seismo.bcc.table.readers import Readers
from seismo.bcc.table.text import read_text, write_text
from seismo.c.tree import TableDecl
from seismo.kernel import bpf
from seismo.objects.errors import KeyMissing
from seismo.objects.map import Map

__all__ = ("MappingTable",)


class MappingTable(Printed, MutableMapping[Any, Any]):
    """A table of the program `bpf`, whose map belongs to that. `Key` and `Leaf` are classes."""

    def __init__(
        self, bpf: Readers, declared: TableDecl, map_: Map, key: type[Any], leaf: type[Any]
    ) -> None:
        self.bpf = bpf
        self.declared = declared
        self.map = map_
        self.name = declared.name
        self.Key = key
        self.Leaf = leaf
        self.ttype = int(map_.spec.type)
        self.flags = map_.spec.flags
        self.max_entries = map_.spec.max_entries
        self._keys = Packing(self.name, "key", key)
        self._leaves = Packing(self.name, "leaf", leaf)

    @property
    def map_fd(self) -> int:
        """The map's descriptor, which the program owns."""
        return int(self.map.fd)

    def get_fd(self) -> int:
        """The same."""
        return self.map_fd

    @property
    def map_id(self) -> int:
        """The kernel's number of the map. Since Linux 4.13."""
        return self.map.info().id

    def __getitem__(self, key: Any) -> Any:
        packed = self._packed(key)
        try:
            return self._leaf(self.map.get(packed))
        except KeyMissing as error:
            raise self._missing(packed) from error

    def __setitem__(self, key: Any, leaf: Any) -> None:
        self.map.put(self._packed(key), self._row(leaf))

    def __delitem__(self, key: Any) -> None:
        packed = self._packed(key)
        try:
            self.map.delete(packed)
        except KeyMissing as error:
            raise self._missing(packed) from error

    def __contains__(self, key: object) -> bool:
        return self._packed(key) in self.map

    def __iter__(self) -> Iterator[Any]:
        return map(self._keys.unpack, self.map.keys())

    def __len__(self) -> int:
        return len(self.map.keys())

    def __eq__(self, other: object) -> bool:
        return self is other

    __hash__ = object.__hash__

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.map!r}>"

    # The abstract class has views instead, which look every key up once more: a program may have
    # deleted it in between.

    def iteritems(self) -> Iterator[tuple[Any, Any]]:
        """(key, leaf) of every entry, read in batches where the kernel has them (Linux 5.6)."""
        key_of, leaf_of = self._keys.unpack, self._leaf
        return ((key_of(key), leaf_of(row)) for key, row in self.map.items())

    def itervalues(self) -> Iterator[Any]:
        """The leaf of every entry."""
        return (leaf for _, leaf in self.iteritems())

    def items(self) -> list[tuple[Any, Any]]:  # type: ignore[override]
        """(key, leaf) of every entry."""
        return list(self.iteritems())

    def values(self) -> list[Any]:  # type: ignore[override]
        """The leaf of every entry."""
        return list(self.itervalues())

    def keys(self) -> list[Any]:  # type: ignore[override]
        """Every key."""
        return list(self)

    def next(self, key: Any) -> Any:
        """The key after `key`, the first for None; StopIteration after the last."""
        after = None if key is None else self._packed(key)
        try:
            found = bpf.map_next_key(self.bpf.kernel, self.map_fd, after, self._keys.size)
        except SyscallError as error:
            raise StopIteration from error
        return self._keys.unpack(found)

    def clear(self) -> None:
        """Delete every entry; an array gets zeros."""
        self.map.clear()

    def zero(self) -> None:
        """Make every leaf zeros."""
        self.map.zero()

    def items_lookup_batch(self) -> Iterator[tuple[Any, Any]]:
        """The same as `iteritems`."""
        return self.iteritems()

    def items_lookup_and_delete_batch(self) -> Iterator[tuple[Any, Any]]:
        """Take every entry out: what is written meanwhile is handed out or in the map.

        In few calls since Linux 5.6; before that one by one, where an update can get lost.
        """
        for key, row in self.map.drain():
            yield self._keys.unpack(key), self._leaf(row)

    def items_update_batch(self, ct_keys: Iterable[Any], ct_values: Iterable[Any]) -> None:
        """Store a leaf under each key: two arrays of ctypes, or any two sequences of a length."""
        pairs = zip(ct_keys, ct_values, strict=True)
        self.map.put_many([(self._packed(key), self._row(leaf)) for key, leaf in pairs])

    def items_delete_batch(self, ct_keys: Iterable[Any] | None = None) -> None:
        """Delete those of the keys that are there; without keys every entry."""
        if ct_keys is None:
            self.clear()
        else:
            self.map.delete_many([self._packed(key) for key in ct_keys])

    def key_sprintf(self, key: Any) -> bytes:
        """A key as text: `{ 0x1 "cat" }`."""
        return write_text(self._keys.unpack(self._packed(key))).encode()

    def leaf_sprintf(self, leaf: Any) -> bytes:
        """A leaf as text."""
        return write_text(leaf).encode()

    def key_scanf(self, key_str: str | bytes) -> Any:
        """The key of a text; ValueError where it is none's."""
        return read_text(self.Key, os.fsdecode(key_str))

    def leaf_scanf(self, leaf_str: str | bytes) -> Any:
        """The leaf of a text; ValueError where it is none's."""
        return read_text(self.Leaf, os.fsdecode(leaf_str))

    def _packed(self, key: Any) -> bytes:
        """The bytes of a key, as the kernel takes it."""
        return self._keys.pack(key)

    def _missing(self, packed: bytes) -> NoSuchKey:
        key = self._keys.unpack(packed)
        shown = getattr(key, "value", None)
        return NoSuchKey(self.name, packed, write_text(key) if shown is None else repr(shown))

    def _row(self, leaf: Any) -> bytes:
        """The bytes of a leaf, as the kernel takes it."""
        return self._leaves.pack(leaf)

    def _leaf(self, row: bytes) -> Any:
        """What is handed out of a leaf's bytes."""
        return self._leaves.unpack(row)
