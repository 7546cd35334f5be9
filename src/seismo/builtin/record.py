"""`Builtin`: one record is one built-in. `Lowering`: what its lowering may use.

A lowering answers with a `Value` for what fits a register (integers, pointers), with a `Writer`
for what lives in memory (strings, tuples), and with None for statements such as `printf`.
A `Writer` is called once, when it is known where the bytes shall go: straight into the ring buffer,
a map key or a temporary, without a copy in between.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias

from seismo.base.dataclass import dataclass
from seismo.base.layout import FieldType
from seismo.base.source import Span
from seismo.events.kinds import Action
from seismo.ir.builder import Builder
from seismo.ir.ops import Value
from seismo.lang.ast import Call, Expr, MapAccess
from seismo.lang.signature import Signature
from seismo.lang.typed import MapSymbol
from seismo.lang.types import Type

__all__ = (
    "Address",
    "Aggregate",
    "Builtin",
    "Lowered",
    "Lowering",
    "Writer",
    "value_writer",
)


@dataclass(frozen=True, slots=True)
class Address:
    """Bytes at `base` + `offset`; the first is aligned to 8 when offset is."""

    base: Value
    offset: int = 0

    def at(self, offset: int) -> Address:
        """The address `offset` bytes further on."""
        return Address(self.base, self.offset + offset)


Writer: TypeAlias = Callable[[Address], Value]
"""Writes its bytes at the address; answers with how many bytes count (a string's, NUL included)."""

Lowered: TypeAlias = Value | Writer | None


class Lowering(Protocol):
    """One probe being lowered: the services that built-ins and expressions share."""

    @property
    def b(self) -> Builder:
        """Where ops go."""

    @property
    def command_pid(self) -> int:
        """The process of `-c`, 0 without one."""

    def type_of(self, expr: Expr) -> Type:
        """The checked type."""

    def scalar(self, expr: Expr) -> Value:
        """The value of an expression that fits a register, extended to 64 bits by its type."""

    def writer(self, expr: Expr) -> Writer:
        """What writes the value of any expression, laid out as `field_type` of its type says.

        Evaluates everything that has effects or may fail now, so that the writer may run between
        the reservation of a record and its submission.
        """

    def read_string(self, pointer: Expr, size: int) -> Writer:
        """A writer that reads the NUL-terminated string at `pointer`, at most `size` bytes."""

    def field_type(self, type_: Type) -> FieldType:
        """How a value of this type is laid out in records, keys and temporaries."""

    def temporary(self, name: str, size: int) -> Address:
        """Fresh memory for a helper: the stack while it is small, else `scratch`."""

    def scratch(self, size: int) -> Address:
        """Fresh memory of this program on this CPU, which loads of any width may read.

        The stack is not such memory: before Linux 6.8 the verifier refuses to load 8 bytes that
        were stored as 4 (kernel/bpf/verifier.c: "invalid size of register fill").
        """

    def map_symbol(self, name: str) -> MapSymbol:
        """The checked facts about a script map."""

    def map_key(self, access: MapAccess) -> Value:
        """A pointer to the map's key, written out with its padding zeroed."""

    def guarded_update(self, access: MapAccess, update: Callable[[Value], None]) -> None:
        """Run `update` with a pointer to the value under a key, made zero if it was not there;
        count the update as lost where the map is full."""

    def address(self, to: Address) -> Value:
        """A register that holds the address, for a helper's argument."""

    def event(
        self, action: Action, text: str, fields: Sequence[tuple[FieldType, Writer]], span: Span
    ) -> None:
        """Send a record; a full ring is counted."""

    def leave(self) -> None:
        """End this run of the probe."""


@dataclass(frozen=True, slots=True)
class Builtin:
    """A built-in variable or function."""

    signature: Signature
    doc: str
    lower: Callable[[Lowering, Call], Lowered]

    @property
    def name(self) -> str:
        return self.signature.name


@dataclass(frozen=True, slots=True)
class Aggregate:
    """A function that only updates a map: `@m[…] = count()`.

    `update` gets the pointer to this CPU's share of the value; `reduction` is how user space makes
    one value of the CPUs'.
    """

    signature: Signature
    doc: str
    reduction: str
    update: Callable[[Lowering, Call, Value], None]

    @property
    def name(self) -> str:
        return self.signature.name


def value_writer(low: Lowering, value: Value, size: int) -> Writer:
    """A writer of the low `size` bytes of a value that is already computed."""

    def write(to: Address) -> Value:
        low.b.store(to.base, to.offset, value, size)
        return low.b.const(size)

    return write
