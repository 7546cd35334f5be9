"""Where the types of a blob begin and which names they have, kept on disk between runs.

Building an `Index` of a kernel's 126,000 types takes some 100 ms, loading it 1 ms. The file is
named after the SHA-256 of the blob, so that a new kernel finds no old answers, and checked in full
before its use; anything wrong with it means that it is built anew. It lies in
`$XDG_CACHE_HOME/seismo` or `~/.cache/seismo` and is only ever read or written where nobody else
could have put it there.

    header      magic, version, SHA-256 of the blob, three lengths, CRC-32 of the rest
    positions   u32 each: the offset of each type's record, in the order of ids
    names       u64 each, sorted: CRC-32 of a type's name << 32 | its id
    enumerators u64 each, sorted: CRC-32 of an enumerator's name << 32 | the id of its enum

Numbers are in the machine's own order and size; a hash may lead to several ids, and who looks a
name up compares the names.
"""

from __future__ import annotations

import hashlib
import os
import stat
import struct
from array import array
from bisect import bisect_left
from collections.abc import Sequence
from contextlib import suppress
from zlib import crc32

from seismo.base.dataclass import dataclass
from seismo.btf.read import Reader
from seismo.btf.types import Kind

__all__ = ("Index", "build", "cache_directory", "candidates", "load", "open_reader", "store")

_ENUMS = frozenset((int(Kind.ENUM), int(Kind.ENUM64)))

MAGIC = 0x53424958
FORMAT = 1
HEADER = struct.Struct("=II32sIIII")

WORTH_CACHING_BYTES = 1 << 18
"""A smaller blob is indexed faster than a file is checked."""


@dataclass(frozen=True, slots=True)
class Index:
    """Positions of the records, and the two name tables of the module's docstring."""

    positions: Sequence[int]
    names: Sequence[int]
    enumerators: Sequence[int]


def candidates(table: Sequence[int], name: bytes) -> list[int]:
    """The ids that a name table has under the hash of `name`, ascending."""
    key = crc32(name) << 32
    start = bisect_left(table, key)
    stop = bisect_left(table, key + (1 << 32), start)
    return [entry & 0xFFFF_FFFF for entry in table[start:stop]]


def build(reader: Reader) -> Index:
    """Index the types of one blob, its base left out."""
    names: list[int] = []
    enumerators: list[int] = []
    for id, kind, name in reader.names():
        if name:
            names.append(crc32(name) << 32 | id)
        if kind in _ENUMS:
            enumerators += [crc32(one) << 32 | id for one in reader.raw_enumerators(id)]
    names.sort()
    enumerators.sort()
    return Index(reader.positions, array("Q", names), array("Q", enumerators))


def open_reader(data: bytes, base: Reader | None = None) -> tuple[Reader, Index]:
    """A reader of a blob and its index: from the cache, or built and put there.

    A small blob is not worth a file, and split BTF is not known by its own bytes alone.
    """
    if base or len(data) < WORTH_CACHING_BYTES:
        reader = Reader(data, base)
        return reader, build(reader)
    digest = hashlib.sha256(data).digest()
    directory = cache_directory()
    index = load(directory, digest) if directory else None
    if index:
        return Reader(data, positions=index.positions), index
    reader = Reader(data)
    index = build(reader)
    if directory:
        store(directory, digest, index)
    return reader, index


def cache_directory() -> str:
    """The directory for index files, made if need be; "" when there is none to be trusted.

    It must be the user's own and closed to writing by others, and so must be what it is made in: a
    process of root's with another user's `$HOME` does without.
    """
    root = os.environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(root):
        root = os.path.expanduser("~/.cache")
    directory = os.path.join(root, "seismo")
    try:
        if _is_ours(os.lstat(directory), stat.S_IFDIR):
            return directory
    except FileNotFoundError:
        return directory if _make(directory) else ""
    except OSError:
        return ""
    return ""


def _make(directory: str) -> bool:
    root = os.path.dirname(directory)
    try:
        if not os.path.exists(root) and _is_ours(os.stat(os.path.dirname(root)), stat.S_IFDIR):
            os.mkdir(root, 0o700)
        if not _is_ours(os.stat(root), stat.S_IFDIR):
            return False
        os.mkdir(directory, 0o700)
    except OSError:
        return False
    return True


def _is_ours(status: os.stat_result, form: int) -> bool:
    writable_by_others = status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return (
        stat.S_IFMT(status.st_mode) == form
        and status.st_uid == os.geteuid()
        and not writable_by_others
    )


def _path(directory: str, digest: bytes) -> str:
    return os.path.join(directory, f"{digest.hex()[:32]}.btfindex")


def load(directory: str, digest: bytes) -> Index | None:
    """The index of the blob with this SHA-256; None when there is none or a faulty one."""
    try:
        with open(_path(directory, digest), "rb") as file:
            if not _is_ours(os.fstat(file.fileno()), stat.S_IFREG):
                return None
            content = file.read()
    except OSError:
        return None
    if len(content) < HEADER.size:
        return None
    magic, version, found, types, names, enumerators, checksum = HEADER.unpack_from(content)
    body = memoryview(content)[HEADER.size :]
    if (
        (magic, version, found) != (MAGIC, FORMAT, digest)
        or len(body) != types * 4 + (names + enumerators) * 8
        or crc32(body) != checksum
    ):
        return None
    names_start, enumerators_start = types * 4, types * 4 + names * 8
    return Index(
        body[:names_start].cast("I"),
        body[names_start:enumerators_start].cast("Q"),
        body[enumerators_start:].cast("Q"),
    )


def store(directory: str, digest: bytes, index: Index) -> None:
    """Put an index where `load` finds it; nothing happens where that is not possible."""
    body = b"".join((bytes(index.positions), bytes(index.names), bytes(index.enumerators)))
    header = HEADER.pack(
        MAGIC,
        FORMAT,
        digest,
        len(index.positions),
        len(index.names),
        len(index.enumerators),
        crc32(body),
    )
    path = _path(directory, digest)
    unfinished = f"{path}.{os.urandom(4).hex()}"
    try:
        with open(unfinished, "xb", opener=_open_private) as file:
            file.write(header)
            file.write(body)
        os.rename(unfinished, path)
    except OSError:
        with suppress(OSError):
            os.unlink(unfinished)


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
