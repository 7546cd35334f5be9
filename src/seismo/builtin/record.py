"""`Builtin`: one record is one built-in. `Lowering`: what its lowering may use.

A lowering answers with a `Value` for what fits a register (integers, pointers), with a `Writer`
for what lives in memory (strings, tuples), and with None for statements such as `printf`.
A `Writer` is called once, when it is known where the bytes shall go: straight into the ring buffer,
a map key or a temporary, without a copy in between.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, Protocol, TypeAlias

from seismo.base.dataclass import dataclass
from seismo.base.layout import FieldType
from seismo.base.source import Span
from seismo.builtin.options import LowerOptions
from seismo.events.kinds import Action
from seismo.ir.builder import Builder
from seismo.ir.ops import Value
from seismo.lang.ast import Call, Expr, Field, MapAccess, Variable
from seismo.lang.config import Config
from seismo.lang.signature import Signature
from seismo.lang.typed import Constant, MapSymbol, Place
from seismo.lang.types import AggregateType, RecordField, Type
from seismo.lang.typetable import TypeTable
from seismo.spec.relocations import Relocation

__all__ = (
    "Address",
    "Aggregate",
    "Builtin",
    "LoopStep",
    "Lowered",
    "Lowering",
    "Update",
    "Writer",
    "value_writer",
)


@dataclass(frozen=True, slots=True)
class LoopStep:
    """What a run of a loop's body hands on: the carried integers, and whether it was the last one
    (`stop` is not zero)."""

    carried: Mapping[str, Value]
    stop: Value | None = None


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
    """One function being lowered: the services that built-ins and expressions share."""

    @property
    def b(self) -> Builder:
        """Where ops go."""

    @property
    def options(self) -> LowerOptions:
        """The command line's part in the code."""

    @property
    def config(self) -> Config:
        """The script's settings."""

    @property
    def types(self) -> TypeTable:
        """The types that can be named everywhere in the script: its own, and the kernel's."""

    @property
    def place(self) -> Place:
        """Where the program runs. What is called back, or called, asks it nothing."""

    @property
    def default_space(self) -> str:
        """Whose memory an untyped pointer means: `user` or `kernel`."""

    @property
    def byte_order(self) -> Literal["little", "big"]:
        """The kernel's, which is the machine's."""

    def kernel_value(self, relocation: Relocation, value: int) -> Value:
        """What `relocation` is on the kernel that runs the program; `value` is this kernel's."""

    def assume(self, relocation: Relocation, value: int) -> None:
        """Have a portable program refused where `relocation` is not `value`."""

    def type_of(self, expr: Expr) -> Type:
        """The checked type."""

    def is_constant(self, expr: Expr) -> bool:
        """Whether `constant` knows the expression."""

    def constant(self, expr: Expr) -> Constant:
        """The value of an expression that is known at compile time; KeyError for another."""

    def member(self, node: Field) -> RecordField:
        """The member that an access on a record means."""

    def scalar(self, expr: Expr) -> Value:
        """The value of an expression that fits a register, extended to 64 bits by its type."""

    def writer(self, expr: Expr) -> Writer:
        """What writes the value of any expression, laid out as `field_type` of its type says.

        Evaluates everything that has effects or may fail now, so that the writer may run between
        the reservation of a record and its submission.
        """

    def memory(self, expr: Expr) -> Address:
        """Where the bytes of a string, buffer, tuple, array or record lie in the program's own
        memory, made there if need be: laid out as `field_type` says, zeros behind a string's NUL.

        It is only read: it may be a variable's own memory.
        """

    def text(self, content: str) -> Writer:
        """A writer of a string literal."""

    def read_string(
        self, pointer: Expr, size: int, limit: Value | None = None, *, shows_cut: bool = False
    ) -> Writer:
        """A writer that reads the NUL-terminated string at `pointer`, at most `size` bytes with its
        NUL, and at most `limit` (unsigned) where one is given.

        `shows_cut` leaves a string of `size` or more characters without a NUL, as what was cut.
        A null pointer gives ""; what cannot be read is marked in the text, and counted.
        """

    def read_memory(self, to: Address, size: Value, pointer: Value, space: str) -> Value:
        """Read `size` bytes at `pointer` in `space` memory; a failure leaves zeros and is counted.

        The helper's answer: 0, or negative. `size` is bounded for the kernel's verifier already.
        """

    def load(self, pointer: Value, space: str, size: int, *, signed: bool = False) -> Value:
        """The integer of `size` bytes at `pointer` in `space` memory; 0, and counted, if it cannot
        be read."""

    def field_type(self, type_: Type) -> FieldType:
        """How a value of this type is laid out in records, keys and temporaries."""

    def temporary(self, name: str, size: int) -> Address:
        """Fresh memory for a helper: the stack while it is small, else `scratch`."""

    def scratch(self, size: int) -> Address:
        """Fresh memory of this program on this CPU, which loads of any width may read.

        The stack is not such memory: before Linux 6.8 the verifier refuses to load 8 bytes that
        were stored as 4 (kernel/bpf/verifier.c: "invalid size of register fill").
        """

    def fresh(self, hint: str) -> str:
        """A name for `b.write`/`b.read` that no variable has."""

    def map_symbol(self, name: str) -> MapSymbol:
        """The checked facts about a script map."""

    def map_key(self, access: MapAccess) -> Value:
        """A pointer to the map's key, written out with its padding zeroed."""

    def guarded_update(
        self, access: MapAccess, update: Callable[[Value], None], bucket: Value | None = None
    ) -> None:
        """Run `update` with a pointer to the value under a key (and bucket), made zero if it was
        not there; count the update as lost where the map is full."""

    def map_length(self, access: MapAccess) -> Value:
        """How many entries a map has. Since Linux 5.13 (`bpf_for_each_map_elem`)."""

    def set_variable(self, node: Variable, value: Value | Writer) -> None:
        """Assign to a variable: a number, or the writer of what does not fit a register."""

    def table(self, name: str, width: int, rows: tuple[bytes, ...]) -> str:
        """The name of a constant array map of these rows, each padded to `width` bytes; asked for
        again by the same name it is the same. Its keys are u32, for `map_lookup_elem`."""

    def loop(
        self,
        count: Value,
        carried: Mapping[str, Value],
        body: Callable[[Lowering, Value, Mapping[str, Value]], LoopStep],
    ) -> Mapping[str, Value]:
        """Run `body` for index 0 to `count` - 1 or until it stops (`bpf_loop`, Linux 5.17).

        The body is a function of its own: it is given its own lowering, the index and the integers
        that are `carried` from run to run, and may use no other value made outside; memory of
        `scratch` it reaches by `here`. Answers with what is carried after the last run.
        """

    def here(self, address: Address) -> Address:
        """Scratch memory that an enclosing function allocated, as this function reaches it."""

    def address(self, to: Address) -> Value:
        """A register that holds the address, for a helper's argument."""

    def event(
        self, action: Action, text: str, fields: Sequence[tuple[FieldType, Writer]], span: Span
    ) -> None:
        """Send a record; a full ring is counted.

        Where the last field is a long string, a buffer or a stack, the record is cut behind what
        its writer says that it wrote. Raises SourceError for one that the ring is too small for.
        """

    def send_packet(self, path: str, skb: Value, length: Value, offset: Value) -> Value:
        """Send a packet's first `length` bytes for a file: the helper's answer, 0 or negative."""

    def fault(self, kind: str, helper: str, result: Value, span: Span) -> None:
        """Count a failure (`FaultSite.kind`) that `helper` answered with `result`."""

    def runtime_error(self, message: str, span: Span) -> None:
        """Report something that went wrong in the kernel, with the script line."""

    def leave(self) -> None:
        """End this run of the probe, from wherever it is."""


