"""What tests of the checker of C share: a text checked, its tree as text, what is said about it."""

from __future__ import annotations

from pathlib import Path

from seismo.base.diagnostics import Diagnostics
from seismo.base.source import Source
from seismo.c import tree
from seismo.c.headers.dialect import DIALECT
from seismo.c.kernel_types import KernelTypes
from seismo.c.parse import parse
from seismo.c.preprocess import preprocess
from seismo.c.sema.check import check
from seismo.c.tree import Evaluate, Expr, Initializer, Place, Statement, Unit
from seismo.views import RecordedView

__all__ = ("c_complaints", "check_c", "checked_value", "read_c_program", "text_of")

_VIEW = RecordedView(Path(__file__).parent / "recorded" / "6.18")


class _Dialect:
    """BCC's own macros, and nothing of the kernel's headers."""

    macros = DIALECT

    def prelude_for(self, identifiers: object) -> str:
        return ""


def read_c_program(text: str, *, may_be_wrong: bool = False) -> tuple[Unit, Diagnostics]:
    """A text preprocessed, parsed and checked, with what was said of it; that it is C at all is
    taken for granted unless it `may_be_wrong`."""
    diagnostics, types = Diagnostics(), KernelTypes(_VIEW)
    tokens = preprocess(Source("t", text), _Dialect(), {}, diagnostics)
    ast = parse(tokens, types.has_typedef, diagnostics)
    assert may_be_wrong or [str(one) for one in diagnostics.errors] == []
    return check(ast, types, diagnostics), diagnostics


def check_c(text: str) -> Unit:
    """A text of which there is nothing to say."""
    unit, diagnostics = read_c_program(text)
    assert [str(one) for one in diagnostics.found] == []
    return unit


def checked_value(expression: str, before: str = "", parameters: str = "void") -> Expr:
    """An expression's value, in a function with these parameters."""
    unit = check_c(f"{before}\nvoid f({parameters}) {{ {expression}; }}")
    body = unit.functions["f"].body
    assert body is not None
    [statement] = body.statements
    assert isinstance(statement, Evaluate)
    return statement.value


def c_complaints(text: str) -> list[str]:
    """`line: severity: what is underlined: message (hint)` of everything that is said."""
    found = read_c_program(text)[1].found
    return [
        f"{one.span.location.line}: {one.severity}: {one.span.text}: {one.message}"
        + (f" ({one.hint})" if one.hint else "")
        for one in found
    ]


def text_of(node: Place | Expr | Initializer | Statement | None) -> str:
    """The tree in a form like C's, with every conversion as `type<value>`, places in `[…]`."""
    match node:
        case None:
            return ""
        case tree.VariablePlace(variable=variable):
            return f"[{variable.name}]"
        case tree.Dereference(pointer=pointer):
            return f"[*{text_of(pointer)}]"
        case tree.MemberPlace(record=record, member=member):
            return f"{text_of(record)[:-1]}.{member.name}]"
        case tree.StringPlace(data=data):
            return f"[{data!r}]"
        case tree.CompoundLiteral(value=value):
            return f"[new {text_of(value)}]"
        case tree.Initializer(parts=parts):
            listed = (f"{one.bit_offset}:{one.type}={text_of(one.value)}" for one in parts)
            return f"{{{', '.join(listed)}}}"
        case tree.Declare() | tree.Evaluate() | tree.Block() | tree.If() | tree.Loop():
            return _statement(node)
        case tree.Switch() | tree.Case() | tree.Label() | tree.Goto() | tree.Return():
            return _statement(node)
        case tree.Break() | tree.Continue():
            return _statement(node)
    return _value(node)


def _value(node: Expr) -> str:
    match node:
        case tree.Constant(value=value, type=type_):
            return f"{value}:{type_}"
        case tree.Load(place=place):
            return text_of(place)[1:-1]
        case tree.AddressOf(place=place):
            return f"&{text_of(place)[1:-1]}"
        case tree.TableAddress(table=table):
            return f"&{table.name}"
        case tree.FunctionAddress(function=function):
            return f"&{function.name}"
        case tree.Unary(op=op, operand=operand):
            return f"{op}{text_of(operand)}"
        case tree.Binary(op=op, left=left, right=right, type=type_):
            return f"({text_of(left)} {op} {text_of(right)}):{type_}"
        case tree.Logical(op=op, left=left, right=right):
            return f"({text_of(left)} {op} {text_of(right)})"
        case tree.PointerAdd(pointer=pointer, index=index, is_minus=is_minus):
            return f"({text_of(pointer)} {'-' if is_minus else '+'}p {text_of(index)})"
        case tree.PointerDifference(left=left, right=right):
            return f"({text_of(left)} -pp {text_of(right)})"
        case tree.Conditional(condition=condition, then=then, other=other, type=type_):
            return f"({text_of(condition)} ? {text_of(then)} : {text_of(other)}):{type_}"
        case tree.Comma(first=first, second=second):
            return f"({text_of(first)}, {text_of(second)})"
        case tree.Cast(operand=operand, type=type_):
            return f"{type_}<{text_of(operand)}>"
        case tree.Assign(place=place, value=value):
            return f"{text_of(place)} = {text_of(value)}"
        case tree.CompoundAssign(op=op, place=place, value=value, computed=computed):
            return f"{text_of(place)} {op}= {text_of(value)} in {computed}"
        case tree.Step(place=place, is_minus=is_minus, is_prefix=is_prefix):
            op = "--" if is_minus else "++"
            return f"{op}{text_of(place)}" if is_prefix else f"{text_of(place)}{op}"
        case tree.StatementExpr(block=block, type=type_):
            return f"({text_of(block)}):{type_}"
    return _call(node)


def _call(node: Expr) -> str:
    match node:
        case tree.HelperCall(helper=name, args=args):
            name = f"bpf_{name}"
        case tree.FunctionCall(function=function, args=args):
            name = function.name
        case tree.MethodCall(table=table, method=method, args=args):
            name = f"{table.name}.{method}"
        case tree.BuiltinCall(name=name, args=args):
            name = f"builtin {name}"
        case _:
            raise AssertionError(node)
    return f"{name}({', '.join(text_of(one) for one in args)}):{node.type}"


def _statement(node: Statement) -> str:
    match node:
        case tree.Declare(variable=variable, value=value):
            return f"{variable.type} {variable.name}" + (f" = {text_of(value)};" if value else ";")
        case tree.Evaluate(value=value):
            return f"{text_of(value)};"
        case tree.Block(statements=statements):
            return f"{{ {' '.join(text_of(one) for one in statements)} }}"
        case tree.If(condition=condition, then=then, other=other):
            tail = f" else {text_of(other)}" if other else ""
            return f"if {text_of(condition)} {text_of(then)}{tail}"
        case tree.Loop(start=start, condition=condition, step=step, body=body, is_do=is_do):
            head = f"{' '.join(map(text_of, start))} | {text_of(condition)} | {text_of(step)}"
            word = "do" if is_do else "loop"
            return f"{word} ({head}) unroll {node.unroll} {text_of(body)}"
        case tree.Switch(value=value, body=body):
            return f"switch {text_of(value)} {text_of(body)}"
        case tree.Case(low=None):
            return "default:"
        case tree.Case(low=low, high=high):
            return f"case {low}:" if low == high else f"case {low}...{high}:"
        case tree.Label(name=name):
            return f"{name}:"
        case tree.Goto(label=label):
            return f"goto {label};"
        case tree.Return(value=value):
            return f"return {text_of(value)};"
    return f"{type(node).__name__.lower()};"
