"""Operators: unary and binary ones, `? :`, `++`, and blocks as values."""

from __future__ import annotations

from collections.abc import Callable

from seismo.lang.addresses import address_space
from seismo.lang.ast import (
    Binary,
    BlockExpr,
    Cast,
    Comptime,
    Expr,
    Increment,
    MapAccess,
    Number,
    Parameter,
    RecordExpr,
    Ternary,
    TupleExpr,
    TypeExpr,
    Unary,
)
from seismo.lang.constants import FoldError, as_type, fold_binary, fold_unary, is_true
from seismo.lang.join import (
    binary_type,
    has_sign_clash,
    has_space_clash,
    is_condition,
    is_integer,
    smallest_integer,
)
from seismo.lang.literals import string_bytes
from seismo.lang.sizes import record_of
from seismo.lang.slot import Slot
from seismo.lang.type_names import in_space
from seismo.lang.typed import Constant
from seismo.lang.typer import Typer
from seismo.lang.types import (
    BOOL,
    INT64,
    UINT64,
    VOID,
    BoolType,
    IntType,
    PointerType,
    RecordType,
    StringType,
    TupleType,
    Type,
)
from seismo.lang.writes import slot_of, step, written_type

__all__ = (
    "binary",
    "block_value",
    "comptime",
    "decide",
    "increment",
    "record",
    "ternary",
    "tuple_",
    "unary",
)

_SIGN_MATTERS = ("<", ">", "<=", ">=", "/", "%")


def binary(t: Typer, node: Binary) -> Type | None:
    """`left op right`; folded where both are known."""
    left, right = t.value(node.left), t.value(node.right)
    if left is None or right is None:
        # So that `@n = @n + 1` tells the type of @n.
        known = left or right or BOOL
        return binary_type(node.op, known, known)
    if isinstance(node.left, Parameter) and node.op == "+":
        return _rest_of_parameter(t, node, node.left)
    left = _fit(t, node.left, left, right)
    right = _fit(t, node.right, right, left)
    type_ = binary_type(node.op, left, right)
    if type_ is None:
        _report_operands(t, node, left, right)
        return None
    if node.left in t.constants and node.right in t.constants:
        return _fold_binary(t, node, type_)
    if isinstance(left, RecordType) and isinstance(right, RecordType):
        _fold_records(t, node)
    is_odd = node.op in _SIGN_MATTERS and has_sign_clash(left, right)
    if is_odd and not (_is_positive(t, node.left, left) or _is_positive(t, node.right, right)):
        message = f"the signs differ: {left} {node.op} {right} is computed as uint64"
        t.warning(node.span, message, "cast one side: (int64)… or (uint64)…")
    return type_


def _rest_of_parameter(t: Typer, node: Binary, text: Parameter) -> Type | None:
    """`str($1 + k)`: the text from its byte k on."""
    skipped = t.constants.get(node.right)
    if not isinstance(skipped, int) or skipped < 0:
        t.error(node.right.span, "this must be known when the script is compiled", "write $1 + 2")
        return None
    rest = string_bytes(text.text)[skipped:]
    t.constants[node] = rest.decode("utf-8", "surrogateescape")
    return StringType(len(rest) + 1)


def _fit(t: Typer, node: Expr, type_: Type, other: Type) -> Type:
    """A literal beside an unsigned integer is unsigned, too."""
    if isinstance(other, IntType) and not other.signed:
        literal = t.literals.get(node)
        if literal is not None and literal >= 0:
            type_ = t.types[node] = smallest_integer(literal, unsigned=True)
    return type_


def _is_positive(t: Typer, node: Expr, type_: Type) -> bool:
    """Whether it is a signed constant that has the same value without a sign."""
    value = t.constants.get(node, -1)
    return isinstance(type_, IntType) and type_.signed and isinstance(value, int) and value >= 0


def _report_operands(t: Typer, node: Binary, left: Type, right: Type) -> None:
    kinds = {type(left), type(right)}
    if kinds == {StringType, PointerType}:
        hint = "str() reads the string at a pointer"
    elif node.op in ("==", "!="):
        hint = "both sides must be of one kind: numbers, strings, tuples or arrays"
    elif kinds == {StringType} and node.op not in ("&&", "||"):
        hint = "strings are compared with == and !="
    else:
        hint = "both sides must be numbers"
    t.error(node.span, f"'{node.op}' cannot combine {left} and {right}", hint)


