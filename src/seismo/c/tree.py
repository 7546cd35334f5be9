"""The typed tree: what the checker makes of a C program and what lowering turns into IR.

Nothing is implicit in it. Every expression has its type and its span; an operand has the type that
its operator computes in (conversions are `Cast`s); reading a variable or memory is a `Load` of a
place; arrays have become pointers (`AddressOf`) where C makes them so. Places and values are kept
apart: `Place` has an address or is a variable, `Expr` has a value.

>>> Load(VariablePlace(x), INT, span)         # x
>>> Assign(VariablePlace(x), Constant(1, INT, span), INT, span)      # x = 1
"""

from __future__ import annotations

from typing import TypeAlias

from seismo.base.dataclass import dataclass, field
from seismo.base.diagnostics import Diagnostic
from seismo.base.source import Span
from seismo.c.declared import TableDecl as TableDecl
from seismo.c.declared import Variable as Variable
from seismo.c.jumps import Break as Break
from seismo.c.jumps import Continue as Continue
from seismo.c.jumps import Goto as Goto
from seismo.c.jumps import Label as Label
from seismo.c.types import CType, Enumeration, Member, Record
from seismo.spec.relocations import CoreEnumerator, CoreField, CoreType

__all__ = (
    *("AddressOf", "Assign", "Binary", "Block", "Break", "BuiltinCall", "Case", "Cast"),
    *("Comma", "CompoundAssign", "CompoundLiteral", "Conditional", "Constant", "Continue"),
    *("Declare", "Dereference", "Evaluate", "Expr", "FunctionAddress", "FunctionCall"),
    *("FunctionDecl", "Goto", "HelperCall", "If", "InitPart", "Initializer", "KernelConstant"),
    *("Label", "Load", "Logical", "Loop", "MemberPlace", "MethodCall", "Place", "PointerAdd"),
    *("PointerDifference", "Return", "Statement", "StatementExpr", "Step", "StringPlace"),
    *("Switch", "TableAddress", "TableDecl", "Unary", "Unit", "Variable", "VariablePlace"),
)


# Places


@dataclass(frozen=True, slots=True)
class VariablePlace:
    """A variable."""

    variable: Variable
    type: CType
    span: Span


@dataclass(frozen=True, slots=True)
class Dereference:
    """`*pointer`; `p->m`, `p[i]` are made of it."""

    pointer: Expr
    type: CType
    span: Span


@dataclass(frozen=True, slots=True)
class MemberPlace:
    """`record.member`; the member's offset counts from `record`, whatever it is nested in."""

    record: Place
    member: Member
    type: CType
    span: Span


@dataclass(frozen=True, slots=True)
class StringPlace:
    """A string literal, its NUL included; the type is an array of char."""

    data: bytes
    type: CType
    span: Span


@dataclass(frozen=True, slots=True)
class CompoundLiteral:
    """`(struct s){…}`, also a function's answer that is a record: something new in memory."""

    value: Initializer | Expr
    type: CType
    span: Span


# Expressions


@dataclass(frozen=True, slots=True)
class Constant:
    """An integer constant, normalised to its type; a pointer type for NULL and casts."""

    value: int
    type: CType
    span: Span


@dataclass(frozen=True, slots=True)
class KernelConstant:
    """A constant that another kernel may have another value of: an enumerator, a size, a place.

    `value` is what it was for the types that the program was compiled with.
    """

    value: int
    relocation: CoreField | CoreType | CoreEnumerator
    type: CType
    span: Span


@dataclass(frozen=True, slots=True)
class Load:
    """The value in a place. An aggregate's is the place itself, to be copied from."""

    place: Place
    type: CType
    span: Span


@dataclass(frozen=True, slots=True)
class AddressOf:
    """`&place`; also an array that becomes a pointer to its first element."""

    place: Place
    type: CType
    span: Span


@dataclass(frozen=True, slots=True)
class TableAddress:
    """`&table`, for helpers that take a map."""

    table: TableDecl
    type: CType
    span: Span


