"""One pass over one body: the table of the rules of expressions."""

from __future__ import annotations

from seismo.lang.ast import (
    Binary,
    BlockExpr,
    Boolean,
    Call,
    Cast,
    Comptime,
    Field,
    Function,
    Increment,
    Index,
    MapAccess,
    Name,
    Number,
    Offsetof,
    Parameter,
    Probe,
    RecordExpr,
    Sizeof,
    String,
    Ternary,
    TupleExpr,
    TypeArgument,
    Typeinfo,
    Unary,
    Variable,
)
from seismo.lang.calls import check_call
from seismo.lang.casts import cast
from seismo.lang.environment import Body, Environment
from seismo.lang.expand import PLACE_NAMES
from seismo.lang.functions import check_returns
from seismo.lang.infer_maps import entry
from seismo.lang.infer_names import (
    boolean,
    name,
    number,
    parameter,
    place_name,
    string,
    type_argument,
    variable,
)
from seismo.lang.infer_operators import (
    binary,
    block_value,
    comptime,
    increment,
    record,
    ternary,
    tuple_,
    unary,
)
from seismo.lang.infer_types import offsetof, sizeof, typeinfo
from seismo.lang.members import field, index
from seismo.lang.statements import run_statements
from seismo.lang.typer import Rule, Typer
from seismo.lang.types import Type

__all__ = ("RULES", "make_pass", "new_typer")


def _call(t: Typer, node: Call) -> Type | None:
    if node.name in PLACE_NAMES and not node.args:
        return place_name(t, node)
    return check_call(t, node)


RULES: dict[type, Rule] = {
    Binary: binary,
    BlockExpr: block_value,
    Boolean: boolean,
    Call: _call,
    Cast: cast,
    Comptime: comptime,
    Field: field,
    Increment: increment,
    Index: index,
    MapAccess: entry,
    Name: name,
    Number: number,
    Offsetof: offsetof,
    Parameter: parameter,
    RecordExpr: record,
    Sizeof: sizeof,
    String: string,
    Ternary: ternary,
    TupleExpr: tuple_,
    TypeArgument: type_argument,
    Typeinfo: typeinfo,
    Unary: unary,
    Variable: variable,
}


def new_typer(env: Environment, body: Body) -> Typer:
    """A pass that has not begun."""
    return Typer(env=env, body=body, rules=RULES, run=run_statements)


def make_pass(env: Environment, body: Body) -> Typer:
    """One pass over a body: its types as far as they are known."""
    t = new_typer(env, body)
    body.reads.clear()
    node = body.node
    match node:
        case Probe():
            if node.predicate is not None:
                t.condition(node.predicate)
            t.block(node.body.statements)
        case Function():
            check_returns(t, t.block(node.body.statements))
    return t
