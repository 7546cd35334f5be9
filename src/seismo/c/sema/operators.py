"""Operators: arithmetic, comparisons, pointers, assignments, `? :`, `,`; C11 6.5.

Operands are converted here to the type that an operator computes in.
"""

from __future__ import annotations

from seismo.base.source import Span
from seismo.c.parse_library import c_ast
from seismo.c.sema.conversions import (
    are_compatible,
    condition,
    convert,
    index_value,
    integer,
    integer_type,
    is_integer,
    is_null,
    is_wide,
    promoted,
    promoted_type,
    usual,
    usual_type,
)
from seismo.c.sema.errors import CheckError
from seismo.c.sema.kernel_facts import open_size
from seismo.c.sema.places import Checked, address_of, dereference, loaded
from seismo.c.sema.typer import Typer
from seismo.c.spans import span_of
from seismo.c.tree import (
    AddressOf,
    Assign,
    Binary,
    Comma,
    CompoundAssign,
    Conditional,
    Constant,
    Expr,
    Logical,
    MemberPlace,
    Place,
    PointerAdd,
    PointerDifference,
    Step,
    StringPlace,
    TableAddress,
    Unary,
    VariablePlace,
)
from seismo.c.types import (
    INT,
    LONG,
    U128,
    UNSIGNED_LONG,
    VOID,
    Array,
    CType,
    Function,
    Pointer,
    Record,
    Table,
    Void,
    is_scalar,
    same_type,
)

__all__ = ("added", "assignment", "binary", "comma", "conditional", "unary")

_COMPARISONS = ("==", "!=", "<", ">", "<=", ">=")


def binary(t: Typer, node: c_ast.BinaryOp) -> Checked:
    """`left op right`."""
    left, right, span = t.value(node.left), t.value(node.right), span_of(node)
    if node.op in ("&&", "||"):
        return Logical(node.op, condition(left), condition(right), INT, span)
    if node.op in _COMPARISONS:
        return _compared(t, node.op, left, right, span)
    if node.op in ("+", "-"):
        return added(node.op, left, right, span)
    if node.op in ("<<", ">>"):
        shifted = promoted(left)
        return Binary(node.op, shifted, promoted(right), shifted.type, span)
    left, right, type_ = usual(left, right)
    return Binary(node.op, left, right, type_, span)


def _compared(t: Typer, op: str, left: Expr, right: Expr, span: Span) -> Expr:
    if isinstance(left.type, Pointer) or isinstance(right.type, Pointer):
        left, right = _as_pointers(t, op, left, right, span)
    elif op in ("==", "!=") and (is_wide(left.type) or is_wide(right.type)):
        left, right = _as_wide(left), _as_wide(right)
    else:
        _refuse_records(op, left, right, span)
        left, right, _ = usual(left, right)
    return Binary(op, left, right, INT, span)


def _refuse_records(op: str, left: Expr, right: Expr, span: Span) -> None:
    if isinstance(left.type, Record) or isinstance(right.type, Record):
        message = f"'{op}' cannot compare {left.type} and {right.type}"
        raise CheckError(span, message, "compare members, or use __builtin_memcmp()")


def _as_wide(expr: Expr) -> Expr:
    if not is_integer(expr.type):
        raise CheckError(expr.span, f"an integer is needed here, not {expr.type}")
    return convert(expr, U128) if is_wide(expr.type) else convert(promoted(expr), U128)


def _as_pointers(t: Typer, op: str, left: Expr, right: Expr, span: Span) -> tuple[Expr, Expr]:
    """Both of one pointer type, that of the one which is not just null."""
    one, other = left.type, right.type
    if not (is_scalar(one) and is_scalar(other)):
        raise CheckError(span, f"'{op}' cannot compare {one} and {other}")
    if _is_string(left) or _is_string(right):
        hint = "__builtin_memcmp() compares so many bytes"
        raise CheckError(span, f"'{op}' compares addresses, not the text of strings", hint)
    if not (is_null(left) or is_null(right)):
        if not (isinstance(one, Pointer) and isinstance(other, Pointer)):
            message = f"'{op}' compares a pointer and an integer ({one}, {other})"
            t.warning(span, message, "cast one of them")
        elif not are_compatible(one, other):
            t.warning(span, f"'{op}' compares {one} and {other}", "cast one of them")
    is_left = isinstance(one, Pointer) and not (is_null(left) and isinstance(other, Pointer))
    type_ = one if is_left else other
    return convert(left, type_), convert(right, type_)


