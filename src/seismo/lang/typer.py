"""`Typer`: one pass over one body, and what its rules share. The rules themselves stand in modules
by area (`infer_names`, `infer_operators`, `casts`, `calls`, …), their table in `infer.py`.

Types only widen, so `check` makes passes until nothing that a body has read widens any more; an
expression whose type is not known yet has none (None), and what the last pass says counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeAlias

from seismo.base.dataclass import dataclass, field, replace
from seismo.base.diagnostics import Diagnostic, Diagnostics
from seismo.base.number import NumberError, parse_integer
from seismo.base.source import NOWHERE, Span
from seismo.lang.ast import (
    Cast,
    Expr,
    Field,
    Index,
    MapAccess,
    Name,
    RecordExpr,
    Stmt,
    TupleExpr,
    TypeExpr,
    Unary,
    Variable,
)
from seismo.lang.config import Config
from seismo.lang.environment import Body, Environment
from seismo.lang.expand import PLACE_NAMES
from seismo.lang.join import is_condition
from seismo.lang.records import complete_value
from seismo.lang.slot import Literal, Slot
from seismo.lang.type_names import TypeNameError, resolve_type, with_suffixes
from seismo.lang.typed import Constant, OptionSymbol, Place
from seismo.lang.types import (
    VOID,
    AggregateType,
    ArrayType,
    IntType,
    PointerType,
    RecordField,
    RecordType,
    Type,
    VoidType,
)
from seismo.lang.typetable import TypeTable
from seismo.probes.view import KernelView

__all__ = ("Rule", "Typer", "tuple_index")

_READABLE = ("count", "sum", "min", "max", "avg")
"""The aggregations that read as a number."""

_BOOLEANS = {"": True, "1": True, "true": True, "0": False, "false": False}

Rule: TypeAlias = "Callable[[Typer, Any], Type | None]"


@dataclass(slots=True, kw_only=True, eq=False)
class Typer:
    """One pass. `types`, `constants`, `members` and `expansions` are the answer (`Facts`).

    `rules` are those of expressions, `run` those of statements. `literals` are the integers without
    a sign of their own; `doubts` the complaints that mean nothing as long as there is another;
    `callbacks` counts the loops around that the kernel runs as functions of their own.
    """

    env: Environment
    body: Body
    rules: Mapping[type, Rule]
    run: Callable[[Typer, tuple[Stmt, ...]], bool]
    diagnostics: Diagnostics = field(default_factory=Diagnostics)
    types: dict[Expr, Type] = field(default_factory=dict)
    constants: dict[Expr, Constant] = field(default_factory=dict)
    literals: dict[Expr, int] = field(default_factory=dict)
    members: dict[Field, RecordField] = field(default_factory=dict)
    expansions: dict[Expr, Expr] = field(default_factory=dict)
    measured: dict[Expr, Type] = field(default_factory=dict)
    doubts: list[Diagnostic] = field(default_factory=list)
    open_macros: dict[str, Span] = field(default_factory=dict)
    callbacks: int = 0
    call_span: Span = NOWHERE
    errors: int = 0

    @property
    def config(self) -> Config:
        return self.env.config

    @property
    def view(self) -> KernelView:
        return self.env.view

    @property
    def table(self) -> TypeTable:
        return self.env.table_at(self.body.place)

    @property
    def probe_kind(self) -> str:
        return "" if self.body.place is None else self.body.place.kind.name

    @property
    def place(self) -> Place | None:
        return self.body.place

    @property
    def default_space(self) -> str:
        return self.body.space

    def error(self, span: Span, message: str, hint: str = "") -> None:
        self.errors += 1
        self.diagnostics.error(span, message, hint)

    def warning(self, span: Span, message: str, hint: str = "") -> None:
        self.diagnostics.warning(span, message, hint)

    def doubt(self, span: Span, message: str, hint: str) -> None:
        """Say something that follows from another mistake, if there is one."""
        self.doubts.append(Diagnostic("error", span, message, hint))

    @contextmanager
    def muted(self) -> Iterator[None]:
        """What is found wrong meanwhile is not told."""
        kept = self.diagnostics, self.errors, self.doubts
        self.diagnostics, self.doubts = Diagnostics(), []
        yield
        self.diagnostics, self.errors, self.doubts = kept

    def is_constant(self, expr: Expr) -> bool:
        return expr in self.constants

    def constant(self, expr: Expr) -> Constant:
        return self.constants[expr]

    def complete(self, record: RecordType) -> RecordType:
        return record if record.fields is not None else self.table.complete(record)

    def expr(self, node: Expr) -> Type | None:
        """The type of an expression that may be a statement: void is one."""
        type_ = self.rules[type(node)](self, node)
        if type_ is not None:
            self.types[node] = type_
        return type_

    def block(self, statements: tuple[Stmt, ...]) -> bool:
        """Statements, one after the other; whether the probe or function ends among them."""
        return self.run(self, statements)

    def value(self, node: Expr) -> Type | None:
        """The type of an expression as a value: an aggregation reads as a number, and of a struct
        all is known."""
        type_ = self.expr(node)
        return type_ if type(type_) is IntType else self.as_value(node, type_)

    def as_value(self, node: Expr, type_: Type | None) -> Type | None:
        """`value` of an expression that has this type."""
        match type_:
            case VoidType():
                text = node.span.text
                what = text if len(text) < 40 and "\n" not in text else "this"
                self.error(node.span, f"{what} gives no value", "let it stand alone")
                return None
            case AggregateType():
                return self._number(node, type_)
            case PointerType(space="ctx", target=RecordType(fields=fields) as record) if (
                fields and isinstance(node, Name)
            ):
                return self._all_fields(node, record)
            case PointerType(space="ctx", target=target):
                name = node.span.text
                written = f"({name})" if isinstance(node, Cast) else name
                hint = f"write {written}.field" if target else "cast it: (struct name *)ctx"
                self.error(node.span, f"{name} is no value of its own", hint)
                return None
            case RecordType() | ArrayType():
                return self._whole(node, type_)
            case _:
                return type_

    def _all_fields(self, node: Name, record: RecordType) -> Type | None:
        """`args` as a value is a record of all that the probe is told."""
        names = tuple([one.name for one in record.fields or ()])
        base = Name(node.name, node.span)
        fields = tuple([Field(base, name, node.span, node.span) for name in names])
        made = self.expansions[node] = RecordExpr(names, fields, node.span)
        whole = self.expr(made)
        if whole is not None:
            self.types[node] = whole
        return whole

    def _whole(self, node: Expr, type_: Type) -> Type:
        whole = self.types[node] = self.whole(type_, self.space_of(node))
        return whole

    def whole(self, type_: Type, space: str) -> Type:
        """The type of a value read from `space` memory, its structs spelled out."""
        return complete_value(type_, self.table, space, self.env.records)

    def space_of(self, node: Expr) -> str:
        """Whose memory a struct or an array lies in that an expression gives."""
        while True:
            match node:
                case Field() | Index():
                    node = node.base
                case Unary(op="*"):
                    node = node.operand
                case _:
                    return self.body.space
            type_ = self.types.get(node)
            if isinstance(type_, PointerType):
                # What the context or the program's own memory holds points elsewhere.
                return type_.space if type_.space in ("kernel", "user") else self.body.space

    def _number(self, node: Expr, type_: AggregateType) -> Type | None:
        if type_.function in _READABLE:
            return type_.value
        message = f"{node.span.text} is a {type_.function}, which cannot be read as a value"
        self.error(node.span, message, "print() shows the whole map")
        return None

    def stands_for(self, node: Expr, other: Expr) -> None:
        """`node` means what `other` does, which is typed already."""
        if other in self.constants:
            self.constants[node] = self.constants[other]
            if other in self.literals:
                self.literals[node] = self.literals[other]
        elif other in self.expansions:
            self.expansions[node] = self.expansions[other]
        else:
            self.expansions[node] = other

    def expand(self, call: Expr, expr: Expr) -> Type | None:
        """Have a call stand for an expression that is not typed yet; its type."""
        type_ = self.expr(expr)
        self.stands_for(call, expr)
        return type_

    def condition(self, node: Expr) -> Type | None:
        """The type of what `if`, `? :` or a predicate decides by."""
        type_ = self.value(node)
        if type_ is not None and not is_condition(type_):
            message = f"a condition must be a number or a pointer, not {type_}"
            self.error(node.span, message, "compare it: … == …, … != …")
            return None
        return type_

    def local(self, node: Variable) -> Slot | None:
        """The variable's slot; None, and the complaint, for one that is not there."""
        misuse = self.body.scopes.misuses.get(node)
        if misuse is not None:
            self.error(*misuse)
        storage = self.body.scopes.storage.get(node)
        if storage is None:
            return None
        slot = self.body.locals.get(storage)
        if slot is None:
            slot = self.body.locals[storage] = Slot()
        return slot

    def read(self, slot: Slot) -> Type | None:
        """The slot's type so far; when it widens, this body is due again."""
        self.body.reads.setdefault(slot, slot.version)
        type_ = slot.type
        if isinstance(type_, PointerType) and not type_.space:
            return replace(type_, space=self.body.space)
        return type_

    def literal(self, node: Expr) -> Literal:
        """The literals that a value amounts to: it is written as them, or nothing else is stored
        where it is read from."""
        match node:
            case Variable():
                storage = self.body.scopes.storage.get(node)
                return None if storage is None else self.body.locals[storage].literal
            case MapAccess():
                return self.env.maps.of(node).value.literal
            case TupleExpr():
                return self._literals(node.elements)
            case RecordExpr():
                return self._literals(node.values)
            case Field() if node.field.isdecimal():
                parts, at = self.literal(node.base), tuple_index(node)
                return parts[at] if isinstance(parts, tuple) and at < len(parts) else None
            case _:
                literal = self.literals.get(node, -1)
                return literal if literal >= 0 else None

    def _literals(self, nodes: tuple[Expr, ...]) -> Literal:
        parts = tuple([self.literal(one) for one in nodes])
        return parts if any(one is not None for one in parts) else None

    def resolve(self, type_: TypeExpr) -> Type:
        found = self.written(type_)
        return VOID if found is None else found

    def written(self, type_: TypeExpr) -> Type | None:
        """The type that is written; None, and the complaint, where there is none."""
        space = self.body.space
        try:
            if type_.of is None:
                return resolve_type(type_, self.table, space)
            operand = self.type_of(type_.of)
            if operand is None:
                return None
            return with_suffixes(operand, type_.suffixes, type_.span, space)
        except TypeNameError as error:
            hint = error.hint or "types are int64, string[16], struct name *, … and the kernel's"
            self.error(error.span, error.message, hint)
            return None

    def type_of(self, operand: TypeExpr | Expr) -> Type | None:
        """The type that stands, or the type of the expression that stands, in `sizeof(…)`."""
        if isinstance(operand, TypeExpr):
            return self.written(operand)
        if isinstance(operand, Name) and not self.is_value(operand.name):
            return self.written(TypeExpr(operand.name, (), operand.span))
        return self.value(operand)

    def is_value(self, name: str) -> bool:
        """Whether a bare word stands for a value."""
        env = self.env
        return (
            name in env.signatures
            or name in env.functions
            or name in (*PLACE_NAMES, "config")
            or _has(self.table.enumerator, name)
            or _has(self.table.macro, name)
        )

    def option(self, name: str, default: Constant, doc: str) -> Constant:
        self.env.asked[name] = OptionSymbol(name, default, doc)
        given = self.env.options.get(name)
        if given is None:
            return default
        try:
            return _option_value(given, default)
        except (KeyError, NumberError):
            kind = "true or false" if isinstance(default, bool) else "a number"
            hint = f"the default, {str(default).lower()}, tells what it is"
            self.error(self.call_span, f"--{name}={given} is not {kind}", hint)
            return default


def tuple_index(node: Field) -> int:
    """Which element `.0` means."""
    # Python refuses to read integers of very many digits.
    return int(node.field[:9])


def _option_value(given: str, default: Constant) -> Constant:
    """What the command line gave, as what the default is; KeyError, NumberError."""
    match default:
        case bool():
            return _BOOLEANS[given]
        case int():
            number = parse_integer(given.removeprefix("-")).value
            return -number if given.startswith("-") else number
        case _:
            return given


def _has(find: Callable[[str], object], name: str) -> bool:
    try:
        find(name)
    except KeyError:
        return False
    return True
