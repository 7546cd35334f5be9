"""What the names of a C program mean, block by block.

>>> scope = Scope()
>>> scope.declare("x", Variable("x", INT, span))
>>> scope.nested().find("x").type
INT

Functions, variables, tables, typedefs and constants are one kind of names, tags another. What the
kernel's types call something stands in no scope: they are asked when no scope has the name.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias, final

from seismo.base.dataclass import dataclass
from seismo.base.source import Span
from seismo.c.tree import FunctionDecl, Initializer, TableDecl, Variable
from seismo.c.types import CType, Enumeration, Record

__all__ = ("ConstantObject", "Declared", "NamedConstant", "Scope", "TypeName")


@final
@dataclass(frozen=True, slots=True)
class TypeName:
    """A typedef."""

    name: str
    type: CType
    span: Span


@final
@dataclass(frozen=True, slots=True)
class NamedConstant:
    """An enum's constant, or a constant integer outside functions (`const int x = 1;`)."""

    name: str
    value: int
    type: CType
    span: Span


@final
@dataclass(frozen=True, slots=True)
class ConstantObject:
    """A constant array or record outside functions (`const int x[] = {1, 2};`)."""

    name: str
    value: Initializer
    type: CType
    span: Span


Declared: TypeAlias = (
    Variable | TableDecl | FunctionDecl | TypeName | NamedConstant | ConstantObject
)


@final
class Scope:
    """The names of one block; what it lacks is looked for in the blocks around it."""

    __slots__ = ("_names", "_tags", "outer")

    def __init__(self, outer: Scope | None = None) -> None:
        """The scope of a file, or of a block within `outer`."""
        self.outer = outer
        self._names: dict[str, Declared] = {}
        self._tags: dict[str, Record | Enumeration] = {}

    def nested(self) -> Scope:
        """A new scope in this one."""
        return Scope(self)

    def declare(self, name: str, meaning: Declared) -> None:
        """From here on `name` means this; who calls has looked whether it may."""
        self._names[name] = meaning

    def find(self, name: str) -> Declared:
        """What the name means here; KeyError when no scope has it."""
        for scope in self._outwards():
            if name in scope._names:
                return scope._names[name]
        raise KeyError(name)

    def own(self, name: str) -> Declared:
        """What this very block declares by the name; KeyError."""
        return self._names[name]

    def declare_tag(self, tag: str, type_: Record | Enumeration) -> None:
        """From here on `struct tag` (or union, or enum) is this type."""
        self._tags[tag] = type_

    def find_tag(self, tag: str) -> Record | Enumeration:
        """The type of the tag, whatever its keyword; KeyError."""
        for scope in self._outwards():
            if tag in scope._tags:
                return scope._tags[tag]
        raise KeyError(tag)

    def own_tag(self, tag: str) -> Record | Enumeration:
        """The type that this very block declares by the tag; KeyError."""
        return self._tags[tag]

    def names(self) -> Iterator[str]:
        """All names that `find` knows, for a hint."""
        for scope in self._outwards():
            yield from scope._names

    def tags(self) -> Iterator[str]:
        """All tags that `find_tag` knows, for a hint."""
        for scope in self._outwards():
            yield from scope._tags

    def _outwards(self) -> Iterator[Scope]:
        scope: Scope | None = self
        while scope is not None:
            yield scope
            scope = scope.outer
