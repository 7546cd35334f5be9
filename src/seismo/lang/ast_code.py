"""Expressions, statements and written types: what stands in the bodies of probes and functions.

Nodes are frozen and compared by identity, so side tables (types, symbols) may use them as keys.
`Expr` and `Stmt` are closed unions: a `match` over them ends in `assert_never`.
"""

from __future__ import annotations

from typing import TypeAlias, final

from seismo.base.dataclass import dataclass
from seismo.base.source import Span

__all__ = (
    "AssignMap",
    "AssignVariable",
    "Binary",
    "Block",
    "BlockExpr",
    "Boolean",
    "Break",
    "Call",
    "Cast",
    "Comptime",
    "Continue",
    "Expr",
    "ExprStatement",
    "Field",
    "ForMap",
    "ForRange",
    "If",
    "Increment",
    "Index",
    "MapAccess",
    "Name",
    "Number",
    "Offsetof",
    "Parameter",
    "RecordExpr",
    "Return",
    "Sizeof",
    "Stmt",
    "String",
    "Ternary",
    "TupleExpr",
    "TypeArgument",
    "TypeExpr",
    "Typeinfo",
    "Unary",
    "Unroll",
    "Variable",
    "While",
)


@final
@dataclass(frozen=True, slots=True, eq=False)
class TypeExpr:
    """A type as written: `base` and what follows it, `*`, `[]` or `[4]`, from left to right.

    `struct task_struct *` is ("struct task_struct", ("*",)), `int32*[4]*` ("int32", ("*", "[4]",
    "*")), `string[16]` ("string", ("[16]",)). `typeof(e)` has the operand as `of` and no base.
    """

    base: str
    suffixes: tuple[str, ...]
    span: Span
    of: TypeExpr | Expr | None = None


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
    """`- ! ~ * &` before an expression; `&` only before a variable or a map."""

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
    """`condition ? then : other`, and `if` used as an expression.

    `then` is None in `condition ?: other`, which gives the condition's value where it is not zero.
    """

    condition: Expr
    then: Expr | None
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


@final
@dataclass(frozen=True, slots=True, eq=False)
class RecordExpr:
    """`(color = "x", size = 2)`: a record."""

    names: tuple[str, ...]
    values: tuple[Expr, ...]
    span: Span


@final
@dataclass(frozen=True, slots=True, eq=False)
class Cast:
    """`(type)operand`."""

    type: TypeExpr
    operand: Expr
    span: Span


@final
@dataclass(frozen=True, slots=True, eq=False)
class BlockExpr:
    """`{ statements; value }`: a scope whose value is its last expression's.

    `value` is None where it gives nothing; macros become such blocks.
    """

    statements: tuple[Stmt, ...]
    value: Expr | None
    span: Span


@final
@dataclass(frozen=True, slots=True, eq=False)
class Sizeof:
    """`sizeof(type)` or `sizeof(expression)`, which is not evaluated."""

    operand: TypeExpr | Expr
    span: Span


@final
@dataclass(frozen=True, slots=True, eq=False)
class Offsetof:
    """`offsetof(struct x, a.b)`; the type may be given by an expression of it."""

    operand: TypeExpr | Expr
    path: tuple[str, ...]
    span: Span


@final
@dataclass(frozen=True, slots=True, eq=False)
class Typeinfo:
    """`typeinfo(type or expression)`: a record of `btf_id`, `base_type`, `full_type`."""

    operand: TypeExpr | Expr
    span: Span


@final
@dataclass(frozen=True, slots=True, eq=False)
class Comptime:
    """`comptime e`: what must be known when the script is compiled."""

    operand: Expr
    span: Span


@final
@dataclass(frozen=True, slots=True, eq=False)
class Parameter:
    """`$1` and the like where its text is wanted: `str($1)`; elsewhere a literal stands for it.

    `text` is what the command line gave, '' where it gave nothing.
    """

    text: str
    span: Span


@final
@dataclass(frozen=True, slots=True, eq=False)
class TypeArgument:
    """A type as the argument of a call: `container_of($p, struct x, member)`."""

    type: TypeExpr
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
    | RecordExpr
    | Cast
    | BlockExpr
    | Sizeof
    | Offsetof
    | Typeinfo
    | Comptime
    | Parameter
    | TypeArgument
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

    Only `let $x;` has no value: the variable begins as zero, whatever its type, which
    `let $x: type` gives.
    """

    target: Variable
    op: str
    value: Expr | None
    span: Span
    declares: bool = False
    type: TypeExpr | None = None


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
    """`if condition { then } else { other }`; an `else if` is an `other` of one If.

    The condition of `if comptime c` is a `Comptime`: only one arm is compiled at all.
    """

    condition: Expr
    then: Block
    other: Block | None
    span: Span


@final
@dataclass(frozen=True, slots=True, eq=False)
class While:
    """`while (condition) { body }`, which the kernel's verifier must see end."""

    condition: Expr
    body: Block
    span: Span


@final
@dataclass(frozen=True, slots=True, eq=False)
class Unroll:
    """`unroll(count) { body }`: the body `count` times, one after the other."""

    count: Expr
    body: Block
    span: Span


@final
@dataclass(frozen=True, slots=True, eq=False)
class ForRange:
    """`for $i : first..end { body }`: end excluded, both evaluated once."""

    variable: Variable
    first: Expr
    end: Expr
    body: Block
    span: Span


@final
@dataclass(frozen=True, slots=True, eq=False)
class ForMap:
    """`for $kv : @map { body }`: `$kv.0` is the key, `$kv.1` the value."""

    variable: Variable
    map: MapAccess
    body: Block
    span: Span


@final
@dataclass(frozen=True, slots=True, eq=False)
class Break:
    """`break`."""

    span: Span


@final
@dataclass(frozen=True, slots=True, eq=False)
class Continue:
    """`continue`."""

    span: Span


@final
@dataclass(frozen=True, slots=True, eq=False)
class Return:
    """`return`, which ends this run of the probe; in a function with its `value`."""

    span: Span
    value: Expr | None = None


@final
@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """`{ statements }`; a scope for variables."""

    statements: tuple[Stmt, ...]
    span: Span


Stmt: TypeAlias = (
    ExprStatement
    | AssignVariable
    | AssignMap
    | If
    | While
    | Unroll
    | ForRange
    | ForMap
    | Break
    | Continue
    | Return
    | Block
)
