"""A whole BTF as one C header: each type after those it needs, names made unique.

Only what must be complete comes first: a member by value needs its type's definition, a pointer a
declaration. Two types of one name are told apart by the suffix `___2`, which CO-RE ignores when it
looks for a type of the target kernel. Functions and variables are left out.
"""

from __future__ import annotations

from seismo.btf.cprint import CPrinter, Names
from seismo.btf.errors import BtfError
from seismo.btf.layout import describe
from seismo.btf.types import (
    Array,
    Const,
    Enum,
    Enum64,
    Float,
    FuncProto,
    Fwd,
    Int,
    Ptr,
    Restrict,
    Struct,
    Type,
    Typedef,
    TypeTable,
    TypeTag,
    Union,
    Void,
    Volatile,
)

__all__ = ("header",)

MAX_NEED_DEPTH = 128
"""A deeper chain of types that need each other is taken for hostile; kernels stay below 30."""

_TOP = """\
#ifdef __BPF__
#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
#endif
"""

_BOTTOM = """\
#ifdef __BPF__
#pragma clang attribute pop
#endif
"""


def header(table: TypeTable) -> str:
    """All types of a BTF as C; `BtfError` when no C declaration has a type's layout."""
    return "\n".join([_TOP, *_Header(table).parts(), _BOTTOM])


class _UniqueNames(Names):
    """Tags share one name space, typedefs and enumerators another."""

    def __init__(self, table: TypeTable) -> None:
        self._tags: dict[str, bool] = {}
        self._ordinary: set[str] = set()
        self._by_id: dict[int, str] = {}
        forwards: list[tuple[int, Fwd]] = []
        for id in range(1, len(table)):
            type_ = table.type(id)
            match type_:
                case Struct() | Union() | Enum() | Enum64() if type_.name:
                    self._claim_tag(id, type_.name, isinstance(type_, Union))
                case Typedef():
                    self._by_id[id] = self._unique(type_.name, self._ordinary)
                    self._ordinary.add(self._by_id[id])
                case Fwd():
                    forwards.append((id, type_))
        for id, type_ in forwards:
            if self._tags.get(type_.name) != type_.is_union:
                self._claim_tag(id, type_.name, type_.is_union)

    def _claim_tag(self, id: int, name: str, is_union: bool) -> None:
        self._by_id[id] = self._unique(name, self._tags)
        self._tags[self._by_id[id]] = is_union
