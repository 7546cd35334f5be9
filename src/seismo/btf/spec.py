"""`Btf`: one blob's types by id and by name.

>>> btf = Btf.open("/sys/kernel/btf/vmlinux")
>>> btf.struct("list_head").members[0]
Member(name='next', type=97, bit_offset=0, bit_size=0)
>>> btf.enum_value("TASK_COMM_LEN")
16
>>> print(btf.c("list_head"))
struct list_head {
        struct list_head *next;
        struct list_head *prev;
};
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cached_property

from seismo.base.diagnostics import did_you_mean
from seismo.btf.errors import BtfNotFound
from seismo.btf.index import candidates, open_reader
from seismo.btf.layout import Place, describe, resolve
from seismo.btf.read import MAX_BYTES, Reader
from seismo.btf.types import Enum, Enum64, Int, Kind, Struct, Type

__all__ = ("VMLINUX", "Btf")

VMLINUX = "/sys/kernel/btf/vmlinux"
"""The running kernel's own BTF. Since Linux 5.4, with CONFIG_DEBUG_INFO_BTF."""

_NOT_DEFINING = (Kind.FWD, Kind.DECL_TAG, Kind.TYPE_TAG)


class Btf:
    """Types by id, decoded when asked for, and ids by name.

    Ids are `range(len(btf))`: 0 is void, then come the base's, if this is split BTF, then its own.
    """

    def __init__(self, data: bytes, base: Btf | None = None, name: str = "") -> None:
        self.name = name
        self.base = base
        self._reader: Reader
        self._reader, self._index = open_reader(data, base._reader if base else None)
        self._types: dict[int, Type] = {}

    @classmethod
    def from_bytes(cls, data: bytes, base: Btf | None = None) -> Btf:
        """Read a blob; `base` is what split BTF (a module's) continues. `BtfError` if malformed."""
        return cls(data, base)

    @classmethod
    def open(cls, path: str, base: Btf | None = None) -> Btf:
        """Read a file such as `/sys/kernel/btf/vmlinux`, or `/sys/kernel/btf/xfs` on that base.

        `OSError` as `open` has it. A kernel module's BTF is since Linux 5.11.
        """
        with open(path, "rb") as file:
            # Not all of a device without end; what is too long is refused by its length.
            size = os.fstat(file.fileno()).st_size or MAX_BYTES + 1
            data = file.read(min(size, MAX_BYTES + 1))
        return cls(data, base, path)

    def __repr__(self) -> str:
        return f"Btf({self.name!r}, {len(self) - 1} types)"

    def __str__(self) -> str:
        """All types as one C header."""
        from seismo.btf.cheader import header  # noqa: PLC0415 (lazy: docs/architecture.md)

        return header(self)

    def __len__(self) -> int:
        return len(self._reader)

    @property
    def ids(self) -> range:
        """The ids of this blob's own types: without void, and without the base's."""
        return self._reader.ids

    @property
    def string_bytes(self) -> int:
        """Where the strings of BTF that continues this one begin: `StringTable(start=...)`."""
        return self._reader.string_bytes

    @property
    def data(self) -> bytes:
        """The blob."""
        return self._reader.data

    @property
    def byte_order(self) -> str:
        """ "<" or ">"."""
        return self._reader.header.byte_order

    def strings_with(self, part: str) -> Iterator[str]:
        """The strings of this blob that contain `part`, the base's left out."""
        return self._reader.strings_with(part.encode())

    @cached_property
    def pointer_size(self) -> int:
        """Bytes of a pointer, which are those of `long`; 8 where there is no `long`."""
        for name in ("long unsigned int", "unsigned long", "long int", "long"):
            for id in self.find_all(name, Kind.INT):
                type_ = self.type(id)
                if isinstance(type_, Int) and type_.size in (4, 8):
                    return type_.size
        return 8

    def type(self, id: int) -> Type:
        """The type with this id; `BtfError` when there is none or its bytes are malformed."""
        known = self._types.get(id)
        if known is None:
            known = self._types[id] = self._reader.type(id)
        return known

    def position(self, id: int) -> int:
        """The offset of the type's record in its blob; 0 for void."""
        return self._reader.position(id)

    def names(self, kind: Kind | None = None) -> Iterator[tuple[int, str]]:
        """Id and name of each named type of this blob, the base's left out."""
        for id, its_kind, name in self._reader.names():
            if name and (kind is None or its_kind == kind):
                yield id, name.decode(errors="replace")

    def find_all(self, name: str, kind: Kind | None = None) -> tuple[int, ...]:
        """The ids of all types of this name, the base's first; none is no error."""
        raw = name.encode(errors="surrogatepass")
        below = self.base.find_all(name, kind) if self.base else ()
        return below + tuple(
            [
                id
                for id in candidates(self._index.names, raw)
                if self._reader.raw_name(id) == raw
                and (kind is None or self._reader.record(id).kind is kind)
            ]
        )

    def find(self, name: str, kind: Kind | None = None) -> int:
        """The id of the type of this name; `BtfNotFound`, with a near name, when there is none.

        C has several name spaces, so give the `kind` where it matters. Without it definitions come
        before declarations, then the lowest id wins.
        """
        ids = self.find_all(name, kind)
        for id in ids:
            if self.type(id).kind not in _NOT_DEFINING:
                return id
        if ids:
            return ids[0]
        raise self._not_found(name, kind)

    def _not_found(self, name: str, kind: Kind | None) -> BtfNotFound:
        what = f"no {kind.words if kind else 'type'} '{name}' in {self.name or 'this BTF'}"
        if others := self.find_all(name):
            return BtfNotFound(what, f"there is '{describe(self.type(others[0]))}'")
        return BtfNotFound(what, did_you_mean(name, self._near(name, kind)))

    def _near(self, name: str, kind: Kind | None) -> set[str]:
        """Names to compare with a misspelt one: a kernel has too many to try them all."""
        tables: list[Btf] = [self, self.base] if self.base else [self]
        return {
            known
            for table in tables
            for _, known in table.names(kind)
            if known[0] == name[:1] and abs(len(known) - len(name)) <= 2
        }

    def struct(self, name: str) -> Struct:
        """The struct of this name; `BtfNotFound` as `find`."""
        for id in self.find_all(name, Kind.STRUCT):
            type_ = self.type(id)
            if isinstance(type_, Struct):
                return type_
        raise self._not_found(name, Kind.STRUCT)

    def find_enumerators(self, name: str) -> tuple[tuple[int, int], ...]:
        """The (id of the enum, value) of every enumerator of this name; none is no error."""
        raw = name.encode(errors="surrogatepass")
        below = self.base.find_enumerators(name) if self.base else ()
        enums = [(id, self.type(id)) for id in candidates(self._index.enumerators, raw)]
        return below + tuple(
            [
                (id, one.value)
                for id, type_ in enums
                if isinstance(type_, Enum | Enum64)
                for one in type_.values
                if one.name == name
            ]
        )

    def enum_value(self, name: str) -> int:
        """The value of an enumerator: `btf.enum_value("TCP_LISTEN")`; `BtfNotFound` if none."""
        if found := self.find_enumerators(name):
            return found[0][1]
        raise BtfNotFound(f"no enumerator '{name}' in {self.name or 'this BTF'}")

    def resolve(self, path: str) -> Place:
        """Where a path leads: `task_struct: real_parent->comm`; see `layout.resolve`.

        What stands before the colon is a struct's, union's or typedef's name.
        """
        outer, colon, members = path.partition(":")
        if not colon:
            raise BtfNotFound(f"'{path}' names no type", "write 'task_struct: real_parent->comm'")
        return resolve(self, self.find(outer.strip()), members)

    def c(self, name: str, kind: Kind | None = None) -> str:
        """The definition of the type of this name in C; `BtfNotFound` as `find`."""
        from seismo.btf.cprint import definition  # noqa: PLC0415 (lazy: docs/architecture.md)

        return definition(self, self.find(name, kind))