def _fold_binary(t: Typer, node: Binary, type_: Type) -> Type:
    left, right = t.constants[node.left], t.constants[node.right]
    return _fold(
        t,
        node,
        type_,
        lambda: fold_binary(node.op, left, right),
        is_literal=node.left in t.literals and node.right in t.literals,
    )


def _fold_records(t: Typer, node: Binary) -> None:
    """`typeinfo(a) == typeinfo(b)`: records of which everything is known."""
    known: list[dict[str, Constant]] = []
    for side in (node.left, node.right):
        made = t.expansions.get(side, side)
        if not isinstance(made, RecordExpr) or any(one not in t.constants for one in made.values):
            return
        values = [t.constants[one] for one in made.values]
        known.append(dict(zip(made.names, values, strict=True)))
    t.constants[node] = (known[0] == known[1]) == (node.op == "==")


def _fold(
    t: Typer, node: Expr, type_: Type, fold: Callable[[], Constant], *, is_literal: bool
) -> Type:
    """Note what an operation on constants gives; one on literals is a literal itself."""
    if not isinstance(type_, (IntType, BoolType)):
        return type_
    try:
        value = fold()
    except KeyError:
        return type_
    except FoldError as error:
        t.error(node.span, error.message, error.hint)
        return type_
    if is_literal and isinstance(type_, IntType) and isinstance(value, int):
        type_ = smallest_integer(value, unsigned=value >= 1 << 63)
        if value < 1 << 63:
            t.literals[node] = value
    t.constants[node] = as_type(value, type_)
    return type_


def unary(t: Typer, node: Unary) -> Type | None:
    """`- ! ~ * &`."""
    if node.op == "&":
        return _address(t, node)
    operand = t.value(node.operand) if node.op != "*" else t.expr(node.operand)
    if operand is None:
        return None
    match node.op:
        case "!" if is_condition(operand):
            type_: Type = BOOL
        case "-" if is_integer(operand):
            type_ = INT64
        case "~" if is_integer(operand):
            type_ = IntType(64, not isinstance(operand, IntType) or operand.signed)
        case "*":
            return _pointed_at(t, node, operand)
        case _:
            hint = "it takes a number"
            t.error(node.span, f"'{node.op}' does not apply to {operand}", hint)
            return None
    if node.operand not in t.constants:
        return type_
    value, op = t.constants[node.operand], node.op
    # The largest negative integer is written as the negation of a literal that int64 has not.
    is_literal = node.operand in t.literals or (op == "-" and isinstance(node.operand, Number))
    return _fold(t, node, type_, lambda: fold_unary(op, value), is_literal=is_literal)


def _pointed_at(t: Typer, node: Unary, operand: Type) -> Type | None:
    if operand in (UINT64, INT64):
        return _address_of_word(t, node)
    if not isinstance(operand, PointerType):
        hint = f"cast it: *(uint64 *){node.operand.span.text}"
        hint = hint if is_integer(operand) else "only what a pointer points to is read with '*'"
        t.error(node.span, f"'*' does not apply to {operand}", hint)
        return None
    if operand.target is None:
        hint = "cast the pointer: *(uint64 *)…"
        t.error(node.span, "a void * does not tell what it points to", hint)
        return None
    if operand.space == "ctx":
        t.value(node.operand)
        return None
    return in_space(operand.target, operand.space)


def _address_of_word(t: Typer, node: Unary) -> Type:
    """`*kaddr("jiffies")`: a number that is read through is the address of a uint64."""
    pointer = Cast(TypeExpr("uint64", ("*",), node.span), node.operand, node.operand.span)
    made = t.expansions[node] = Unary("*", pointer, node.span)
    space = address_space(t, node.operand) or t.body.space
    t.types[pointer], t.types[made] = PointerType(UINT64, space), UINT64
    return UINT64


def _address(t: Typer, node: Unary) -> Type | None:
    target = node.operand
    if isinstance(target, MapAccess) and t.env.maps.of(target).keys and not target.keys:
        t.types[target] = VOID
        return PointerType(None, "bpf")
    if isinstance(target, MapAccess):
        type_ = t.expr(target)
        if isinstance(type_, IntType):
            type_ = IntType(64, type_.signed)  # as the kernel's map keeps it
        return None if type_ is None else PointerType(type_, "bpf")
    type_ = t.expr(target)
    return None if type_ is None else PointerType(type_, "bpf")


