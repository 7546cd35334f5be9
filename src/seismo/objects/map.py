"""`Map`: a kernel map, keys and values as bytes.

>>> with Map.create(kernel, spec) as counts:
...     counts.put(b"\\1\\0\\0\\0", bytes(8))
...     dict(counts.items())

A per-CPU map's value travels as one row of slots, a slot a possible CPU, each rounded up to 8
bytes; the `*_per_cpu` methods cut and join rows. What keys and values mean is for others to know.
"""

from __future__ import annotations

import errno
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from typing import Self

from seismo.base.bits import align_up
from seismo.base.closing import Closing
from seismo.base.dataclass import dataclass
from seismo.base.errors import BpfError, NotSupported, SyscallError
from seismo.isa.map_types import MapType
from seismo.kernel import bpf
from seismo.kernel.abi import ENOTSUPP, MapCreateAttr, UpdateFlag
from seismo.kernel.fd import Fd
from seismo.kernel.object_ids import Kind, identity
from seismo.kernel.proc import possible_cpus
from seismo.kernel.protocol import Kernel
from seismo.objects.errors import KeyMissing, NotThatKind, WrongSize
from seismo.objects.map_batch import delete_entries, read_entries, read_keys, write_entries
from seismo.objects.map_spec import (
    check_pattern,
    check_spec,
    creation_flags,
    is_array,
    is_keyless,
    value_bytes,
)
from seismo.spec.types import MapSpec

__all__ = ("Map", "MapInfo")


@dataclass(frozen=True, slots=True)
class MapInfo:
    """What the kernel says of a map; `spec.name` has at most 15 characters."""

    id: int
    spec: MapSpec


