"""`Method`: a method of tables: where it exists, what it takes and gives, how it is lowered.

>>> Method("lookup", HASHES, (KEY_POINTER,), leaf_pointer, lower_lookup)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from seismo.base.dataclass import dataclass
from seismo.base.enum import Enum
from seismo.c.lower.call import LowerCall
from seismo.c.lower.value import Operand
from seismo.c.tree import TableDecl
from seismo.c.types import U64, CType

__all__ = ("Method", "Parameter", "ParameterKind", "Result")


class ParameterKind(Enum):
    """What an argument of a method must be.

    KEY: a value of the table's key type, converted to it as by assignment.
    KEY_POINTER, LEAF_POINTER: the address of a key or leaf.
    INTEGER: converted to the parameter's `type`.
    POINTER: any pointer, into memory of any kind; NULL, too.
    RECORD: the same; what it points to is what the table sends (`TableDecl.record`).
    CONTEXT: the program's context.
    """

    KEY = "key"
    KEY_POINTER = "pointer to the key"
    LEAF_POINTER = "pointer to the leaf"
    INTEGER = "integer"
    POINTER = "pointer"
    RECORD = "pointer to the record"
    CONTEXT = "ctx"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter; an `is_optional` one, and all that follow it, may be left out."""

    name: str
    kind: ParameterKind
    type: CType = U64
    is_optional: bool = False


Result: TypeAlias = Callable[[TableDecl], CType]
Lower: TypeAlias = Callable[[LowerCall], Operand | None]


@dataclass(frozen=True, slots=True)
class Method:
    """A method of tables of the given kinds.

    `lower` appends to the program what the call does and gives its value, nothing where the result
    is void. `can_lose`: it sends a record, and its answer (negative, or null) tells when it did
    not, which is counted.
    """

    name: str
    kinds: frozenset[str]
    parameters: tuple[Parameter, ...]
    result: Result
    lower: Lower
    can_lose: bool = False

    @property
    def required(self) -> int:
        """How many arguments there must be."""
        return sum(not one.is_optional for one in self.parameters)

    def __str__(self) -> str:
        listed = ", ".join(
            f"[{one.name}]" if one.is_optional else one.name for one in self.parameters
        )
        return f"{self.name}({listed})"
