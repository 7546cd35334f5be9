"""Which storage each `$variable` means: blocks are scopes, and no name shadows another.

if ($a) { $x = 1 } else { $x = "no" }     two variables: $x and $x.2
$x = 1; if ($a) { $x = 2 }                one variable
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import assert_never

from seismo.base.diagnostics import Diagnostics, did_you_mean
from seismo.lang.ast import (
    AssignMap,
    AssignVariable,
    Block,
    Expr,
    ExprStatement,
    If,
    Probe,
    Return,
    Stmt,
    Variable,
)
from seismo.lang.walk import walk

__all__ = ("resolve_variables",)


def resolve_variables(probe: Probe, diagnostics: Diagnostics) -> Mapping[Variable, str]:
    """The storage of every variable node; a use of what is not there goes to `diagnostics`."""
    resolver = _Resolver(diagnostics)
    if probe.predicate is not None:
        resolver.uses(probe.predicate)
    resolver.statement(probe.body)
    return resolver.storage


class _Resolver:
    """The scopes around the statement at hand, innermost last."""

    def __init__(self, diagnostics: Diagnostics) -> None:
        self.diagnostics = diagnostics
        self.storage: dict[Variable, str] = {}
        self._scopes: list[dict[str, str]] = []
        self._count: dict[str, int] = {}

    def find(self, name: str) -> str:
        """The storage of a visible variable, '' when none is."""
        return next((scope[name] for scope in reversed(self._scopes) if name in scope), "")

    def declare(self, name: str) -> str:
        """Fresh storage in the innermost scope."""
        self._count[name] = number = self._count.get(name, 0) + 1
        storage = name if number == 1 else f"{name}.{number}"
        self._scopes[-1][name] = storage
        return storage

    def uses(self, expr: Expr) -> None:
        """Every variable in an expression must be there."""
        for node in walk(expr):
            if isinstance(node, Variable):
                self.use(node)

    def use(self, node: Variable) -> None:
        storage = self.find(node.name)
        if storage:
            self.storage[node] = storage
            return
        visible = {name for scope in self._scopes for name in scope}
        hint = (
            did_you_mean(node.name, visible)
            if node.name not in self._count
            else ("it is set in a block that has ended: set it before that block, too")
        )
        self.diagnostics.error(node.span, f"{node.name} is used before it is set", hint)

    def statement(self, node: Stmt) -> None:
        match node:
            case AssignVariable():
                self.assign(node)
            case AssignMap():
                self.uses(node.target)
                self.uses(node.value)
            case ExprStatement():
                self.uses(node.expr)
            case If():
                self.uses(node.condition)
                self.statement(node.then)
                if node.other is not None:
                    self.statement(node.other)
            case Block():
                self._scopes.append({})
                for statement in node.statements:
                    self.statement(statement)
                self._scopes.pop()
            case Return():
                pass
            case _:
                assert_never(node)

    def assign(self, node: AssignVariable) -> None:
        """The value is looked at first: in `$x = $x + 1` the right `$x` must be there."""
        if node.value is not None:
            self.uses(node.value)
        target = node.target
        storage = self.find(target.name)
        if node.declares and storage:
            hint = f"leave out 'let' to set {target.name}"
            self.diagnostics.error(target.span, f"{target.name} exists already", hint)
        elif node.op and not storage:
            self.use(target)
            return
        self.storage[target] = storage or self.declare(target.name)