@dataclass(frozen=True, slots=True)
class Builtin:
    """A built-in variable or function.

    `doc` says what it gives or does, its units, the kernel it needs; `example` is a whole script.
    What is known at compile time (`Signature.evaluate`) is never lowered. Where that is what a
    kernel or a run has, `origin` names it; it raises SourceError if nothing can on another one.
    """

    signature: Signature
    doc: str
    lower: Callable[[Lowering, Call], Lowered]
    example: str = ""
    origin: Callable[[Call, Mapping[Expr, Constant]], Relocation] | None = None

    @property
    def name(self) -> str:
        return self.signature.name


@dataclass(frozen=True, slots=True)
class Update:
    """One update of an aggregation, its arguments evaluated: `apply` gets the pointer to this CPU's
    share of the value, of the entry for `bucket` where there is one."""

    apply: Callable[[Value], None]
    bucket: Value | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Aggregate:
    """A function that only updates a map: `@m[…] = count()`.

    `share` is the layout of one CPU's part of the value; `reduction` is how user space makes one
    value of the CPUs' (`events/aggregate.py`), and `read`, for those that a script may read as a
    number, how a program does: `sum`, `min`, `max`, `avg`.
    """

    signature: Signature
    doc: str
    reduction: str
    share: Callable[[AggregateType], FieldType]
    update: Callable[[Lowering, Call], Update]
    read: str = ""
    has_buckets: bool = False
    example: str = ""

    @property
    def name(self) -> str:
        return self.signature.name


def value_writer(low: Lowering, value: Value, size: int) -> Writer:
    """A writer of the low `size` bytes of a value that is already computed."""

    def write(to: Address) -> Value:
        low.b.store(to.base, to.offset, value, size)
        return low.b.const(size)

    return write
