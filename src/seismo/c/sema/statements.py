"""Statements: each rule gives the statements of the tree that one of C becomes, in order.

What is wrong in a statement is told, and the next one is checked all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from seismo.base.diagnostics import did_you_mean
from seismo.c.errors import WITH_CLANG
from seismo.c.parse_library import c_ast
from seismo.c.parse_nodes import Asm, Range
from seismo.c.sema.constants import wrap
from seismo.c.sema.conversions import condition, promoted
from seismo.c.sema.errors import CheckError
from seismo.c.sema.typer import SwitchCases, Typer
from seismo.c.spans import span_of
from seismo.c.tree import (
    Block,
    Break,
    Case,
    Continue,
    Evaluate,
    Expr,
    Goto,
    If,
    Label,
    Loop,
    Return,
    Statement,
    Switch,
)
from seismo.c.types import Void

__all__ = ("assembly", "function_body", "statement_block", "value_block")

StatementRule: TypeAlias = Callable[[Typer, Any], list[Statement]]


def function_body(t: Typer, node: c_ast.Compound) -> Block:
    """The body of the function at hand, which shares its scope with the parameters."""
    body = t.body
    for parameter in body.function.parameters:
        t.scope.declare(parameter.name, parameter)
    made = Block(tuple(_listed(t, node.block_items or ())), span_of(node))
    for word, span in body.gotos.items():
        if word not in body.labels:
            hint = did_you_mean(word, body.labels)
            t.report(CheckError(span, f"there is no label '{word}'", hint), node)
    return made


def statement_block(t: Typer, node: c_ast.Compound) -> Block:
    """`{…}` with a scope of its own."""
    with t.block():
        return Block(tuple(_listed(t, node.block_items or ())), span_of(node))


def value_block(t: Typer, node: c_ast.Compound) -> Block:
    """The same of `({…})`, of which the last statement may be an expression of that kind again."""
    items = node.block_items or ()
    with t.block():
        made = _listed(t, items[:-1])
        for last in items[-1:]:
            is_value = isinstance(last, c_ast.Compound)
            made += _evaluated(t, last) if is_value else statements(t, last)
    return Block(tuple(made), span_of(node))


def _listed(t: Typer, nodes: Sequence[c_ast.Node]) -> list[Statement]:
    """Statements in a row, in the scope at hand."""
    made: list[Statement] = []
    unroll = 0
    for node in nodes:
        if isinstance(node, c_ast.Pragma):
            unroll = _unroll(t, node)
            continue
        t.unroll, unroll = unroll, 0
        made += statements(t, node)
    return made


def statements(t: Typer, node: c_ast.Node) -> list[Statement]:
    """What one statement becomes; nothing when something is wrong in it."""
    rule = _STATEMENTS.get(type(node), _evaluated)
    try:
        return rule(t, node)
    except CheckError as error:
        t.report(error, node)
        return []


def _single(t: Typer, node: c_ast.Node) -> Statement:
    """The body of an `if` or a loop, which is a scope."""
    with t.block():
        made = _listed(t, [node])
    return made[0] if len(made) == 1 else Block(tuple(made), span_of(node))


def _unroll(t: Typer, node: c_ast.Pragma) -> int:
    """What `#pragma unroll` says, as the preprocessor leaves it."""
    match str(node.string).split():
        case ["unroll"]:
            return -1
        case ["unroll", rounds] if rounds.isdigit():
            return int(rounds)
        case ["unroll", *words]:
            message = f"'{' '.join(words)}' is no number of rounds"
            t.warning(span_of(node), message, "write #pragma unroll")
    return 0


def _evaluated(t: Typer, node: c_ast.Node) -> list[Statement]:
    value = t.value(node)
    return [Evaluate(value, span_of(node))]


def _block(t: Typer, node: c_ast.Compound) -> list[Statement]:
    items = node.block_items or ()
    if len(items) > 1 and all(isinstance(one, c_ast.Pragma) for one in items[:-1]):
        return _listed(t, items)
    return [statement_block(t, node)]


def _nothing(t: Typer, node: c_ast.Node) -> list[Statement]:
    return []


def _declaration(t: Typer, node: c_ast.Node) -> list[Statement]:
    made = t.declarations.local(node)
    return [] if made is None else [made]


def _declarations(t: Typer, node: c_ast.DeclList) -> list[Statement]:
    return [made for one in node.decls for made in statements(t, one)]


def _if(t: Typer, node: c_ast.If) -> list[Statement]:
    asked = _condition(t, node.cond)
    then = _single(t, node.iftrue) if node.iftrue is not None else Block((), span_of(node))
    other = None if node.iffalse is None else _single(t, node.iffalse)
    return [If(asked, then, other, span_of(node))]


def _condition(t: Typer, node: c_ast.Node) -> Expr:
    return condition(t.value(node))


def _for(t: Typer, node: c_ast.For) -> list[Statement]:
    unroll, span = t.unroll, span_of(node)
    with t.block():
        start = [] if node.init is None else statements(t, node.init)
        asked = None if node.cond is None else _condition(t, node.cond)
        step = None if node.next is None else t.value(node.next)
        body = _loop_body(t, node.stmt)
    return [Loop(tuple(start), asked, step, body, False, unroll, span)]


def _while(t: Typer, node: c_ast.While | c_ast.DoWhile) -> list[Statement]:
    unroll, span = t.unroll, span_of(node)
    asked = _condition(t, node.cond)
    body = _loop_body(t, node.stmt)
    return [Loop((), asked, None, body, isinstance(node, c_ast.DoWhile), unroll, span)]


def _loop_body(t: Typer, node: c_ast.Node) -> Statement:
    body = t.body
    body.loops += 1
    body.breakable += 1
    try:
        return _single(t, node)
    finally:
        body.loops -= 1
        body.breakable -= 1


def _switch(t: Typer, node: c_ast.Switch) -> list[Statement]:
    body = t.body
    value = promoted(t.value(node.cond))
    body.switches.append(SwitchCases(value.type))
    body.breakable += 1
    try:
        inner = _single(t, node.stmt)
    finally:
        body.switches.pop()
        body.breakable -= 1
    return [Switch(value, inner, span_of(node))]


def _case(t: Typer, node: c_ast.Case) -> list[Statement]:
    span = span_of(node)
    if not t.body.switches:
        raise CheckError(span, "'case' stands in no switch")
    cases = t.body.switches[-1]
    ends = (node.expr.low, node.expr.high) if isinstance(node.expr, Range) else (node.expr,) * 2
    low, high = (wrap(t.constant(end, "a case"), cases.type) for end in ends)
    if low > high:
        raise CheckError(span, f"case {low} ... {high} holds nothing", "the lower value is first")
    if any(low <= other_high and other_low <= high for other_low, other_high in cases.ranges):
        raise CheckError(span, f"this switch has a case for {low} already")
    cases.ranges.append((low, high))
    return [Case(low, high, span), *_listed(t, node.stmts)]


def _default(t: Typer, node: c_ast.Default) -> list[Statement]:
    span = span_of(node)
    if not t.body.switches:
        raise CheckError(span, "'default' stands in no switch")
    if t.body.switches[-1].has_default:
        raise CheckError(span, "this switch has a default already")
    t.body.switches[-1].has_default = True
    return [Case(None, None, span), *_listed(t, node.stmts)]


def _label(t: Typer, node: c_ast.Label) -> list[Statement]:
    span = span_of(node)
    if node.name in t.body.labels:
        raise CheckError(span, f"there is a label '{node.name}' already")
    t.body.labels[node.name] = span
    return [Label(node.name, span), *_listed(t, [node.stmt])]


def _goto(t: Typer, node: c_ast.Goto) -> list[Statement]:
    t.body.gotos.setdefault(node.name, span_of(node))
    return [Goto(node.name, span_of(node))]


def _break(t: Typer, node: c_ast.Break) -> list[Statement]:
    if not t.body.breakable:
        raise CheckError(span_of(node), "'break' stands in no loop or switch")
    return [Break(span_of(node))]


def _continue(t: Typer, node: c_ast.Continue) -> list[Statement]:
    if not t.body.loops:
        raise CheckError(span_of(node), "'continue' stands in no loop")
    return [Continue(span_of(node))]


def _return(t: Typer, node: c_ast.Return) -> list[Statement]:
    function, span = t.body.function, span_of(node)
    if node.expr is None:
        if not isinstance(function.result, Void):
            raise CheckError(span, f"{function.name}() returns {function.result}", "return 0;")
        return [Return(None, span)]
    value = t.value(node.expr)
    if isinstance(function.result, Void):
        if not isinstance(value.type, Void):
            raise CheckError(span, f"{function.name}() is void, so it returns no value")
        return [Evaluate(value, span), Return(None, span)]
    return [Return(t.assigned(value, function.result, "the result"), span)]


def _assembly(t: Typer, node: Asm) -> list[Statement]:
    """One without instructions only keeps a compiler from optimising, so nothing is lost."""
    _, _, inside = span_of(node).text.partition("(")
    template, _, rest = inside.strip().partition('""')
    if not template and rest.lstrip()[:1] in (":", ")"):
        return []
    raise assembly(node)


def assembly(node: Asm) -> CheckError:
    """The mistake that inline assembly is."""
    hint = f"write it in C; where that cannot be, {WITH_CLANG}"
    return CheckError(span_of(node), "inline assembly is not supported", hint)


_STATEMENTS: Mapping[type, StatementRule] = {
    Asm: _assembly,
    c_ast.Break: _break,
    c_ast.Case: _case,
    c_ast.Compound: _block,
    c_ast.Continue: _continue,
    c_ast.Decl: _declaration,
    c_ast.DeclList: _declarations,
    c_ast.Default: _default,
    c_ast.DoWhile: _while,
    c_ast.EmptyStatement: _nothing,
    c_ast.For: _for,
    c_ast.Goto: _goto,
    c_ast.If: _if,
    c_ast.Label: _label,
    c_ast.Return: _return,
    c_ast.StaticAssert: _declaration,
    c_ast.Switch: _switch,
    c_ast.Typedef: _declaration,
    c_ast.While: _while,
}
