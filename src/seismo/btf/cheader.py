"""A whole BTF as one C header: each type after those it needs, names made unique.

Only what must be complete comes first: a member by value needs its type's definition, a pointer a
declaration. Two types of one name are told apart by the suffix `___2`, which CO-RE ignores when it
looks for a type of the target kernel. Functions and variables are left out.
"""

from __future__ import annotations

from typing import TypeAlias

from seismo.btf.cprint import CPrinter, Names, tag_word
from seismo.btf.errors import BtfError
from seismo.btf.layout import describe
from seismo.btf.types import (
    Array,
    Const,
    Enum,
    Enum64,
    FuncProto,
    Fwd,
    Ptr,
    Restrict,
    Struct,
    Type,
    Typedef,
    TypeTable,
    TypeTag,
    Union,
    Volatile,
    references,
)

__all__ = ("header",)

Tagged: TypeAlias = Struct | Union | Enum | Enum64 | Fwd

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


class _NameSpace:
    """Names that C does not tell apart, each claimed once."""

    def __init__(self) -> None:
        self._last: dict[str, int] = {}

    def claim(self, name: str) -> str:
        """The name, or with the first free suffix when it is taken."""
        number = self._last.get(name, 0) + 1
        unique = name if number == 1 else f"{name}___{number}"
        while number > 1 and unique in self._last:
            number += 1
            unique = f"{name}___{number}"
        self._last[name] = number
        self._last.setdefault(unique, 1)
        return unique


class _UniqueNames(Names):
    """Tags share one name space, typedefs and enumerators another."""

    def __init__(self, table: TypeTable) -> None:
        self._tags = _NameSpace()
        self._ordinary = _NameSpace()
        self._words: dict[str, str] = {}
        self._by_id: dict[int, str] = {}
        forwards: list[tuple[int, Fwd]] = []
        for id in range(1, len(table)):
            type_ = table.type(id)
            match type_:
                case Struct() | Union() | Enum() | Enum64() if type_.name:
                    self._claim_tag(id, type_)
                case Typedef():
                    self._by_id[id] = self._ordinary.claim(type_.name)
                case Fwd():
                    forwards.append((id, type_))
        for id, forward in forwards:
            if self._words.get(forward.name) != tag_word(forward):
                self._claim_tag(id, forward)

    def _claim_tag(self, id: int, type_: Tagged) -> None:
        self._by_id[id] = name = self._tags.claim(type_.name)
        self._words[name] = tag_word(type_)

    def of(self, id: int, type_: Type) -> str:
        return self._by_id.get(id, type_.name)

    def enumerator(self, name: str) -> str:
        """Each printing claims the name: an unnamed enum is printed wherever it is used."""
        return self._ordinary.claim(name)


class _Header:
    """Walks the types in order of need; a type that is needed `complete` is used by value."""

    def __init__(self, table: TypeTable) -> None:
        self._table = table
        self._printer = CPrinter(table, _UniqueNames(table))
        self._parts: list[str] = []
        self._defined: set[int] = set()
        self._declared: set[str] = set()
        self._met: set[tuple[int, bool]] = set()
        self._open: list[int] = []

    def parts(self) -> list[str]:
        """Declarations and definitions, each a text, in an order that compiles."""
        ids = range(1, len(self._table))
        for id in ids:
            type_ = self._table.type(id)
            if isinstance(type_, Tagged | Typedef) and type_.name:
                self._need(id, complete=True)
        for id in ids:
            type_ = self._table.type(id)
            is_enum = isinstance(type_, Enum | Enum64) and type_.values
            if is_enum and not {(id, True), (id, False)} & self._met:
                self._define(id)
        return self._parts

    def _need(self, id: int, *, complete: bool) -> None:
        """Emit what must stand before a use of this type."""
        if (id, complete) in self._met:
            return
        type_ = self._table.type(id)
        if len(self._open) > MAX_NEED_DEPTH or (complete and id in self._open):
            raise BtfError(f"{describe(type_)} needs itself", self._table.position(id))
        self._open.append(id)
        self._meet(id, type_, complete)
        self._open.pop()
        self._met.add((id, complete))

    def _meet(self, id: int, type_: Type, complete: bool) -> None:
        match type_:
            case Struct() | Union() if complete or not type_.name:
                for member in type_.members:
                    self._need(member.type, complete=True)
                if type_.name:
                    self._define(id)
            case Struct() | Union() | Fwd():
                self._declare(id, type_)
            case Enum() | Enum64() if type_.name:
                self._define(id)
            case Typedef():
                self._need(type_.type, complete=False)
                self._define(id)
                self._need(type_.type, complete=complete)
            case Array():
                # Even behind a pointer, C wants an array's elements complete.
                self._need(type_.type, complete=True)
            case Const() | Volatile() | Restrict() | TypeTag():
                self._need(type_.type, complete=complete)
            case Ptr():
                self._need(type_.type, complete=False)
            case FuncProto():
                for used in references(type_):
                    self._need(used, complete=False)

    def _define(self, id: int) -> None:
        type_ = self._table.type(id)
        if id in self._defined or type_.name.startswith("__builtin_"):
            return
        if isinstance(type_, Struct | Union) and self._parts[-1:] == [self._forward(id, type_)]:
            self._parts.pop()
        self._defined.add(id)
        self._parts.append(self._printer.definition(id) + "\n")

    def _declare(self, id: int, type_: Struct | Union | Fwd) -> None:
        text = self._forward(id, type_)
        if id not in self._defined and text not in self._declared:
            self._declared.add(text)
            self._parts.append(text)

    def _forward(self, id: int, type_: Struct | Union | Fwd) -> str:
        return f"{self._printer.tag(id, type_)};\n"
