"""`QueueStack`: queues and stacks of leaves, without keys."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from seismo.bcc.table.packing import Packing
from seismo.bcc.table.readers import Readers
from seismo.c.tree import TableDecl
from seismo.kernel import bpf as calls
from seismo.objects.errors import KeyMissing
from seismo.objects.map import Map

__all__ = ("QueueStack",)


class QueueStack:
    """`BPF_QUEUE` and `BPF_STACK`. Since Linux 4.20."""

    BPF_EXIST = 2

    def __init__(self, bpf: Readers, declared: TableDecl, map_: Map, leaf: type[Any]) -> None:
        self.bpf = bpf
        self.declared = declared
        self.map = map_
        self.name = declared.name
        self.Leaf = leaf
        self.ttype = int(map_.spec.type)
        self.flags = map_.spec.flags
        self.max_entries = map_.spec.max_entries
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
        """The kernel's number of the map."""
        return self.map.info().id

    def push(self, leaf: Any, flags: int = 0) -> None:
        """Add a leaf; with `BPF_EXIST` the oldest gives way where the table is full, else that is a
        `SyscallError` (E2BIG)."""
        calls.map_update(self.bpf.kernel, self.map_fd, None, self._leaves.pack(leaf), flags)

    def pop(self) -> Any:
        """Take the next leaf out; `KeyMissing` when there is none."""
        return self._leaves.unpack(self.map.pop())

    def peek(self) -> Any:
        """The leaf that `pop` would take; `KeyMissing` when there is none."""
        return self._leaves.unpack(self.map.peek())

    def itervalues(self) -> Iterator[Any]:
        """Take the leaves out, one by one, as many as there may be at once."""
        for _ in range(self.max_entries):
            try:
                yield self.pop()
            except KeyMissing:
                return

    def values(self) -> list[Any]:
        """Take all leaves out."""
        return list(self.itervalues())
