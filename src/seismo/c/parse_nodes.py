"""What GNU C has and pycparser's tree has no node for, and the attributes of a declaration.

>>> [one.name for one in attributes_of(declaration)]      # __attribute__((packed, aligned(8)))
['packed', 'aligned']

Other constructs are in pycparser's own nodes: `a ?: b` is a `TernaryOp` whose `iftrue` is None, a
statement expression a `Compound` where an expression stands, `__builtin_offsetof` a `FuncCall` with
a type and a designator, `__builtin_types_compatible_p` one with two types, `__auto_type` an
`InferredType`, `__user` a qualifier (in `quals`) of the type that is pointed to.
"""

from __future__ import annotations

from typing import Any, final

from seismo.base.dataclass import dataclass
from seismo.base.source import Span
from seismo.c.parse_library import c_ast

__all__ = ("Asm", "Attribute", "Range", "attributes_of")


@final
@dataclass(frozen=True, slots=True)
class Attribute:
    """`name(arguments)` of `__attribute__((…))`; `name` without underscores around it."""

    name: str
    arguments: tuple[c_ast.Node, ...]
    span: Span


@final
class Asm(c_ast.Node):  # type: ignore[misc]
    """Inline assembly, as a statement or outside functions: for a diagnostic that names it."""

    __slots__ = ("__weakref__", "coord")

    def __init__(self, coord: Span) -> None:
        self.coord = coord

    def children(self) -> tuple[()]:
        return ()


@final
class Range(c_ast.Node):  # type: ignore[misc]
    """`low ... high`: the `expr` of a `Case` and of an `ArrayDesignator`."""

    __slots__ = ("high", "low", "__weakref__", "coord")  # noqa: RUF023 (pycparser's order)

    def __init__(self, low: c_ast.Node, high: c_ast.Node, coord: Span) -> None:
        self.low = low
        self.high = high
        self.coord = coord

    def children(self) -> tuple[tuple[str, c_ast.Node], ...]:
        return (("low", self.low), ("high", self.high))


def attributes_of(node: Any) -> tuple[Attribute, ...]:
    """The attributes of a declaration, typedef, type name, record or enum.

    Of a declaration all that say something of what it declares, wherever they stand in it; what
    stands after `struct` or after its closing brace belongs to the record alone.
    """
    found = list(node.attributes)
    declarator = node.type if isinstance(node, _DECLARING) else None
    while isinstance(declarator, _DECLARATORS):
        if not isinstance(declarator, c_ast.PtrDecl):
            found += declarator.attributes
        declarator = declarator.type
    return tuple(found)


_DECLARING = (c_ast.Decl, c_ast.Typedef, c_ast.Typename)
_DECLARATORS = (c_ast.TypeDecl, c_ast.ArrayDecl, c_ast.FuncDecl, c_ast.PtrDecl)
