"""Which storage each `$variable` means: blocks are scopes, and no name shadows another.

if ($a) { $x = 1 } else { $x = "no" }     two variables: $x and $x.2
$x = 1; if ($a) { $x = 2 }                one variable

A mistake is kept with its node and told by who gets there: code that `if comptime` leaves out may
be wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, TypeAlias, assert_never

from seismo.base.dataclass import dataclass
from seismo.base.diagnostics import did_you_mean
from seismo.base.source import Span
from seismo.lang.ast import (
    AssignMap,
    AssignVariable,
    Block,
    BlockExpr,
    Break,
    Continue,
    ExprStatement,
    ForMap,
    ForRange,
    Function,
    If,
    Probe,
    Return,
    Stmt,
    Unroll,
    Variable,
    While,
)
from seismo.lang.walk import Node, children

__all__ = ("Scopes", "resolve_variables")


_SHORT = 3  # Short names are near to each other by chance.


class Misuse(NamedTuple):
    """What is wrong with a node, for whoever gets there to tell."""

    span: Span
    message: str
    hint: str = ""


_Misuses: TypeAlias = "dict[Variable | Break | Continue, Misuse]"


@dataclass(frozen=True, slots=True)
class Scopes:
    """The storage of every variable node that has one, and the mistakes by their nodes."""

    storage: Mapping[Variable, str]
    misuses: Mapping[Variable | Break | Continue, Misuse]


def resolve_variables(body: Probe | Function) -> Scopes:
    """The storage of every variable node in a probe or a function."""
    resolver = _Resolver()
    if isinstance(body, Probe):
        if body.predicate is not None:
            resolver.uses(body.predicate)
        resolver.statement(body.body)
    else:
        resolver.enter()
        for variable, _ in body.params:
            message = f"two parameters are called {variable.name}"
            resolver.introduce(variable, message, "give each a name of its own")
        resolver.statement(body.body)
        resolver.leave()
    return Scopes(resolver.storage, resolver.misuses)


class _Resolver:
    """The scopes around the statement at hand, innermost last, and how many loops are."""

    def __init__(self) -> None:
        self.storage: dict[Variable, str] = {}
        self.misuses: _Misuses = {}
        self._scopes: list[dict[str, str]] = []
        self._count: dict[str, int] = {}
        self._loops = 0

    def enter(self) -> None:
        self._scopes.append({})

    def leave(self) -> None:
        self._scopes.pop()

    def find(self, name: str) -> str:
        """The storage of a visible variable, '' when none is."""
        for scope in reversed(self._scopes):
            if name in scope:
                return scope[name]
        return ""

    def declare(self, name: str) -> str:
        """Fresh storage in the innermost scope."""
        self._count[name] = number = self._count.get(name, 0) + 1
        storage = name if number == 1 else f"{name}.{number}"
        self._scopes[-1][name] = storage
        return storage

    def introduce(self, node: Variable, message: str, hint: str = "") -> None:
        """A variable that must be new; where it is not, it is the one that is there."""
        storage = self.find(node.name)
        if storage:
            self.misuses[node] = Misuse(node.span, message, hint)
        self.storage[node] = storage or self.declare(node.name)

    def uses(self, node: Node) -> None:
        """Every variable in an expression must be there; blocks in it are scopes."""
        if isinstance(node, Variable):
            self.use(node)
        elif isinstance(node, BlockExpr):
            self.enter()
            for statement in node.statements:
                self.statement(statement)
            if node.value is not None:
                self.uses(node.value)
            self.leave()
        else:
            for child in children(node):
                self.uses(child)

    def use(self, node: Variable) -> None:
        storage = self.find(node.name)
        if storage:
            self.storage[node] = storage
            return
        if node.name in self._count:
            hint = f"it is set in a block that has ended: write 'let {node.name};' before it"
        else:
            visible = {name for scope in self._scopes for name in scope if len(name) > _SHORT}
            hint = did_you_mean(node.name, visible) or f"set it first: {node.name} = 0"
        self.misuses[node] = Misuse(node.span, f"{node.name} is used before it is set", hint)

    def statement(self, node: Stmt) -> None:
        match node:
            case AssignVariable():
                self.assign(node)
            case AssignMap() | ExprStatement() | Return():
                for child in children(node):
                    self.uses(child)
            case If():
                self.uses(node.condition)
                self.statement(node.then)
                if node.other is not None:
                    self.statement(node.other)
            case While():
                self.uses(node.condition)
                self.loop(node.body)
            case Unroll():
                self.uses(node.count)
                self.statement(node.body)
            case ForRange() | ForMap():
                self.iterate(node)
            case Break() | Continue():
                self.jump(node)
            case Block():
                self.enter()
                for statement in node.statements:
                    self.statement(statement)
                self.leave()
            case _:
                assert_never(node)

    def assign(self, node: AssignVariable) -> None:
        """The value is looked at first: in `$x = $x + 1` the right `$x` must be there."""
        if node.type is not None:
            self.uses(node.type)
        if node.value is not None:
            self.uses(node.value)
        target = node.target
        if node.declares:
            hint = f"leave out 'let' to set {target.name}"
            self.introduce(target, f"{target.name} exists already", hint)
        elif node.op and not self.find(target.name):
            self.use(target)
        else:
            self.storage[target] = self.find(target.name) or self.declare(target.name)

    def iterate(self, node: ForRange | ForMap) -> None:
        """The loop's variable is a new one, there in the body alone."""
        if isinstance(node, ForRange):
            self.uses(node.first)
            self.uses(node.end)
        else:
            self.uses(node.map)
        self.enter()
        name = node.variable.name
        hint = "give the loop's variable a name of its own"
        self.introduce(node.variable, f"{name} exists already", hint)
        self.loop(node.body)
        self.leave()

    def loop(self, body: Block) -> None:
        self._loops += 1
        self.statement(body)
        self._loops -= 1

    def jump(self, node: Break | Continue) -> None:
        if not self._loops:
            word = "break" if isinstance(node, Break) else "continue"
            hint = "to end the run of the probe, write return"
            self.misuses[node] = Misuse(node.span, f"'{word}' stands in no loop", hint)
