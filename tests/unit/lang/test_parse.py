"""The tree: precedence, statements, spans. Whole scripts are in tests/golden/ast."""

from __future__ import annotations

import pytest

from parse_cases import parsed
from seismo.base.diagnostics import Diagnostics
from seismo.base.source import Source
from seismo.lang.ast import (
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
from seismo.lang.parse_probe import parse
from seismo.lang.print import format_type


def statements(text: str) -> tuple[Stmt, ...]:
    script, diagnostics = parsed(f"BEGIN {{ {text} }}")
    assert [str(one) for one in diagnostics.found] == []
    return script.probes[0].body.statements


def expr(text: str) -> Expr:
    (statement,) = statements(text)
    assert isinstance(statement, ExprStatement)
    return statement.expr


def shown(node: Expr | TypeExpr) -> str:
    """Fully parenthesised, so that a tree is one line."""
    match node:
        case Number() | Boolean():
            return str(node.value)
        case String():
            return repr(node.value)
        case Name() | Variable():
            return node.name
        case MapAccess():
            return f"{node.name}[{_joined(node.keys)}]" if node.keys else node.name
        case Unary():
            return f"({node.op}{shown(node.operand)})"
        case Binary():
            return f"({shown(node.left)} {node.op} {shown(node.right)})"
        case Ternary():
            then = "" if node.then is None else f" {shown(node.then)} "
            return f"({shown(node.condition)} ?{then}: {shown(node.other)})"
        case Increment():
            target = shown(node.target)
            return f"({node.op}{target})" if node.prefix else f"({target}{node.op})"
        case Call():
            return f"{node.name}({_joined(node.args)})"
        case Field():
            return f"{shown(node.base)}.{node.field}"
        case Index():
            return f"{shown(node.base)}[{shown(node.index)}]"
        case TupleExpr():
            return f"<{_joined(node.elements)}>"
        case _:
            return _shown_special(node)


def _shown_special(node: Expr | TypeExpr) -> str:
    match node:
        case RecordExpr():
            pairs = zip(node.names, node.values, strict=True)
            return f"<{', '.join(f'{name}={shown(value)}' for name, value in pairs)}>"
        case Cast():
            return f"({shown(node.type)} <- {shown(node.operand)})"
        case TypeExpr():
            name = format_type(node)
            return name if node.of is None else f"{name} {shown(node.of)}"
        case TypeArgument():
            return f"type {shown(node.type)}"
        case Sizeof():
            return f"sizeof {shown(node.operand)}"
        case Offsetof():
            return f"offsetof {shown(node.operand)}: {'.'.join(node.path)}"
        case Typeinfo():
            return f"typeinfo {shown(node.operand)}"
        case Comptime():
            return f"(comptime {shown(node.operand)})"
        case Parameter():
            return f"${node.text!r}"
        case BlockExpr():
            value = "" if node.value is None else f"; {shown(node.value)}"
            return f"{{{len(node.statements)}{value}}}"
        case _:
            raise AssertionError(node)


def _joined(nodes: tuple[Expr, ...]) -> str:
    return ", ".join(map(shown, nodes))


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
        ("a ?: b ?: c", "(a ?: (b ?: c))"),
        ("a || b ?: c", "((a || b) ?: c)"),
        ("&$x + &@m", "((&$x) + (&@m))"),
        ("a & &$x", "(a & (&$x))"),
        ("comptime 1 + 2", "((comptime 1) + 2)"),
        ("comptime -a.b", "(comptime (-a.b))"),
        ("(a = 1, b = (c = 2))", "<a=1, b=<c=2>>"),
        ('"abc"[0]', "'abc'[0]"),
        ("1 + if a { 1 } else { 2 } + 3", "((1 + (a ? {0; 1} : {0; 2})) + 3)"),
        ("f(1, 2,)", "f(1, 2)"),
    ],
)
def test_expressions(text: str, tree: str) -> None:
    assert shown(expr(text)) == tree


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("(uint64)1 + 2", "((uint64 <- 1) + 2)"),
        ("(int8)-$x.y[1]", "(int8 <- (-$x.y[1]))"),
        ("(uint8)(int16)$x", "(uint8 <- (int16 <- $x))"),
        ("((struct sock *)arg0)->a", "(struct sock* <- arg0).a"),
        ("(struct sock *)$x->a", "(struct sock* <- $x.a)"),
        ("(union u)$x", "(union u <- $x)"),
        ("(enum e)1", "(enum e <- 1)"),
        ("(uint8[8])12345", "(uint8[8] <- 12345)"),
        ("(int8[])$x", "(int8[] <- $x)"),
        ("(int32*[4]*)$x", "(int32*[4]* <- $x)"),
        ("(unsigned long)$x", "(unsigned long <- $x)"),
        ("(string[16])$x", "(string[16] <- $x)"),
        ("(typeof($x))1", "(typeof $x <- 1)"),
        ("(typeof(struct a *))1", "(typeof struct a* <- 1)"),
        ("(pid_t)-1", "(pid_t <- (-1))"),
        ("(u32)*$p", "(u32 <- (*$p))"),
        ("(foo *)-1", "(foo* <- (-1))"),
        # A name alone is a type where nothing else could be meant.
        ("(foo)$x", "(foo <- $x)"),
        ("(foo)(1)", "(foo <- 1)"),
        ("(foo) - 1", "(foo - 1)"),
        ("(foo) * $p", "(foo * $p)"),
        ("(foo) & $p", "(foo & $p)"),
        ("(foo)", "foo"),
        ("(foo[1])", "foo[1]"),
        # Built-ins are never types.
        ("(pid) * $x", "(pid * $x)"),
        ("(arg0) & 1", "(arg0 & 1)"),
    ],
)
def test_casts(text: str, tree: str) -> None:
    assert shown(expr(f"{text};")) == tree


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("sizeof(struct a)", "sizeof struct a"),
        ("sizeof(int32*)", "sizeof int32*"),
        ("sizeof(foo **)", "sizeof foo**"),
        ("sizeof(foo_t)", "sizeof foo_t"),
        ("sizeof(foo)", "sizeof foo"),
        ("sizeof($x)", "sizeof $x"),
        ("sizeof(foo * 2)", "sizeof (foo * 2)"),
        ("sizeof(typeof($x))", "sizeof typeof $x"),
        ("sizeof((uint8)1)", "sizeof (uint8 <- 1)"),
        ("offsetof(struct a, b.c)", "offsetof struct a: b.c"),
        ("offsetof(*$p, b)", "offsetof (*$p): b"),
        ("typeinfo(struct a)", "typeinfo struct a"),
        ("typeinfo($x + 1)", "typeinfo ($x + 1)"),
        ("f($p, struct a, b)", "f($p, type struct a, b)"),
        ("f(typeof($x), int32[4], foo *)", "f(type typeof $x, type int32[4], type foo*)"),
        ("f(uint64 , foo)", "f(type uint64, foo)"),
    ],
)
def test_types_as_operands(text: str, tree: str) -> None:
    assert shown(expr(text)) == tree