@dataclass(frozen=True, slots=True)
class FunctionAddress:
    """A static function as an argument of a helper that calls back."""

    function: FunctionDecl
    type: CType
    span: Span


@dataclass(frozen=True, slots=True)
class Unary:
    """`-` or `~` of an operand of the same type, or `!` (int) of a scalar."""

    op: str
    operand: Expr
    type: CType
    span: Span


@dataclass(frozen=True, slots=True)
class Binary:
    """`+ - * / % & | ^ << >>` of operands of the result's type (a shift's right one: any integer),
    or `== != < <= > >=` (int) of operands of one type, which may be pointers; `==` and `!=` also
    of 16-byte integers."""

    op: str
    left: Expr
    right: Expr
    type: CType
    span: Span


@dataclass(frozen=True, slots=True)
class PointerAdd:
    """pointer + index elements (- with `is_minus`); the index is a 64-bit integer."""

    pointer: Expr
    index: Expr
    is_minus: bool
    type: CType
    span: Span


@dataclass(frozen=True, slots=True)
class PointerDifference:
    """left - right, in elements."""

    left: Expr
    right: Expr
    type: CType
    span: Span


@dataclass(frozen=True, slots=True)
class Logical:
    """`&&` or `||` of scalars."""

    op: str
    left: Expr
    right: Expr
    type: CType
    span: Span


@dataclass(frozen=True, slots=True)
class Conditional:
    """`condition ? then : other`; of `a ?: b` `then` is None: the condition's value."""

    condition: Expr
    then: Expr | None
    other: Expr
    type: CType
    span: Span


@dataclass(frozen=True, slots=True)
class Comma:
    """`first, second`."""

    first: Expr
    second: Expr
    type: CType
    span: Span


@dataclass(frozen=True, slots=True)
class Cast:
    """A conversion, written or not; to `void` it drops the value."""

    operand: Expr
    type: CType
    span: Span
    is_written: bool = False


@dataclass(frozen=True, slots=True)
class Assign:
    """`place = value`; aggregates are copied. The value is the place's new one."""

    place: Place
    value: Expr
    type: CType
    span: Span


@dataclass(frozen=True, slots=True)
class CompoundAssign:
    """`place op= value`, computed in `computed` (the value has that type already; a shift's any
    integer's); where the place is a pointer: `+` or `-` of `value` elements (64-bit)."""

    op: str
    place: Place
    value: Expr
    computed: CType
    type: CType
    span: Span


@dataclass(frozen=True, slots=True)
class Step:
    """`++` or `--` (`is_minus`) of a place; the value is the new one if `is_prefix`."""

    place: Place
    is_minus: bool
    is_prefix: bool
    type: CType
    span: Span


@dataclass(frozen=True, slots=True)
class StatementExpr:
    """`({ … })`; the last statement's value if it is an `Evaluate` and the type is not void."""

    block: Block
    type: CType
    span: Span


@dataclass(frozen=True, slots=True)
class HelperCall:
    """A BPF helper by the name it has without `bpf_`."""

    helper: str
    args: tuple[Expr, ...]
    type: CType
    span: Span


@dataclass(frozen=True, slots=True)
class FunctionCall:
    """A static function of the program, which becomes part of its caller."""

    function: FunctionDecl
    args: tuple[Expr, ...]
    type: CType
    span: Span


@dataclass(frozen=True, slots=True)
class MethodCall:
    """`table.method(args)`; the arguments as the method's record wants them."""

    table: TableDecl
    method: str
    args: tuple[Expr, ...]
    type: CType
    span: Span


@dataclass(frozen=True, slots=True)
class BuiltinCall:
    """A built-in of the compiler or of BCC: `memcpy`, `bswap32`, `log2l`, `usdt_readarg` …; names
    without `__builtin_` and `bpf_`. `types` are those it was given as arguments."""

    name: str
    args: tuple[Expr, ...]
    type: CType
    span: Span
    types: tuple[CType, ...] = ()