def _is_string(expr: Expr) -> bool:
    return isinstance(expr, AddressOf) and isinstance(expr.place, StringPlace)


def added(op: str, left: Expr, right: Expr, span: Span) -> Expr:
    """`left + right` or `left - right`, of integers or pointers."""
    one, other = left.type, right.type
    if isinstance(one, Pointer) and isinstance(other, Pointer) and op == "-":
        return _difference(left, right, span)
    if isinstance(other, Pointer) and op == "+":
        left, right = right, left
    pointer = left.type
    if isinstance(pointer, Pointer):
        if not is_integer(right.type):
            raise CheckError(span, f"'{op}' cannot combine {one} and {other}")
        _element_size(pointer, span)
        return PointerAdd(left, index_value(right), op == "-", pointer, span)
    left, right, type_ = usual(left, right)
    return Binary(op, left, right, type_, span)


def _difference(left: Expr, right: Expr, span: Span) -> Expr:
    one, other = left.type, right.type
    if isinstance(one, Pointer) and isinstance(other, Pointer):
        if not same_type(one.target, other.target):
            raise CheckError(span, f"'-' of {one} and {other}, which point to different types")
        if not _element_size(one, span):
            raise CheckError(span, f"{one.target} has no size to count in")
    return PointerDifference(left, right, LONG, span)


def _element_size(pointer: Pointer, span: Span) -> int:
    target = pointer.target
    if isinstance(target, Record) and not target.is_complete:
        raise CheckError(span, f"the size of {target} is not known here")
    return target.size


def unary(t: Typer, node: c_ast.UnaryOp) -> Checked:
    """`-x`, `!x`, `*p`, `&x`, `++x`, `sizeof x` and the like."""
    span = span_of(node)
    match node.op:
        case "sizeof" | "_Alignof":
            return _measured(t, node, span)
        case "&":
            return _address(t, node.expr, span)
        case "*":
            return dereference(t.value(node.expr), span)
        case "!":
            return Unary("!", condition(t.value(node.expr)), INT, span)
        case "++" | "--" | "p++" | "p--":
            return _step(t, node, span)
    return _signed(node.op, promoted(t.value(node.expr)), span)


def _measured(t: Typer, node: c_ast.UnaryOp, span: Span) -> Expr:
    """`sizeof` and `_Alignof`, of a type or of an expression, which is not evaluated."""
    type_ = t.type_of(node.expr)
    if isinstance(type_, Record) and not type_.is_complete:
        raise CheckError(span, f"the size of {type_} is not known here")
    if isinstance(type_, Table):
        raise CheckError(span, "a table has no size")
    if isinstance(type_, Array) and type_.count is None:
        raise CheckError(span, f"{type_} has no size")
    if node.op == "_Alignof":
        return Constant(type_.alignment, UNSIGNED_LONG, span)
    return open_size(t, node.expr, type_, span) or Constant(type_.size, UNSIGNED_LONG, span)


def _signed(op: str, operand: Expr, span: Span) -> Expr:
    if op == "+":
        return operand
    return Unary(op, operand, operand.type, span)


def _address(t: Typer, node: c_ast.Node, span: Span) -> Expr:
    table = t.table(node)
    if table is not None:
        return TableAddress(table, Pointer(Table(table.kind, table.key, table.leaf)), span)
    return address_of(t.place(node, "'&'"), span)


def _step(t: Typer, node: c_ast.UnaryOp, span: Span) -> Expr:
    what = f"'{node.op[-2:]}'"
    place = _writable(t.place(node.expr, what), what, span)
    if isinstance(place.type, Pointer):
        _element_size(place.type, span)
    else:
        integer(loaded(place))
    return Step(place, node.op[-1] == "-", node.op[0] != "p", place.type, span)


