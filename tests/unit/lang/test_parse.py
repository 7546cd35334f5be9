"""The tree: precedence, statements, spans. Whole scripts are in tests/golden/ast."""

from __future__ import annotations

import pytest

from lang_cases import parsed
from seismo.base.diagnostics import Diagnostics
from seismo.base.source import Source
from seismo.lang.ast import (
    AssignMap,
    AssignVariable,
    Binary,
    Block,
    Boolean,
    Call,
    Expr,
    ExprStatement,
    Field,
    If,
    Increment,
    Index,
    MapAccess,
    Name,
    Number,
    Return,
    Stmt,
    String,
    Ternary,
    TupleExpr,
    Unary,
    Variable,
)
from seismo.lang.parse_probe import parse


def statements(text: str) -> tuple[Stmt, ...]:
    script, diagnostics = parsed(f"BEGIN {{ {text} }}")
    assert [str(one) for one in diagnostics.found] == []
    return script.probes[0].body.statements


def expr(text: str) -> Expr:
    (statement,) = statements(text)
    assert isinstance(statement, ExprStatement)
    return statement.expr


def shown(node: Expr) -> str:
    """Fully parenthesised, so that a tree is one line."""
    match node:
        case Number() | Boolean():
            return str(node.value)
        case String():
            return repr(node.value)
        case Name() | Variable():
            return node.name
        case MapAccess():
            return f"{node.name}[{', '.join(map(shown, node.keys))}]" if node.keys else node.name
        case Unary():
            return f"({node.op}{shown(node.operand)})"
        case Binary():
            return f"({shown(node.left)} {node.op} {shown(node.right)})"
        case Ternary():
            return f"({shown(node.condition)} ? {shown(node.then)} : {shown(node.other)})"
        case Increment():
            target = shown(node.target)
            return f"({node.op}{target})" if node.prefix else f"({target}{node.op})"
        case Call():
            return f"{node.name}({', '.join(map(shown, node.args))})"
        case Field():
            return f"{shown(node.base)}.{node.field}"
        case Index():
            return f"{shown(node.base)}[{shown(node.index)}]"
        case TupleExpr():
            return f"<{', '.join(map(shown, node.elements))}>"


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("1 + 2 * 3", "(1 + (2 * 3))"),
        ("1 - 2 - 3", "((1 - 2) - 3)"),
        ("1 << 2 + 3 << 4", "((1 << (2 + 3)) << 4)"),
        ("a || b && c | d ^ e & f", "(a || (b && (c | (d ^ (e & f)))))"),
        ("a & b == c < d << e + f * g", "(a & (b == (c < (d << (e + (f * g))))))"),
        ("a < b != c >= d", "((a < b) != (c >= d))"),
        ("a % b / c", "((a % b) / c)"),
        ("-a * !b", "((-a) * (!b))"),
        ("- -~!a", "(-(-(~(!a))))"),
        ("-a.b", "(-a.b)"),
        ("*$p + 1", "((*$p) + 1)"),
        ("(1 + 2) * 3", "((1 + 2) * 3)"),
        ("a ? b : c ? d : e", "(a ? b : (c ? d : e))"),
        ("a ? b ? c : d : e", "(a ? (b ? c : d) : e)"),
        ("a || b ? c : d", "((a || b) ? c : d)"),
        ("args.a->b.c[1][2]", "args.a.b.c[1][2]"),
        ("@m[1, a][2]", "@m[1, a][2]"),
        ("@m[(1, a)]", "@m[1, a]"),
        ("@m[((1, a))]", "@m[1, a]"),
        ("@m[(1, a), 2]", "@m[<1, a>, 2]"),
        ("@m[()]", "@m[<>]"),
        ("@", "@"),
        ("$x++ + ++@m[1]", "(($x++) + (++@m[1]))"),
        ("$a - --$b", "($a - (--$b))"),
        ("f(1, g(), @m)", "f(1, g(), @m)"),
        ("()", "<>"),
        ("(a,)", "<a>"),
        ("(a, (b, c))", "<a, <b, c>>"),
        ("(a, b,).0", "<a, b>.0"),
        ("$t.1.0", "$t.1.0"),
        ("true == false", "(True == False)"),
        ('"a" == comm', "('a' == comm)"),
        ("1ms + 0x10", "(1000000 + 16)"),
    ],
)
def test_expressions(text: str, tree: str) -> None:
    assert shown(expr(text)) == tree


def test_statements() -> None:
    kinds = [
        *(ExprStatement, AssignVariable, AssignVariable, AssignMap, AssignMap, Return, Block),
        *(If, ExprStatement),
    ]
    text = "f(); $x = 1; let $y; @m[1] = 2; @m <<= 3; return; { } if 1 { } _ = 5"
    nodes = statements(text)
    assert [type(node) for node in nodes] == kinds
    let = nodes[2]
    assert isinstance(let, AssignVariable)
    assert let.declares
    assert let.value is None
    shift = nodes[4]
    assert isinstance(shift, AssignMap)
    assert shift.op == "<<"


def test_if_else_chain() -> None:
    (first,) = statements("if (a) { 1 } else if b { 2 } else { 3 }")
    assert isinstance(first, If)
    assert first.other is not None
    (second,) = first.other.statements
    assert isinstance(second, If)
    assert shown(second.condition) == "b"
    assert second.other is not None
    assert len(second.other.statements) == 1


def test_semicolons_are_optional_after_a_block_and_at_the_end() -> None:
    assert len(statements("if 1 { } if 2 { 3; }; { 4 } ;; 5")) == 4


def test_spans_cover_what_is_written() -> None:
    node = expr("f( a + 1 ) * @m[ 2 ]")
    assert isinstance(node, Binary)
    assert node.span.text == "f( a + 1 ) * @m[ 2 ]"
    assert node.left.span.text == "f( a + 1 )"
    assert isinstance(node.left, Call)
    assert node.left.name_span.text == "f"
    assert node.left.args[0].span.text == "a + 1"
    assert node.right.span.text == "@m[ 2 ]"
    field = expr("args . name")
    assert isinstance(field, Field)
    assert (field.span.text, field.field_span.text) == ("args . name", "name")


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("$#", "4"),
        ("$1", "42"),
        ("$2", "(-5)"),
        ("$3", "'a b'"),
        ("$4", "16"),
        ("$5", "0"),
        ("$0", "0"),
        ("$" + "9" * 5000, "0"),
        ("$1 + $01", "(42 + 42)"),
    ],
)
def test_parameters(text: str, tree: str) -> None:
    diagnostics = Diagnostics()
    source = Source("t", f"BEGIN {{ {text} }}")
    script = parse(source, diagnostics, ("42", "-5", "a b", "0x10"))
    assert not diagnostics.found
    (statement,) = script.probes[0].body.statements
    assert isinstance(statement, ExprStatement)
    assert shown(statement.expr) == tree


def test_parameters_in_attach_points() -> None:
    script = parse(Source("t", "t:$1:$2_$9x {}"), Diagnostics(), ("a", "b"))
    (point,) = script.probes[0].attach_points
    assert (point.text, point.span.text) == ("t:a:b_x", "t:$1:$2_$9x")


def test_heads() -> None:
    script, diagnostics = parsed("t:a:b , i:s:1,\n/ pid == 1 / { } end { }")
    assert not diagnostics.found
    first, second = script.probes
    assert [point.text for point in first.attach_points] == ["t:a:b", "i:s:1"]
    assert first.predicate is not None
    assert shown(first.predicate) == "(pid == 1)"
    assert first.span.text == "t:a:b , i:s:1,\n/ pid == 1 / { }"
    assert second.attach_points[0].span.text == "end"