class Map(Closing):
    """Owns the fd of a map; the map lives on while a program, a pin or another fd holds it."""

    def __init__(self, kernel: Kernel, fd: Fd, spec: MapSpec) -> None:
        self._kernel = kernel
        self.fd = fd
        self.spec = spec
        self.cpus = len(possible_cpus(kernel)) if spec.type.is_per_cpu else 1
        self.value_bytes = value_bytes(spec, self.cpus)

    @classmethod
    def create(
        cls, kernel: Kernel, spec: MapSpec, *, inner: Map | None = None, btf: Fd | None = None
    ) -> Self:
        """Create the map, empty; `inner` is the pattern of an array or hash of maps, `btf` what the
        spec's `key_type` and `value_type` are of (without it they are not told the kernel).

        Raises `BadSpec` for a spec that cannot be, `SyscallError` when the kernel refuses.
        """
        check_spec(spec)
        check_pattern(spec, has_pattern=inner is not None)
        attr = MapCreateAttr(
            map_type=spec.type,
            key_size=spec.key_size,
            value_size=spec.value_size,
            max_entries=spec.max_entries,
            map_flags=creation_flags(spec),
            inner_map_fd=int(inner.fd) if inner else 0,
            numa_node=max(spec.numa_node, 0),
            map_name=bpf.object_name(spec.name),
            map_extra=spec.extra,
        )
        if btf is not None:
            attr.btf_fd = int(btf)
            if spec.type is MapType.STRUCT_OPS:
                attr.btf_vmlinux_value_type_id = spec.value_type
            else:
                attr.btf_key_type_id = spec.key_type
                attr.btf_value_type_id = spec.value_type
        return cls(kernel, Fd(kernel, bpf.map_create(kernel, attr), "map", spec.name), spec)

    @classmethod
    def open_pinned(cls, kernel: Kernel, path: str) -> Self:
        """The map pinned at `path`, its spec as the kernel has it. Since Linux 4.13.

        Raises `SyscallError`, `NotThatKind` for what is no map.
        """
        with ExitStack() as on_error:
            fd = on_error.enter_context(Fd(kernel, bpf.obj_get(kernel, path), "map", path))
            if identity(kernel, fd)[0] is not Kind.MAP:
                raise NotThatKind(path, Kind.MAP.value)
            on_error.pop_all()
        return cls.adopt(kernel, fd)

    @classmethod
    def adopt(cls, kernel: Kernel, fd: Fd) -> Self:
        """The map behind `fd`, which it owns from here on, its spec as the kernel has it."""
        with ExitStack() as on_error:
            on_error.enter_context(fd)
            opened = cls(kernel, fd, _info(kernel, fd).spec)
            on_error.pop_all()
        return opened

    def info(self) -> MapInfo:
        """The map as the kernel describes it. Since Linux 4.13."""
        return _info(self._kernel, self.fd)

    def pin(self, path: str) -> None:
        """Keep the map alive under `path` on a bpffs, until `unpin`. Since Linux 4.4."""
        bpf.obj_pin(self._kernel, int(self.fd), path)

    def unpin(self, path: str) -> None:
        """Take the pin at `path` away."""
        self._kernel.unlink(path)

    def freeze(self) -> None:
        """Make the map read-only for user space, for good. Since Linux 5.2."""
        bpf.map_freeze(self._kernel, int(self.fd))

    def get(self, key: bytes) -> bytes:
        """The value under `key` (`value_bytes` long); raises `KeyMissing`."""
        self._check_key(key)
        try:
            return bpf.map_lookup(self._kernel, int(self.fd), key, self.value_bytes)
        except SyscallError as error:
            raise self._missing(error, key) from None

    def get_per_cpu(self, key: bytes) -> list[bytes]:
        """The value of every possible CPU under `key`; raises `KeyMissing`."""
        return self.cut_per_cpu(self.get(key))

    def put(self, key: bytes, value: bytes, flag: UpdateFlag = UpdateFlag.ANY) -> None:
        """Store `value` under `key`; `NOEXIST` and `EXIST` refuse a present and an absent key.

        Raises `SyscallError`: EEXIST, ENOENT by the flags, E2BIG when the map is full.
        """
        self._check_key(key)
        self._check_value(value)
        bpf.map_update(self._kernel, int(self.fd), key, value, flag)

    def put_per_cpu(self, key: bytes, values: Sequence[bytes]) -> None:
        """Store one value for each possible CPU, in order."""
        self.put(key, self.join_per_cpu(values))

    def delete(self, key: bytes) -> None:
        """Delete `key`; raises `KeyMissing`."""
        self._check_key(key)
        try:
            bpf.map_delete(self._kernel, int(self.fd), key)
        except SyscallError as error:
            raise self._missing(error, key) from None

    def get_and_delete(self, key: bytes) -> bytes:
        """Take the value out; raises `KeyMissing`.

        In one step since Linux 5.14, before it an update between look-up and deletion is lost.
        """
        self._check_key(key)
        try:
            return bpf.map_pop(self._kernel, int(self.fd), key, self.value_bytes)
        except SyscallError as error:
            if error.errno not in (errno.EINVAL, ENOTSUPP):
                raise self._missing(error, key) from None
        value = self.get(key)
        self.delete(key)
        return value

    def __contains__(self, key: bytes) -> bool:
        try:
            self.get(key)
        except KeyMissing:
            return False
        return True

    def keys(self) -> list[bytes]:
        """Every key; an array has all of its indices."""
        if is_array(self.spec.type):
            return [index.to_bytes(4, sys.byteorder) for index in range(self.spec.max_entries)]
        return read_keys(self._kernel, int(self.fd), self.spec.key_size)

    def items(self) -> Iterator[tuple[bytes, bytes]]:
        """Every (key, value), in batches where the kernel has them (Linux 5.6)."""
        return read_entries(self._kernel, int(self.fd), (self.spec.key_size, self.value_bytes))

    def items_per_cpu(self) -> Iterator[tuple[bytes, list[bytes]]]:
        """Every (key, value of every possible CPU)."""
        return ((key, self.cut_per_cpu(row)) for key, row in self.items())

    def drain(self) -> list[tuple[bytes, bytes]]:
        """Take every entry out: what is written meanwhile is in the answer or in the map.

        That holds with batches (Linux 5.6, hash maps); one by one an update can be lost, as in an
        array, whose values become zeros.
        """
        if is_array(self.spec.type):
            entries = list(self.items())
            self.clear()
            return entries
        sizes = (self.spec.key_size, self.value_bytes)
        return list(read_entries(self._kernel, int(self.fd), sizes, delete=True))

    def put_many(self, entries: Iterable[tuple[bytes, bytes]]) -> None:
        """Store every (key, value), in one call where the kernel has batches (Linux 5.6)."""
        checked = list(entries)
        for key, value in checked:
            self._check_key(key)
            self._check_value(value)
        write_entries(self._kernel, int(self.fd), checked)

    def delete_many(self, keys: Iterable[bytes]) -> int:
        """Delete those of `keys` that are there; how many were."""
        checked = list(keys)
        for key in checked:
            self._check_key(key)
        return delete_entries(self._kernel, int(self.fd), checked)

    def clear(self) -> None:
        """Delete every key; an array, which cannot lose a key, gets zeros instead."""
        if is_array(self.spec.type):
            self.put_many((key, bytes(self.value_bytes)) for key in self.keys())
        else:
            self.delete_many(self.keys())

    def zero(self) -> None:
        """Make every value zeros; a key that is deleted meanwhile stays so."""
        for key in self.keys():
            try:
                self.put(key, bytes(self.value_bytes), UpdateFlag.EXIST)
            except SyscallError as error:
                if error.errno != errno.ENOENT:
                    raise

    def push(self, value: bytes) -> None:
        """Add to a queue, stack or bloom filter; raises `SyscallError` E2BIG when it is full."""
        self._check_value(value)
        bpf.map_update(self._kernel, int(self.fd), None, value)

    def pop(self) -> bytes:
        """Take the next value from a queue or stack; raises `KeyMissing` when it is empty."""
        try:
            return bpf.map_pop(self._kernel, int(self.fd), None, self.value_bytes)
        except SyscallError as error:
            raise self._missing(error, b"") from None

    def peek(self) -> bytes:
        """The value that `pop` would take; raises `KeyMissing` when there is none."""
        try:
            return bpf.map_lookup(self._kernel, int(self.fd), None, self.value_bytes)
        except SyscallError as error:
            raise self._missing(error, b"") from None

    def may_contain(self, value: bytes) -> bool:
        """Whether a bloom filter has perhaps seen `value`; False is certain."""
        self._check_value(value)
        try:
            bpf.map_contains_value(self._kernel, int(self.fd), value)
        except SyscallError as error:
            if error.errno != errno.ENOENT:
                raise
            return False
        return True

    def cut_per_cpu(self, row: bytes) -> list[bytes]:
        """The values of a row of slots, without their padding."""
        slot, size = align_up(self.spec.value_size, 8), self.spec.value_size
        return [row[at : at + size] for at in range(0, slot * self.cpus, slot)]

    def join_per_cpu(self, values: Sequence[bytes]) -> bytes:
        """The row of slots for one value of every possible CPU."""
        for value in values:
            if len(value) != self.spec.value_size:
                raise WrongSize(self.spec.name, "value", len(value), self.spec.value_size)
        return b"".join(value.ljust(align_up(len(value), 8), b"\0") for value in values)

    def close(self) -> None:
        self.fd.close()

    def __repr__(self) -> str:
        spec = self.spec
        sizes = f"{spec.key_size} -> {spec.value_size} bytes, {spec.max_entries} entries"
        return f"<Map {spec.name}: {spec.type.name}, {sizes}>"

    def _check_key(self, key: bytes) -> None:
        if len(key) != self.spec.key_size or is_keyless(self.spec.type):
            raise WrongSize(self.spec.name, "key", len(key), self.spec.key_size)

    def _check_value(self, value: bytes) -> None:
        if len(value) != self.value_bytes:
            raise WrongSize(self.spec.name, "value", len(value), self.value_bytes)

    def _missing(self, error: SyscallError, key: bytes) -> BpfError:
        """`KeyMissing` for the kernel's ENOENT; any other error is itself."""
        return KeyMissing(self.spec.name, key) if error.errno == errno.ENOENT else error


def _info(kernel: Kernel, fd: Fd) -> MapInfo:
    raw = bpf.map_info(kernel, int(fd))
    if raw.type not in MapType:
        raise NotSupported(f"maps of type {raw.type}", "seismo is older than they are")
    spec = MapSpec(
        name=raw.name.decode(),
        type=MapType(raw.type),
        key_size=raw.key_size,
        value_size=raw.value_size,
        max_entries=raw.max_entries,
        flags=raw.map_flags,
        extra=raw.map_extra,
    )
    return MapInfo(raw.id, spec)