def test_a_macro_parameter_is_no_type() -> None:
    script, diagnostics = parsed("macro m(len_t, u8) { f(len_t); (u8) - 1; (len_t) * 2 }")
    assert not diagnostics.found
    (macro,) = script.macros
    call, difference = macro.body.statements
    assert isinstance(call, ExprStatement)
    assert shown(call.expr) == "f(len_t)"
    assert isinstance(difference, ExprStatement)
    assert shown(difference.expr) == "(u8 - 1)"
    assert macro.body.value is not None
    assert shown(macro.body.value) == "(len_t * 2)"


def test_loops() -> None:
    whole = "for ($i : 0..$n) { } for $i : (1)..$t.1 { } for ($kv : @m) { } for $kv : @ { }"
    first, second, third, fourth = statements(whole)
    assert isinstance(first, ForRange)
    assert (first.variable.name, shown(first.first), shown(first.end)) == ("$i", "0", "$n")
    assert isinstance(second, ForRange)
    assert (shown(second.first), shown(second.end)) == ("1", "$t.1")
    assert isinstance(third, ForMap)
    assert (third.variable.name, third.map.name) == ("$kv", "@m")
    assert isinstance(fourth, ForMap)
    assert fourth.map.name == "@"


def test_loops_on_a_condition_and_jumps() -> None:
    loop, unrolled, returned = statements(
        "while ($x < 5) { continue; break } unroll(3) { $x++ } return $x"
    )
    assert isinstance(loop, While)
    assert shown(loop.condition) == "($x < 5)"
    assert [type(one) for one in loop.body.statements] == [Continue, Break]
    assert isinstance(unrolled, Unroll)
    assert shown(unrolled.count) == "3"
    assert isinstance(returned, Return)
    assert returned.value is not None
    assert returned.span.text == "return $x"


