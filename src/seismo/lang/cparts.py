"""The parts of C declarations, and what the reader of one asks of the reader of the others."""

from __future__ import annotations

from typing import Protocol

from seismo.base.dataclass import dataclass
from seismo.base.source import Span
from seismo.lang.cconst import Constant
from seismo.lang.clayout import CType, Declarations
from seismo.lang.ctoken import CCursor
from seismo.lang.types import Enumeration, RecordType

__all__ = ("Attributes", "Declarator", "PartReader", "Specifiers", "is_unnamed", "unnamed")


@dataclass(slots=True)
class Attributes:
    """What `__attribute__` says that matters to layouts; `align` is 0 where it says nothing."""

    packed: bool = False
    align: int = 0


@dataclass(slots=True)
class Specifiers:
    """What stands before the names: `typedef const struct x`; `has_body` where it declares one."""

    type: CType
    attributes: Attributes
    is_typedef: bool = False
    is_user: bool = False
    has_body: bool = False


@dataclass(frozen=True, slots=True)
class Declarator:
    """`*name[4]` and the type that it makes; `name` is '' where none stands."""

    name: str
    type: CType
    span: Span
    is_function: bool = False


def unnamed(keyword: str, span: Span) -> str:
    """What a struct, union or enum without a tag is called."""
    return f"{keyword} (unnamed at {span.location})"


def is_unnamed(type_: RecordType | Enumeration) -> bool:
    """Whether neither a tag nor a typedef gives it a name."""
    return "(" in type_.name


class PartReader(Protocol):
    """Reads the parts that bodies of records and enums are made of; all raise ParseError."""

    cursor: CCursor
    declared: Declarations

    def specifiers(self) -> Specifiers:
        """The words before the names of a declaration."""

    def declarator(self, before: CType, *, is_user: bool) -> Declarator:
        """What may name something, and what it makes of the type `before` it."""

    def attributes(self, before: Attributes) -> Attributes:
        """The attributes at the cursor, on top of those `before`."""

    def constant(self) -> Constant:
        """A constant expression."""

    def needed(self, type_: CType, span: Span) -> CType:
        """The type with its size."""
