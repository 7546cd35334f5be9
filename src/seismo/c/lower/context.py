"""`Lowering`: what the lowering of one function offers; `c/lower/function.py` has it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from seismo.c.lower.value import Address, Operand
from seismo.c.tree import (
    Constant,
    Expr,
    FunctionDecl,
    KernelConstant,
    Place,
    Statement,
    Variable,
)
from seismo.c.types import CType
from seismo.ir.builder import Builder
from seismo.ir.func import Block
from seismo.ir.ops import Value

__all__ = ("Lowering",)


class Lowering(Protocol):
    """One function of the IR being made of C, with all that is inlined into it."""

    b: Builder

    # Values

    def operand(self, expr: Expr) -> Operand:
        """Evaluate a scalar."""

    def effect(self, expr: Expr) -> None:
        """Evaluate an expression for what it does."""

    def condition(self, expr: Expr, then: Block, other: Block) -> None:
        """Branch on a scalar; `&&` and `||` evaluate their right side only if needed."""

    def convert(self, operand: Operand, to: CType) -> Operand:
        """The operand as another scalar type, by C's rules."""

    def argument(self, operand: Operand) -> Value:
        """The operand as a helper takes it: also the context and pointers into it."""

    def context(self, type_: CType) -> Operand:
        """The program's context."""

    def known(self, expr: Constant | KernelConstant) -> int:
        """A constant that must be known now: the program relies on it, if it is the kernel's."""

    # Memory

    def locate(self, place: Place) -> Address:
        """Where a place is that is in memory: no variable in a register, no bit field."""

    def memory(self, expr: Expr) -> Address:
        """Where an expression's value is: an aggregate's own memory, a scalar's copy."""

    def pointed(self, operand: Operand) -> Address:
        """What a pointer points to."""

    def pointer(self, address: Address, type_: CType) -> Operand:
        """A pointer to it."""

    def readable(self, address: Address, size: int) -> Value:
        """A pointer to `size` bytes there for a helper that reads them: a copy on the stack where
        they are not the program's own."""

    def temporary(self, name: str, size: int) -> Address:
        """New bytes on the stack, which hold anything; SourceError when they are too many."""

    def load(self, address: Address, type_: CType) -> Operand:
        """The scalar there."""

    def store(self, address: Address, operand: Operand) -> None:
        """Write the bytes of the operand's type there; SourceError where nothing can be written."""

    def copy(self, to: Address, source: Address, size: int) -> None:
        """Copy bytes, from whatever memory, into the program's own."""

    def clear(self, to: Address, size: int) -> None:
        """Zero the bytes of the program's own memory."""

    def assign(self, to: Address, expr: Expr) -> None:
        """Write an expression's value, scalar or aggregate, to memory."""

    # Statements and functions

    def statement(self, node: Statement) -> None:
        """Lower a statement."""

    def give(self, value: Operand | None) -> None:
        """`return`: end the function of C at hand, with 0 where it should give a value."""

    def is_used(self, variable: Variable) -> bool:
        """Whether the text of the function at hand mentions the variable."""

    def fork(
        self,
        branch: Callable[[Block, Block], None],
        then: Callable[[], Operand],
        other: Callable[[], Operand],
        type_: CType,
    ) -> Operand:
        """The value of the arm that `branch` leads to."""

    def subprogram(self, function: FunctionDecl) -> str:
        """The name of a function that a helper calls back, lowered as one."""

    def read(self, variable: Variable) -> Operand:
        """The value of a scalar variable."""

    def write(self, variable: Variable, operand: Operand) -> None:
        """A scalar variable gets a value of its type."""
