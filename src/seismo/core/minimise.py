"""Only the types that relocations touch, for a kernel that has no BTF of its own.

>>> blob = minimised(kernel_types, [(object_btf, relos)])

With the blob in the place of the kernel's types, all relocations come to the same, but for ids of
the kernel's types, which no other BTF can have. What modules have joins what the kernel has.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial

from seismo.btf.ext import CoreRelo
from seismo.btf.spec import Btf
from seismo.btf.types import (
    Enum,
    Enum64,
    Int,
    Ptr,
    Struct,
    Type,
    Union,
    map_references,
    references,
)
from seismo.btf.write import write
from seismo.core.access import FIELD_KINDS, TYPE_KINDS, Access
from seismo.core.relocate import Relocator
from seismo.core.subset import subset
from seismo.core.types import KernelTypes
from seismo.isa.relo_kinds import CoreKind

__all__ = ("minimised",)

_USUAL_POINTER_BYTES = 8


def minimised(kernel: KernelTypes, objects: Iterable[tuple[Btf, Sequence[CoreRelo]]]) -> bytes:
    """A BTF blob with what the relocations of each object (its types, its relocations in their
    order) find in the kernel; `CoreError` for a relocation that cannot be decided."""
    table = _Joined(kernel)
    marks = _Marks(table)
    for local, relos in objects:
        relocator = Relocator(local, table)
        for relo in relos:
            for access in relocator.resolve(relo).found:
                if access.kind is not CoreKind.TYPE_ID_LOCAL:
                    marks.add(access)
    kept = subset(table, marks.roots, marks.members, walked=marks.walked, with_forwards=False)
    types = kept.types
    if table.pointer_size != _USUAL_POINTER_BYTES:
        types += (Int("long unsigned int", table.pointer_size),)
    return write(types, byte_order=kernel.vmlinux.byte_order)


class _Joined:
    """The types of the kernel and of its modules as one table: a module's follow all before it."""

    def __init__(self, kernel: KernelTypes) -> None:
        self._kernel = kernel
        self._modules: list[tuple[str, Btf]] | None = None
        self._starts: dict[Btf, int] = {}
        self._end = len(kernel.vmlinux)

    @property
    def vmlinux(self) -> Btf:
        return self._kernel.vmlinux

    @property
    def pointer_size(self) -> int:
        return self.vmlinux.pointer_size

    def __len__(self) -> int:
        return self._end

    def modules(self) -> Iterator[tuple[str, Btf]]:
        """The kernel's modules, opened once for all objects."""
        if self._modules is None:
            self._modules = [*self._kernel.modules()]
            for _, btf in self._modules:
                self._starts[btf] = self._end
                self._end += len(btf.ids)
        return iter(self._modules)

    def id(self, btf: Btf, id: int) -> int:
        """What the type `id` of one of the BTFs is called in this table."""
        return (
            self._starts[btf] + id - btf.ids.start if btf in self._starts and id in btf.ids else id
        )

    def _own(self, id: int) -> tuple[Btf, int]:
        """The BTF that has the type, and its id there."""
        for btf, start in reversed(self._starts.items()):
            if id >= start:
                return btf, id - start + btf.ids.start
        return self.vmlinux, id

    def type(self, id: int) -> Type:
        """The type, what it refers to by ids of this table."""
        btf, own = self._own(id)
        type_ = btf.type(own)
        return type_ if btf is self.vmlinux else map_references(type_, partial(self.id, btf))

    def position(self, id: int) -> int:
        """Where the type is in its own BTF."""
        btf, own = self._own(id)
        return btf.position(own)


class _Marks:
    """What is to be kept, in ids of the joined table: see `subset`."""

    def __init__(self, table: _Joined) -> None:
        self._table = table
        self.roots: set[int] = set()
        self.members: dict[int, set[int]] = {}
        self.walked: set[int] = set()

    def add(self, access: Access) -> None:
        """Keep what the access goes through."""
        assert isinstance(access.types, Btf)
        root = self._table.id(access.types, access.root)
        self.roots.add(root)
        if access.kind in TYPE_KINDS:
            self._walk(root, access.kind is CoreKind.TYPE_MATCHES)
            return
        for id, number in access.raw[access.kind in FIELD_KINDS :]:
            self.members.setdefault(self._table.id(access.types, id), set()).add(number)

    def _walk(self, root: int, with_members: bool) -> None:
        """Keep what is compared with the object's type as a whole: see `compatible` and `match`."""
        pending = [(root, False)]
        met: set[tuple[int, bool]] = set()
        while pending:
            id, behind_pointer = node = pending.pop()
            if node in met:
                continue
            met.add(node)
            type_ = self._table.type(id)
            match type_:
                case Ptr():
                    self.walked.add(id)
                    behind_pointer = True
                case Struct() | Union() if with_members and not behind_pointer:
                    self.members[id] = {*range(len(type_.members))}
                case Enum() | Enum64() if with_members:
                    self.members[id] = {*range(len(type_.values))}
                case Struct() | Union():
                    continue
                case _:
                    pass
            pending += [(used, behind_pointer) for used in references(type_)]