def increment(t: Typer, node: Increment) -> Type | None:
    """`++` and `--`: the target becomes 64 bits wide; `--` may make it negative."""
    slot = slot_of(t, node.target)
    if slot is None:
        return None
    current = slot.type
    if not isinstance(current, PointerType):
        if current is not None and not is_integer(current):
            hint = "use another name to count"
            t.error(node.span, f"'{node.op}' needs a number, not {current}", hint)
            return None
        step(slot, node.op[0])
    return written_type(t, node.target, slot)


def decide(t: Typer, condition: Comptime) -> bool | None:
    """Which way `if comptime` goes; None, and the complaint, where that is not known."""
    if t.expr(condition) is None:
        return None
    return is_true(t.constants[condition]) if condition in t.constants else None


def comptime(t: Typer, node: Comptime) -> Type | None:
    """What must be known now."""
    type_ = t.value(node.operand)
    if type_ is None:
        return None
    if node.operand not in t.constants:
        hint = "literals, sizeof, typeinfo, getopt() and the like are known"
        t.error(node.operand.span, "this is known only when the script runs", hint)
        return type_
    t.stands_for(node, node.operand)
    return type_


def ternary(t: Typer, node: Ternary) -> Type | None:
    """`c ? a : b`, `c ?: b`, and `if` as a value; of `if comptime` one arm is all there is."""
    if isinstance(node.condition, Comptime):
        chosen = decide(t, node.condition)
        if chosen is None:
            return None
        arm = (node.then or node.condition) if chosen else node.other
        type_ = t.expr(arm)
        if type_ is not None:
            # A constant arm, too: the other one has no types, and must not be looked at.
            t.stands_for(node, arm)
            t.expansions[node] = t.expansions.get(arm, arm)
        return type_
    decided = t.condition(node.condition)
    then = node.condition if node.then is None else node.then
    types = [decided if node.then is None else t.expr(then), t.expr(node.other)]
    if types == [VOID, VOID]:
        return VOID
    slot = Slot()
    for arm, type_ in zip((then, node.other), types, strict=True):
        type_ = t.as_value(arm, type_)
        before = slot.type
        if type_ is not None and not slot.write(type_, t.literal(arm)):
            hint = "both must be numbers, or both strings, …"
            t.error(node.span, f"the two values of '?' differ: {before} and {type_}", hint)
            return None
    _warn_of_arms(t, node, types[0] or VOID, types[1] or VOID)
    if node.condition in t.constants:
        arm = then if is_true(t.constants[node.condition]) else node.other
        if arm in t.constants:
            t.constants[node] = t.constants[arm]
    return slot.type


def _warn_of_arms(t: Typer, node: Ternary, then: Type, other: Type) -> None:
    if has_space_clash(then, other):
        hint = "read what each points to before: str(…), *…"
        t.warning(node.span, "one value points to user memory, the other to the kernel's", hint)
    elif has_sign_clash(then, other) and not any(
        arm is not None and t.literal(arm) is not None for arm in (node.then, node.other)
    ):
        message = f"the signs of the two values differ: {then} and {other}"
        t.warning(node.span, message, "cast one of them: (int64)… or (uint64)…")


def block_value(t: Typer, node: BlockExpr) -> Type | None:
    """`{ statements; value }`."""
    t.block(node.statements)
    if node.value is None:
        return VOID
    type_ = t.expr(node.value)
    if not node.statements and node.value in t.constants:
        t.stands_for(node, node.value)
    return type_


def tuple_(t: Typer, node: TupleExpr) -> Type | None:
    """`(a, b)`."""
    types = [t.value(element) for element in node.elements]
    known = tuple([type_ for type_ in types if type_ is not None])
    return TupleType(known) if len(known) == len(types) else None


def record(t: Typer, node: RecordExpr) -> RecordType | None:
    """`(a = 1, b = 2)`."""
    types = [t.value(value) for value in node.values]
    known = tuple([type_ for type_ in types if type_ is not None])
    return record_of(node.names, known) if len(known) == len(types) else None