@pytest.mark.parametrize(
    ("text", "type_", "value"),
    [
        ("let $x : uint64 = 1", "uint64", "1"),
        ("let $x: struct a *", "struct a*", None),
        ("let $x : typeof($y)", "typeof $y", None),
        ("let $x = 2", None, "2"),
    ],
)
def test_let(text: str, type_: str | None, value: str | None) -> None:
    (let,) = statements(text)
    assert isinstance(let, AssignVariable)
    assert let.declares
    assert (let.type and shown(let.type)) == type_
    assert (let.value and shown(let.value)) == value
    assert let.span.text == text


def test_an_import_in_a_block_is_nothing() -> None:
    assert len(statements('import "x"; f(); import "y"')) == 1


def test_if_comptime() -> None:
    first, second = statements("if comptime $x == 1 { } if comptime (1) { } else { }")
    assert isinstance(first, If)
    assert shown(first.condition) == "(comptime ($x == 1))"
    assert isinstance(second, If)
    assert isinstance(second.condition, Comptime)


@pytest.mark.parametrize(
    ("body", "tree"),
    [
        ("", "{0}"),
        ("1", "{0; 1}"),
        ("1;", "{1}"),
        ("$x = 1; $x", "{1; $x}"),
        ("$x = 1", "{1}"),
        ("_ = 1", "{1}"),
        ("{ 1 }", "{0; {0; 1}}"),
        ("{ 1; }", "{1}"),
        ("if a { 1 } else { 2 }", "{0; (a ? {0; 1} : {0; 2})}"),
        ("if a { 1 } else { 2 };", "{1}"),
        ("if a { 1 } else if b { 2 } else { 3 }", "{0; (a ? {0; 1} : (b ? {0; 2} : {0; 3}))}"),
        ("if a { 1 } else if b { 2 }", "{1}"),
        ("if a { 1 }", "{1}"),
        ("if a { 1 } else { 2; }", "{1}"),
        ("if a { 1; } else { 2 }", "{1}"),
        ("while 1 { 2 }", "{1}"),
    ],
)
def test_the_value_of_a_block(body: str, tree: str) -> None:
    (statement,) = statements(f"$v = {{ {body} }};")
    assert isinstance(statement, AssignVariable)
    assert statement.value is not None
    assert shown(statement.value) == tree


def test_blocks_whose_value_nobody_wants_are_statements() -> None:
    nodes = statements("{ 1 } if a { 2 } else { if b { 3 } else { 4 } } { f() }")
    assert [type(node) for node in nodes] == [Block, If, Block]
    outer = nodes[1]
    assert isinstance(outer, If)
    assert outer.other is not None
    (inner,) = outer.other.statements
    assert isinstance(inner, If)
    assert [type(one) for one in inner.then.statements] == [ExprStatement]


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


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("str($1)", "str($'42')"),
        ("str($3, 5)", "str($'a b', 5)"),
        ("str($9)", "str($'')"),
        ("str($1 + 1)", "str(($'42' + 1))"),
        ("str($1 + 1, 2)", "str(($'42' + 1), 2)"),
        ("str($1 * 2)", "str((42 * 2))"),
        ("str($#)", "str(3)"),
        ("f($1)", "f(42)"),
    ],
)
def test_parameters_as_text(text: str, tree: str) -> None:
    diagnostics = Diagnostics()
    script = parse(Source("t", f"BEGIN {{ {text} }}"), diagnostics, ("42", "-5", "a b"))
    assert not diagnostics.found
    (statement,) = script.probes[0].body.statements
    assert isinstance(statement, ExprStatement)
    assert shown(statement.expr) == tree


def test_parameters_in_attach_points() -> None:
    script = parse(Source("t", "t:$1:$2_$9x {}"), Diagnostics(), ("a", "b"))
    (point,) = script.probes[0].attach_points
    assert (point.text, point.span.text) == ("t:a:b_x", "t:$1:$2_$9x")


def test_a_named_probe() -> None:
    script, diagnostics = parsed("slow=kprobe:$1vfs_read,kretprobe:a=b { }")
    assert not diagnostics.found
    (probe,) = script.probes
    assert probe.name == "slow"
    assert [point.text for point in probe.attach_points] == ["kprobe:vfs_read", "kretprobe:a=b"]
    assert probe.attach_points[0].span.text == "kprobe:$1vfs_read"


def test_heads() -> None:
    script, diagnostics = parsed("t:a:b , i:s:1,\n/ pid == 1 / { } end { }")
    assert not diagnostics.found
    first, second = script.probes
    assert [point.text for point in first.attach_points] == ["t:a:b", "i:s:1"]
    assert first.predicate is not None
    assert shown(first.predicate) == "(pid == 1)"
    assert first.span.text == "t:a:b , i:s:1,\n/ pid == 1 / { }"
    assert second.attach_points[0].span.text == "end"
