"""Many map entries in few system calls, and one by one where the kernel or the map has no batches.

Batch commands came with Linux 5.6 for hash maps and arrays, and type by type after; a refusal is
EINVAL from an old kernel, ENOTSUPP from a map type without them.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator, Sequence

from seismo.base.errors import SyscallError
from seismo.kernel import bpf
from seismo.kernel.abi import ENOTSUPP
from seismo.kernel.protocol import Kernel

__all__ = ("delete_entries", "read_entries", "read_keys", "write_entries")

_REFUSALS = (errno.EINVAL, ENOTSUPP)
# One call's buffers: large enough to make calls rare, small enough to zero quickly.
_BUFFER_BYTES = 1 << 18


def read_entries(
    kernel: Kernel, fd: int, sizes: tuple[int, int], *, delete: bool = False
) -> Iterator[tuple[bytes, bytes]]:
    """Every (key, value), taken out of the map when `delete`.

    `sizes` are the bytes of a key and of a value. Entries that come or go meanwhile may be seen or
    not; nothing else is missed.
    """
    key_size, value_size = sizes
    count = max(1, _BUFFER_BYTES // (key_size + value_size))
    cursor = b""
    while True:
        try:
            batch = bpf.map_lookup_batch(kernel, fd, sizes, count, cursor, delete=delete)
        except SyscallError as error:
            if error.errno == errno.ENOSPC:
                count *= 2  # one bucket holds more than that
                continue
            if error.errno in _REFUSALS and not cursor:
                yield from _read_one_by_one(kernel, fd, sizes, delete=delete)
                return
            raise
        keys, values = batch.keys, batch.values
        for at in range(batch.count):
            key = keys[at * key_size : (at + 1) * key_size]
            yield key, values[at * value_size : (at + 1) * value_size]
        if batch.is_last:
            return
        cursor = batch.cursor


def read_keys(kernel: Kernel, fd: int, key_size: int) -> list[bytes]:
    """Every key, each once.

    When the key that the kernel should go on from has been deleted meanwhile, it begins anew; the
    walk ends where it would go round in circles.
    """
    keys: dict[bytes, None] = {}
    key: bytes | None = None
    repeated = 0
    while repeated <= len(keys):
        try:
            key = bpf.map_next_key(kernel, fd, key, key_size)
        except SyscallError as error:
            if error.errno == errno.ENOENT:
                break
            raise
        repeated += key in keys
        keys[key] = None
    return list(keys)


def write_entries(kernel: Kernel, fd: int, entries: Sequence[tuple[bytes, bytes]]) -> None:
    """Put every (key, value)."""
    if not entries:
        return
    keys, values = (b"".join(column) for column in zip(*entries, strict=True))
    try:
        bpf.map_update_batch(kernel, fd, keys, values, len(entries))
    except SyscallError as error:
        if error.errno not in _REFUSALS:
            raise
        for key, value in entries:
            bpf.map_update(kernel, fd, key, value)


def delete_entries(kernel: Kernel, fd: int, keys: Sequence[bytes]) -> int:
    """Delete the keys that are there; how many were."""
    deleted = 0
    rest = keys
    while rest:
        try:
            gone = bpf.map_delete_batch(kernel, fd, b"".join(rest), len(rest))
        except SyscallError as error:
            if error.errno not in _REFUSALS:
                raise
            return deleted + sum(_delete_one(kernel, fd, key) for key in rest)
        deleted += gone
        rest = rest[gone + 1 :]  # the call stopped at a key that was not there
    return deleted


def _delete_one(kernel: Kernel, fd: int, key: bytes) -> bool:
    try:
        bpf.map_delete(kernel, fd, key)
    except SyscallError as error:
        if error.errno == errno.ENOENT:
            return False
        raise
    return True


def _read_one_by_one(
    kernel: Kernel, fd: int, sizes: tuple[int, int], *, delete: bool
) -> Iterator[tuple[bytes, bytes]]:
    key_size, value_size = sizes
    for key in read_keys(kernel, fd, key_size):
        try:
            value = bpf.map_lookup(kernel, fd, key, value_size)
        except SyscallError as error:
            if error.errno == errno.ENOENT:
                continue
            raise
        if delete:
            _delete_one(kernel, fd, key)
        yield key, value
