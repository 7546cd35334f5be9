"""The GNU hash table of a dynamic symbol table: where a name may be, without reading them all."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from seismo.base.bits import U32_MAX
from seismo.elf.file import ElfFile, Section

__all__ = ("candidates",)


def candidates(file: ElfFile, section: Section, name: bytes) -> Iterator[int]:
    """The indexes of the symbols whose names have the hash of `name`.

    The table is four words, a Bloom filter, the buckets, and a word for each symbol from `first`
    on: its hash, whose lowest bit is set at the end of a bucket. `ElfError` if it is cut off.
    """
    table = file.content(section)
    word = struct.Struct(f"{file.byte_order}I").unpack_from
    hash_ = _hash(name)
    try:
        (buckets, first, filter_words, _shift) = struct.unpack_from(f"{file.byte_order}4I", table)
        if not buckets:
            return
        # The filter saves the dynamic linker a cache miss; here it would cost more than it saves.
        buckets_at = 16 + filter_words * (8 if file.is_64 else 4)
        chains_at = buckets_at + 4 * buckets
        (index,) = word(table, buckets_at + 4 * (hash_ % buckets))
        while index >= first:
            (found,) = word(table, chains_at + 4 * (index - first))
            if found | 1 == hash_ | 1:
                yield index
            if found & 1:
                return
            index += 1
    except struct.error:
        raise file.error("a hash table that goes on beyond its section", section.offset) from None


def _hash(name: bytes) -> int:
    value = 5381
    for byte in name:
        value = (value * 33 + byte) & U32_MAX
    return value
