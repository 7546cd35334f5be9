"""`Typer`: what the rules of one program share: its names, its types, the body that is checked.

The rules themselves stand in modules by area (`expressions`, `operators`, `calls`, `statements`),
the table of those for expressions in `check.py`. A rule raises CheckError for what there is not;
the statement around it makes a diagnostic of that, and the next one is checked all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeAlias, final

from seismo.base.dataclass import dataclass, field
from seismo.base.diagnostics import Diagnostics
from seismo.base.errors import CompilerBug
from seismo.base.source import Span
from seismo.c.kernel_paths import NoName, is_open, kernel_part
from seismo.c.kernel_types import KernelTypes
from seismo.c.kernel_values import CoreRelocation
from seismo.c.parse_library import c_ast
from seismo.c.sema.constants import NotConstant, evaluate
from seismo.c.sema.conversions import assigned
from seismo.c.sema.declarations import Declarations
from seismo.c.sema.errors import CheckError, NotDeclared
from seismo.c.sema.places import PLACES, Checked, loaded
from seismo.c.sema.scope import Scope
from seismo.c.spans import span_of
from seismo.c.tree import (
    AddressOf,
    Binary,
    Cast,
    Conditional,
    Constant,
    Dereference,
    Expr,
    FunctionAddress,
    FunctionDecl,
    KernelConstant,
    Logical,
    Place,
    PointerAdd,
    PointerDifference,
    TableDecl,
    Unary,
)
from seismo.c.types import CType, Pointer, Record, Table, is_scalar
from seismo.spec.relocations import CoreField

__all__ = ("Body", "Rule", "SwitchCases", "Typer")

Rule: TypeAlias = "Callable[[Typer, Any], Checked]"

_FOLDED = (*(AddressOf, Binary, Cast, Conditional, Logical, PointerAdd, PointerDifference, Unary),)


@final
@dataclass(slots=True, eq=False)
class SwitchCases:
    """The type of a switch's value, and the cases it has so far."""

    type: CType
    ranges: list[tuple[int, int]] = field(default_factory=list)
    has_default: bool = False


@final
@dataclass(slots=True, eq=False)
class Body:
    """The function whose body is checked, and where in it.

    `breakable` and `loops` count what stands around and takes `break` and `continue`; `switches`
    are those around, the nearest last. `calls` are the functions it calls, and where first.
    """

    function: FunctionDecl
    breakable: int = 0
    loops: int = 0
    switches: list[SwitchCases] = field(default_factory=list)
    labels: dict[str, Span] = field(default_factory=dict)
    gotos: dict[str, Span] = field(default_factory=dict)
    calls: dict[str, Span] = field(default_factory=dict)


