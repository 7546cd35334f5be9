"""The syntax tree: what the parser makes, before names and types are known.

The parts of a script stand here, what is in them in `ast_code.py`; all of it is imported from here.
"""

from __future__ import annotations

from typing import final

from seismo.base.dataclass import dataclass
from seismo.base.source import Source, Span
from seismo.lang.ast_code import (
    AssignMap,
    AssignVariable,
    Binary,
    Block,
    BlockExpr,
    Boolean,
    Break,
    Call,
    Cast,
    Comptime,
    Continue,
    Expr,
    ExprStatement,
    Field,
    ForMap,
    ForRange,
    If,
    Increment,
    Index,
    MapAccess,
    Name,
    Number,
    Offsetof,
    Parameter,
    RecordExpr,
    Return,
    Sizeof,
    Stmt,
    String,
    Ternary,
    TupleExpr,
    TypeArgument,
    TypeExpr,
    Typeinfo,
    Unary,
    Unroll,
    Variable,
    While,
)

__all__ = (
    "AssignMap",
    "AssignVariable",
    "AttachPointText",
    "Binary",
    "Block",
    "BlockExpr",
    "Boolean",
    "Break",
    "Call",
    "Cast",
    "Comptime",
    "ConfigEntry",
    "Continue",
    "Expr",
    "ExprStatement",
    "Field",
    "ForMap",
    "ForRange",
    "Function",
    "If",
    "Import",
    "Increment",
    "Index",
    "Macro",
    "MacroParam",
    "MapAccess",
    "MapDeclaration",
    "Name",
    "Number",
    "Offsetof",
    "Parameter",
    "Probe",
    "RecordExpr",
    "Return",
    "Script",
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
class AttachPointText:
    """One attach point as written: `tracepoint:syscalls:sys_enter_*`."""

    text: str
    span: Span


@final
@dataclass(frozen=True, slots=True, eq=False)
class Probe:
    """Attach points, an optional predicate, and what to do; `name` of `name=attach_point`."""

    attach_points: tuple[AttachPointText, ...]
    predicate: Expr | None
    body: Block
    span: Span
    name: str = ""


@final
@dataclass(frozen=True, slots=True, eq=False)
class ConfigEntry:
    """`key = value` of the config block; a word as value is a str."""

    key: str
    value: str | int | bool
    key_span: Span
    span: Span


@final
@dataclass(frozen=True, slots=True, eq=False)
class Import:
    """`import "path";`."""

    path: str
    span: Span


@final
@dataclass(frozen=True, slots=True, eq=False)
class MacroParam:
    """A macro's parameter: `a` any expression, `$a` a variable, `@a` a map, as `name` begins."""

    name: str
    span: Span


@final
@dataclass(frozen=True, slots=True, eq=False)
class Macro:
    """`macro name(a, $b, @c) { … }`."""

    name: str
    params: tuple[MacroParam, ...]
    body: BlockExpr
    span: Span
    name_span: Span


@final
@dataclass(frozen=True, slots=True, eq=False)
class Function:
    """`fn name($a: int64): int64 { … }`; `returns` is None where it gives nothing."""

    name: str
    params: tuple[tuple[Variable, TypeExpr], ...]
    returns: TypeExpr | None
    body: Block
    span: Span
    name_span: Span


@final
@dataclass(frozen=True, slots=True, eq=False)
class MapDeclaration:
    """`let @name = kind(entries);`, kind one of `hash lruhash percpuhash percpulruhash`."""

    name: str
    kind: str
    entries: Expr
    span: Span


@final
@dataclass(frozen=True, slots=True, eq=False)
class Script:
    """A whole script; what stands in imported files is among its own.

    `c_text` are the pieces of C in order: preprocessor lines and declarations.
    """

    source: Source
    probes: tuple[Probe, ...]
    c_text: tuple[Span, ...] = ()
    config: tuple[ConfigEntry, ...] = ()
    imports: tuple[Import, ...] = ()
    macros: tuple[Macro, ...] = ()
    functions: tuple[Function, ...] = ()
    maps: tuple[MapDeclaration, ...] = ()
