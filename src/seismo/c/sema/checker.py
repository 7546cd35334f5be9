"""`Checker`: what declarations ask of the rules for expressions, which ask for types in turn."""

from __future__ import annotations

from typing import Protocol

from seismo.base.diagnostics import Diagnostics
from seismo.c.kernel_types import KernelTypes
from seismo.c.parse_library import c_ast
from seismo.c.sema.scope import Scope
from seismo.c.tree import Expr, Place
from seismo.c.types import CType

__all__ = ("Checker",)


class Checker(Protocol):
    """One program that is being checked; all of it raises CheckError."""

    @property
    def types(self) -> KernelTypes:
        """The kernel's types."""

    @property
    def diagnostics(self) -> Diagnostics:
        """Where warnings go."""

    @property
    def scope(self) -> Scope:
        """The names that are known where the checker is."""

    def checked(self, node: c_ast.Node) -> Place | Expr:
        """An expression: the place that it is, or its value; arrays are places."""

    def value(self, node: c_ast.Node) -> Expr:
        """The value of an expression."""

    def known(self, value: Expr) -> int:
        """The number that an expression is, and must be; NotConstant. Where that is the kernel's,
        the program relies on it."""

    def type_of(self, node: c_ast.Node) -> CType:
        """The type of an expression that is not evaluated."""

    def assigned(self, value: Expr, type_: CType, what: str) -> Expr:
        """The value as an assignment to `what` (`'x'`), of the type, converts it."""
