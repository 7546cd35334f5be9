"""The syntax tree: what the parser makes, before names and types are known.

Nodes are frozen and compared by identity, so side tables (types, symbols) may use them as keys.
`Expr` and `Stmt` are closed unions: a `match` over them ends in `assert_never`.
"""

from __future__ import annotations

from typing import TypeAlias, final

from seismo.base.dataclass import dataclass
from seismo.base.source import Source, Span

__all__ = (
    "AssignMap",
    "AssignVariable",
    "AttachPointText",
    "Binary",
    "Block",
    "Boolean",
    "Call",
    "Expr",
    "ExprStatement",
    "Field",
    "If",
    "Increment",
    "Index",
    "MapAccess",
    "Name",
    "Number",
    "Probe",
    "Return",
    "Script",
    "Stmt",
    "String",
    "Ternary",
    "TupleExpr",
    "Unary",
    "Variable",
)


@final
@dataclass(frozen=True, slots=True, eq=False)
class Number:
    """An integer literal, suffixes and durations already applied; `1ms` is 1000000."""

    value: int
    span: Span
    unsigned: bool = False


@final
@dataclass(frozen=True, slots=True, eq=False)
class Boolean:
    """`true` or `false`."""

    value: bool
    span: Span


@final
@dataclass(frozen=True, slots=True, eq=False)
class String:
    """A string literal, its escapes applied; `literals.string_bytes(value)` are its bytes."""

    value: str
    span: Span


@final
@dataclass(frozen=True, slots=True, eq=False)
class Name:
    """A bare word used as a value: a built-in variable such as `pid`."""

    name: str
    span: Span


@final
@dataclass(frozen=True, slots=True, eq=False)
class Variable:
    """A scratch variable; `name` includes its `$`."""

    name: str
    span: Span


@final
@dataclass(frozen=True, slots=True, eq=False)
class MapAccess:
    """`@name[keys]`; `name` includes its `@`, a scalar map has no keys."""

    name: str
    keys: tuple[Expr, ...]
    span: Span


@final
@dataclass(frozen=True, slots=True, eq=False)
class Unary:
    """`- ! ~ *` before an expression."""

    op: str
    operand: Expr
    span: Span


@final
@dataclass(frozen=True, slots=True, eq=False)
class Binary:
    """`left op right`; `op` as written (`&&` and `||` evaluate the right only if needed)."""

    op: str
    left: Expr
    right: Expr
    span: Span


@final
@dataclass(frozen=True, slots=True, eq=False)
class Ternary:
    """`condition ? then : other`."""

    condition: Expr
    then: Expr
    other: Expr
    span: Span


@final
@dataclass(frozen=True, slots=True, eq=False)
class Increment:
    """`++` or `--` on a variable or map; its value is the new one if `prefix`, else the old."""

    op: str
    target: Variable | MapAccess
    prefix: bool
    span: Span


@final
@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """`name(args…)`."""

    name: str
    args: tuple[Expr, ...]
    span: Span
    name_span: Span


@final
@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """`base.field`, and `base->field`, which means the same; `.0` is a tuple's first."""

    base: Expr
    field: str
    span: Span
    field_span: Span


@final
@dataclass(frozen=True, slots=True, eq=False)
class Index:
    """`base[index]` of an array, a pointer or a string."""

    base: Expr
    index: Expr
    span: Span


@final
@dataclass(frozen=True, slots=True, eq=False)
class TupleExpr:
    """`(a, b)`; `(a,)` has one element, `()` none."""

    elements: tuple[Expr, ...]
    span: Span


Expr: TypeAlias = (
    Number
    | Boolean
    | String
    | Name
    | Variable
    | MapAccess
    | Unary
    | Binary
    | Ternary
    | Increment
    | Call
    | Field
    | Index
    | TupleExpr
)


@final
@dataclass(frozen=True, slots=True, eq=False)
class ExprStatement:
    """An expression for its effect."""

    expr: Expr
    span: Span


@final
@dataclass(frozen=True, slots=True, eq=False)
class AssignVariable:
    """`$x = value`, `$x op= value` (`op` is then `+` and so on, else empty); `let` declares.

    Only `let $x;` has no value: the variable begins as zero, whatever its type.
    """

    target: Variable
    op: str
    value: Expr | None
    span: Span
    declares: bool = False


@final
@dataclass(frozen=True, slots=True, eq=False)
class AssignMap:
    """`@m[k] = value` or `op=`; `@m[k] = count()` updates an aggregation."""

    target: MapAccess
    op: str
    value: Expr
    span: Span


@final
@dataclass(frozen=True, slots=True, eq=False)
class If:
    """`if condition { then } else { other }`; an `else if` is an `other` of one If."""

    condition: Expr
    then: Block
    other: Block | None
    span: Span


@final
@dataclass(frozen=True, slots=True, eq=False)
class Return:
    """`return`, which ends this run of the probe."""

    span: Span


@final
@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """`{ statements }`; a scope for variables."""

    statements: tuple[Stmt, ...]
    span: Span


Stmt: TypeAlias = ExprStatement | AssignVariable | AssignMap | If | Return | Block


@final
@dataclass(frozen=True, slots=True, eq=False)
class AttachPointText:
    """One attach point as written: `tracepoint:syscalls:sys_enter_*`."""

    text: str
    span: Span


@final
@dataclass(frozen=True, slots=True, eq=False)
class Probe:
    """Attach points, an optional predicate, and what to do."""

    attach_points: tuple[AttachPointText, ...]
    predicate: Expr | None
    body: Block
    span: Span


@final
@dataclass(frozen=True, slots=True, eq=False)
class Script:
    """A whole script."""

    source: Source
    probes: tuple[Probe, ...]