@final
class Typer:
    """One program that is being checked: the `Checker` of declarations.

    `unroll` is what a pragma says of the statement that follows it.
    """

    def __init__(
        self,
        types: KernelTypes,
        diagnostics: Diagnostics,
        rules: Mapping[type, Rule],
        *,
        is_portable: bool = False,
    ) -> None:
        self.types = types
        self.is_portable = is_portable
        self.assumptions: dict[KernelConstant, None] = {}
        self.diagnostics = diagnostics
        self.scope = Scope()
        self.declarations = Declarations(self)
        self.functions: dict[str, FunctionDecl] = {}
        self.tables: dict[str, TableDecl] = {}
        self.packet_headers: set[Record] = set()
        self.license = "GPL"
        self.unroll = 0
        self._rules = rules
        self._body: Body | None = None
        self._faulty: set[str] = set()

    @property
    def body(self) -> Body:
        """The function that is checked; CheckError outside functions is the caller's to avoid."""
        if self._body is None:
            raise CompilerBug("c", "a statement outside functions")
        return self._body

    @contextmanager
    def function(self, decl: FunctionDecl) -> Iterator[Body]:
        """What is checked meanwhile is the body of a function."""
        self._body = Body(decl)
        try:
            with self.block():
                yield self._body
        finally:
            self._body = None

    @contextmanager
    def block(self) -> Iterator[None]:
        """What is declared meanwhile is known only in here."""
        outer = self.scope
        self.scope = outer.nested()
        try:
            yield
        finally:
            self.scope = outer

    def warning(self, span: Span, message: str, hint: str = "") -> None:
        self.diagnostics.warning(span, message, hint)

    def report(self, error: CheckError, node: c_ast.Node) -> None:
        """Tell what is wrong with the statement or declaration `node`."""
        if not isinstance(error, NotDeclared) or error.name not in self._faulty:
            self.diagnostics.error(error.span, error.message, error.hint)
        if isinstance(error, NotDeclared):
            self._faulty.add(error.name)
        declared = node.decl if isinstance(node, c_ast.FuncDef) else node
        if isinstance(declared, c_ast.Decl) and declared.name:
            self._faulty.add(declared.name)

    def checked(self, node: c_ast.Node) -> Checked:
        """The place that an expression is, or its value: a constant where that is known."""
        rule = self._rules.get(type(node))
        if rule is None:
            raise CheckError(span_of(node), "this is no expression")
        found = rule(self, node)
        return self._folded(found) if isinstance(found, _FOLDED) else found

    def value(self, node: c_ast.Node) -> Expr:
        """The value of an expression; of an array the address of its first element."""
        return loaded(self.checked(node))

    def place(self, node: c_ast.Node, what: str) -> Place:
        """The place that an expression is; `what` says what needs one."""
        found = self.checked(node)
        if isinstance(found, PLACES):
            return found
        if isinstance(node, c_ast.ID) and isinstance(found, Constant):
            message = f"{what} needs a variable or memory, and '{node.name}' is a constant"
            hint = "keep what changes in a table: BPF_ARRAY(name, type, 1)"
            raise CheckError(span_of(node), message, hint)
        raise CheckError(span_of(node), f"{what} needs a variable or memory, and this is a value")

    def known(self, value: Expr) -> int:
        """The number that an expression must be; NotConstant."""
        return evaluate(value, lambda constant: self.assumptions.setdefault(constant))

    def opens(self, record: Record) -> bool:
        """Whether the members of a record may be elsewhere on the kernel that runs the program."""
        return is_open(record, is_portable=self.is_portable)

    def kernel_constant(
        self, relocation: CoreRelocation, value: int, type_: CType, span: Span
    ) -> Expr:
        """What the kernel that runs the program has: `value` for the types it is compiled with."""
        if self.is_portable:
            return KernelConstant(value, relocation, type_, span)
        found = self.types.value(relocation)
        if found is None:
            name = relocation.path if isinstance(relocation, CoreField) else relocation
            hint = "guard it with bpf_core_field_exists() or bpf_core_enum_value_exists()"
            raise CheckError(span, f"this kernel has no '{name}'", hint)
        return Constant(found, type_, span)

    def type_of(self, node: c_ast.Node) -> CType:
        """The type that a type's name or an expression has, where it is not evaluated."""
        if isinstance(node, c_ast.Typename):
            return self.declarations.type_name(node)
        table = self.table(node)
        if table is not None:
            return Table(table.kind, table.key, table.leaf)
        found = self.checked(node)
        if isinstance(found, FunctionAddress) and isinstance(found.type, Pointer):
            return found.type.target
        return found.type

    def constant(self, node: c_ast.Node, what: str) -> int:
        """The value of an expression that must be constant; `what` says why."""
        return self.declarations.constant(node, what)

    def assigned(self, value: Expr, type_: CType, what: str) -> Expr:
        """The value as an assignment to `what`, of the type, converts it."""
        return assigned(self.diagnostics, value, type_, what)

    def table(self, node: c_ast.Node) -> TableDecl | None:
        """The table that an expression names, if it names one."""
        if not isinstance(node, c_ast.ID):
            return None
        try:
            meaning = self.scope.find(node.name)
        except KeyError:
            return None
        return meaning if isinstance(meaning, TableDecl) else None

    def is_packet_header(self, type_: CType) -> bool:
        """Whether it is a pointer to a record that lies in packets."""
        return isinstance(type_, Pointer) and type_.target in self.packet_headers

    def _folded(self, expr: Expr) -> Expr:
        if not is_scalar(expr.type):
            return expr
        if isinstance(expr, AddressOf) and (place := self._open_address(expr)) is not None:
            return place
        try:
            return Constant(evaluate(expr), expr.type, expr.span)
        except NotConstant as error:
            if error.why:
                self.warning(error.span, error.why)
            return expr

    def _open_address(self, expr: AddressOf) -> Expr | None:
        """`&((struct s *)0)->m`, as `offsetof` is written by hand, of a record of the kernel's."""
        try:
            part = kernel_part(expr.place, self.opens)
        except NoName as error:
            raise CheckError(error.span, str(error)) from None
        if part is None or not isinstance(part.root, Dereference):
            return None
        match part.root.pointer:
            case Constant(value=0):
                offset, span = part.bit_offset // 8, expr.span
                return self.kernel_constant(part.field, offset, expr.type, span)
        return None
