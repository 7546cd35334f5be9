"""`LowerCall`: one call of a helper, a built-in or a method, as its lowering sees it.

Arguments are evaluated when they are asked for, each once, so that one that only matters at compile
time costs nothing: ask in their order.

>>> def lower_delete(call: LowerCall) -> Operand:
...     answer = call.b.call("map_delete_elem", call.b.map(call.table_name), call.readable(0, size))
...     return call.result(answer)
"""

from __future__ import annotations

from typing import final

from seismo.base.dataclass import dataclass, field
from seismo.base.errors import CompilerBug, SourceError
from seismo.base.source import Span
from seismo.c.lower.context import Lowering
from seismo.c.lower.value import KERNEL, Address, Operand, Space
from seismo.c.tree import Constant, Expr, KernelConstant, TableDecl
from seismo.c.types import CType
from seismo.ir.builder import Builder
from seismo.ir.ops import Value

__all__ = ("LowerCall",)


@final
@dataclass(slots=True, eq=False, kw_only=True)
class LowerCall:
    """`name(args)`, giving a `type`; `table` is what a method is called of, `types` are those that
    a built-in was given as arguments."""

    low: Lowering
    name: str
    args: tuple[Expr, ...]
    type: CType
    span: Span
    table: TableDecl | None = None
    types: tuple[CType, ...] = ()
    _known: dict[int, Operand] = field(default_factory=dict)

    @property
    def b(self) -> Builder:
        """Where ops go."""
        return self.low.b

    @property
    def decl(self) -> TableDecl:
        """The table of a method."""
        if self.table is None:
            raise CompilerBug("ir", f"{self.name} is no method")
        return self.table

    @property
    def map(self) -> Value:
        """The map of a method's table."""
        return self.b.map(self.decl.name)

    def operand(self, index: int) -> Operand:
        """An argument that is a scalar."""
        if index not in self._known:
            self._known[index] = self.low.operand(self.args[index])
            self.b.span = self.span
        return self._known[index]

    def value(self, index: int) -> Value:
        """An argument in a register, as helpers take it; pointers as plain numbers."""
        return self.low.argument(self.operand(index))

    def address(self, index: int) -> Address:
        """The memory that an argument points to."""
        return self.low.pointed(self.operand(index))

    def readable(self, index: int, size: int) -> Value:
        """A pointer to what `size` bytes an argument points to, for a helper that reads them: a
        copy on the stack where they are not the program's own."""
        return self.low.readable(self.address(index), size)

    def memory(self, index: int) -> Value:
        """A pointer to an argument's value, for a helper that reads it; scalars go to the stack."""
        expr = self.args[index]
        made = self.low.readable(self.low.memory(expr), expr.type.size)
        self.b.span = self.span
        return made

    def constant(self, index: int) -> int | None:
        """An argument's value where that is a constant."""
        expr = self.args[index]
        return self.low.known(expr) if isinstance(expr, Constant | KernelConstant) else None

    def result(self, value: Value, space: Space = KERNEL) -> Operand:
        """The call's answer; the value must fit the type, as helpers' answers do."""
        return Operand(value, self.type, space)

    def error(self, message: str, hint: str = "", index: int | None = None) -> SourceError:
        """The mistake to raise, shown at the call or at one of its arguments."""
        return SourceError(self.span if index is None else self.args[index].span, message, hint)