def _writable(place: Place, what: str, span: Span) -> Place:
    if isinstance(place.type, Array):
        hint = "copy it with __builtin_memcpy(), or write its elements"
        raise CheckError(span, f"{what} cannot write a whole array", hint)
    return place


def assignment(t: Typer, node: c_ast.Assignment) -> Checked:
    """`place = value` and `place op= value`."""
    span = span_of(node)
    place = _writable(t.place(node.lvalue, f"'{node.op}'"), f"'{node.op}'", span)
    value = t.value(node.rvalue)
    if node.op == "=":
        value = t.assigned(value, place.type, _name(place))
        return Assign(place, value, place.type, span)
    return _compound(node.op[:-1], place, value, span)


def _name(place: Place) -> str:
    if isinstance(place, VariablePlace):
        return f"'{place.variable.name}'"
    if isinstance(place, MemberPlace):
        return f"'{place.member.name}'"
    return "what is assigned to"


def _compound(op: str, place: Place, value: Expr, span: Span) -> Expr:
    if isinstance(place.type, Pointer):
        if op not in ("+", "-") or not is_integer(value.type):
            raise CheckError(span, f"'{op}=' cannot combine {place.type} and {value.type}")
        _element_size(place.type, span)
        return CompoundAssign(op, place, index_value(value), place.type, place.type, span)
    computed = integer_type(integer(promoted(loaded(place))))
    value = promoted(value)
    if op not in ("<<", ">>"):
        computed = usual_type(computed, promoted_type(integer(value)))
        value = convert(value, computed)
    return CompoundAssign(op, place, value, computed, place.type, span)


def conditional(t: Typer, node: c_ast.TernaryOp) -> Checked:
    """`a ? b : c`, `a ?: c`."""
    span = span_of(node)
    asked, other = t.value(node.cond), t.value(node.iffalse)
    then = asked if node.iftrue is None else t.value(node.iftrue)
    type_ = _common_type(t, then, other, span)
    other, then = convert(other, type_), convert(then, type_)
    if node.iftrue is None:
        return Conditional(condition(then), None, other, type_, span)
    return Conditional(condition(asked), then, other, type_, span)


def _common_type(t: Typer, left: Expr, right: Expr, span: Span) -> CType:
    one, other = left.type, right.type
    if isinstance(one, Void) or isinstance(other, Void):
        return VOID
    if isinstance(one, Pointer) or isinstance(other, Pointer):
        return _common_pointer(t, left, right, span)
    if same_type(one, other) and not (is_integer(one) and is_scalar(one)):
        return one
    if is_integer(one) and is_integer(other):
        if is_wide(one) or is_wide(other):
            return one if is_wide(one) else other
        return usual(left, right)[2]
    raise CheckError(span, f"'? :' cannot choose between {one} and {other}")


def _common_pointer(t: Typer, left: Expr, right: Expr, span: Span) -> CType:
    one, other = left.type, right.type
    if is_null(right) and isinstance(one, Pointer):
        return one
    if is_null(left) and isinstance(other, Pointer):
        return other
    if not (isinstance(one, Pointer) and isinstance(other, Pointer)):
        if not is_scalar(one) or not is_scalar(other):
            raise CheckError(span, f"'? :' cannot choose between {one} and {other}")
        t.warning(span, f"'? :' of a pointer and an integer ({one}, {other})", "cast one of them")
        return one if isinstance(one, Pointer) else other
    if same_type(one, other):
        return one
    if isinstance(one.target, (Void, Function)) or isinstance(other.target, (Void, Function)):
        return Pointer(VOID, one.is_user or other.is_user)
    if not are_compatible(one, other):
        t.warning(span, f"'? :' of {one} and {other}", "cast one of them")
    return Pointer(VOID, one.is_user or other.is_user)


def comma(t: Typer, node: c_ast.ExprList) -> Checked:
    """`a, b, c`: the value of the last."""
    made, span = t.value(node.exprs[0]), span_of(node)
    for one in node.exprs[1:]:
        value = t.value(one)
        made = Comma(made, value, value.type, span)
    return made
