"""`FuncContext`: what the lowering of one function shares, beyond what built-ins may use."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from seismo.base.dataclass import dataclass
from seismo.base.layout import FieldType
from seismo.builtin.record import Address, Aggregate, Builtin, Lowering, Writer
from seismo.ir.builder import Builder
from seismo.ir.func import Block
from seismo.ir.ops import Kind, Value
from seismo.lang.ast import Expr, Field, Stmt, Variable
from seismo.lang.typed import TypedFunction
from seismo.lang.types import RecordField, Type
from seismo.lower.body import Body

__all__ = ("Callback", "Exits", "FuncContext")


@dataclass(frozen=True, slots=True)
class Exits:
    """How the innermost loop is left (`break`) and gone on with (`continue`)."""

    leave: Callable[[], None]
    go_on: Callable[[], None]


class FuncContext(Lowering, Protocol):
    """One function being lowered: a program, a function of the script, the body of a loop."""

    loops: list[Exits]
    """The loops around the statement at hand that this function itself runs, innermost last."""

    merges_clear: bool
    """Whether the next `print(@m)` clears the map, too."""

    @property
    def body(self) -> Body:
        """The facts about the code, and the memory of its variables."""

    @property
    def scratch_base(self) -> Value:
        """The address of the program's scratch entry in this function."""

    @property
    def context(self) -> Address:
        """Where the probe's arguments lie: the program's context, or a copy of it."""

    def has_member(self, node: Field) -> bool:
        """Whether the access is on a record (a tuple's elements have only a number)."""

    def is_function(self, name: str) -> bool:
        """Whether the script defines a function of this name."""

    def function(self, name: str) -> TypedFunction:
        """The script's function of this name; KeyError."""

    def builtin(self, name: str) -> Builtin:
        """The built-in of this name (checked to exist)."""

    def aggregate(self, name: str) -> Aggregate:
        """The aggregation of this name (checked to exist)."""

    def value_form(self, name: str) -> FieldType:
        """How the kernel's map keeps the values of a script map, one CPU's share of them where it
        aggregates."""

    def settled(self, expr: Expr) -> Value | None:
        """The number that is known at compile time; None for one that must be made of its operands,
        as another kernel may have others."""

    def is_typed(self, expr: Expr) -> bool:
        """Whether the expression is compiled at all (not in the other arm of `if comptime`)."""

    def meant(self, expr: Expr) -> Expr:
        """The expression that this one stands for (the name of a C macro), mostly itself."""

    def member(self, node: Field) -> RecordField:
        """The field that an access on a record means."""

    def local(self, node: Variable) -> str:
        """The storage name of a variable."""

    def local_type(self, node: Variable) -> Type:
        """The type that is wide enough for every value the variable ever has."""

    def home(self, node: Variable) -> Address:
        """Where a variable that does not fit a register lives."""

    def writer_as(self, expr: Expr, form: FieldType) -> Writer:
        """Like `writer`, in the (possibly wider) form of a key, a value or a variable."""

    def condition(self, expr: Expr, then: Block, other: Block) -> None:
        """Branch on an expression; `&&` and `||` evaluate their right side only if needed."""

    def statements(self, statements: Sequence[Stmt]) -> None:
        """Statement by statement, up to the first that ends the function."""

    def count(self, counter: int) -> None:
        """Add one to a counter of the `lost` map."""

    def give(self, value: Value | Writer | None) -> None:
        """`return`: end the function, with a value where it has one."""

    def call(self, name: str, args: Sequence[Expr]) -> Value:
        """Call a function of the script; what it gives, if that fits a register."""

    def returned(self, name: str) -> Address:
        """Where a function of the script leaves a value that does not fit a register."""

    def callback(
        self,
        hint: str,
        params: Sequence[Kind],
        carried: Sequence[str],
        run: Callable[[Callback], None],
        invoke: Callable[[str], Value],
    ) -> Value:
        """Have a helper call a function back, and give the helper's answer.

        `run` lowers the function's body and ends it; `carried` variables keep their values from
        call to call and after the last. `params` are the function's own, without the context that
        helpers pass last. `invoke` calls the helper, given the function's name.
        """

    def inner(
        self,
        body: Body,
        b: Builder,
        leave: Callable[[], None],
        give: Callable[[Value | Writer | None], None],
        *,
        is_apart: bool = False,
    ) -> FuncContext:
        """The lowering of another function of this program; one that `is_apart` cannot reach the
        scratch memory of this function by `here`."""

    def gap(self, name: str) -> tuple[Block, Block]:
        """(the block that ends here, the one that follows): what is between comes later."""

    def close_gap(self, gap: tuple[Block, Block], failed: Callable[[], None] | None) -> None:
        """Look scratch memory up in the gap, `failed` if there is none; without `failed`, go on."""

    def mark(self) -> tuple[int, int]:
        """What `release` goes back to: temporaries live as long as their statement."""

    def release(self, mark: tuple[int, int]) -> None:
        """Give back the temporaries made since the mark."""


class Callback(Protocol):
    """A function that a helper calls back, while its body is lowered."""

    @property
    def low(self) -> FuncContext:
        """The function's own lowering."""

    @property
    def params(self) -> Sequence[Value]:
        """Its parameters, without the frame."""

    def again(self) -> None:
        """End this call; the helper goes on."""

    def stop(self) -> None:
        """End this call; the helper makes no further one."""