# Initialisers and statements


@dataclass(frozen=True, slots=True)
class InitPart:
    """A scalar (or a record, a string) at a place of the object, in bits from its start."""

    bit_offset: int
    bit_size: int
    type: CType
    value: Expr


@dataclass(frozen=True, slots=True)
class Initializer:
    """`{…}` laid out flat; what no part covers is zero."""

    parts: tuple[InitPart, ...]
    type: CType
    span: Span


@dataclass(frozen=True, slots=True)
class Declare:
    """A local variable; a scalar without a value holds anything, memory is zero all the same."""

    variable: Variable
    value: Initializer | Expr | None
    span: Span


@dataclass(frozen=True, slots=True)
class Evaluate:
    """An expression for what it does; its value is dropped."""

    value: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class Block:
    """`{…}`; also nothing, with no statements."""

    statements: tuple[Statement, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class If:
    """The condition is a scalar."""

    condition: Expr
    then: Statement
    other: Statement | None
    span: Span


@dataclass(frozen=True, slots=True)
class Loop:
    """`for`, `while` and, with `is_do`, `do`: `start` stands in the scope of the loop.

    `unroll` is what `#pragma unroll` before it says: 0 nothing, -1 wholly, n at most n rounds.
    """

    start: tuple[Statement, ...]
    condition: Expr | None
    step: Expr | None
    body: Statement
    is_do: bool
    unroll: int
    span: Span


@dataclass(frozen=True, slots=True)
class Switch:
    """The value is an integer; the body's `Case`s belong to the nearest switch around them."""

    value: Expr
    body: Statement
    span: Span


@dataclass(frozen=True, slots=True)
class Case:
    """`case low ... high:` in the type of the switch's value; None: `default:`."""

    low: int | None
    high: int | None
    span: Span


@dataclass(frozen=True, slots=True)
class Return:
    """The value has the function's result type."""

    value: Expr | None
    span: Span


Place: TypeAlias = VariablePlace | Dereference | MemberPlace | StringPlace | CompoundLiteral
Expr: TypeAlias = (
    Constant
    | KernelConstant
    | Load
    | AddressOf
    | TableAddress
    | FunctionAddress
    | Unary
    | Binary
    | PointerAdd
    | PointerDifference
    | Logical
    | Conditional
    | Comma
    | Cast
    | Assign
    | CompoundAssign
    | Step
    | StatementExpr
    | HelperCall
    | FunctionCall
    | MethodCall
    | BuiltinCall
)
Statement: TypeAlias = (
    Declare
    | Evaluate
    | Block
    | If
    | Loop
    | Switch
    | Case
    | Label
    | Goto
    | Break
    | Continue
    | Return
)


# The whole


@dataclass(slots=True, eq=False, kw_only=True)
class FunctionDecl:
    """A function with its body, once that has been checked; `section` is what `SEC()` says."""

    name: str
    result: CType
    parameters: tuple[Variable, ...]
    body: Block | None
    is_static: bool
    span: Span
    section: str = ""


@dataclass(frozen=True, slots=True)
class Unit:
    """A whole program text: `functions` that are not static are what BCC loads, in this order.

    `warnings` are what may be a mistake, and did not stop it. With `is_portable` whatever is the
    kernel's is left open until the program is loaded; `assumptions` are constants of the kernel's
    that had to be known nevertheless.
    """

    functions: dict[str, FunctionDecl]
    tables: dict[str, TableDecl]
    records: dict[str, Record] = field(default_factory=dict)
    enumerations: dict[str, Enumeration] = field(default_factory=dict)
    typedefs: dict[str, CType] = field(default_factory=dict)
    license: str = "GPL"
    warnings: tuple[Diagnostic, ...] = ()
    is_portable: bool = False
    assumptions: tuple[KernelConstant, ...] = ()
