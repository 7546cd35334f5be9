"""Tables with keys of any type: hash tables and tries."""

from __future__ import annotations

from typing import Any

from seismo.bcc.table.mapping import MappingTable

__all__ = ("HashTable", "LpmTrie", "LruHash", "MapInMapHash")


class HashTable(MappingTable):
    """`BPF_HASH`, `BPF_HISTOGRAM` of keys other than `int`. Since Linux 3.19."""


class LruHash(HashTable):
    """`BPF_LRU_HASH`: what was not used for longest gives way. Since Linux 4.10."""


class LpmTrie(MappingTable):
    """`BPF_LPM_TRIE`: keys are prefixes, a look-up finds the longest. Since Linux 4.11."""


class MapInMapHash(HashTable):
    """`BPF_HASH_OF_MAPS`: stored are tables or their descriptors, read are the kernel's numbers of
    the maps. Since Linux 4.12."""

    def _row(self, leaf: Any) -> bytes:
        return super()._row(leaf.map_fd if isinstance(leaf, MappingTable) else leaf)
