"""Loops: `for` over ranges and maps, `while`, `unroll`."""

from __future__ import annotations

from seismo.base.source import Span
from seismo.lang.ast import Expr, ForMap, ForRange, Unroll, Variable, While
from seismo.lang.infer_maps import held_type
from seismo.lang.join import is_integer
from seismo.lang.slot import Literal
from seismo.lang.typer import Typer
from seismo.lang.types import INT64, UINT64, TupleType, Type
from seismo.lang.writes import written_type

__all__ = ("for_map", "for_range", "unroll", "while_")

_MOST_UNROLLED = 100


def for_range(t: Typer, node: ForRange) -> None:
    """`for $i : first..end`: 64 bits, without a sign if a bound needs all of them."""
    types = [_bound(t, one) for one in (node.first, node.end)]
    _body(t, node, UINT64 if UINT64 in types else INT64, None)


def _bound(t: Typer, node: Expr) -> Type | None:
    type_ = t.value(node)
    if type_ is not None and not is_integer(type_):
        hint = "write for $i : 0..10 { … }"
        t.error(node.span, f"a range goes from number to number, this is {type_}", hint)
    return None if t.literal(node) is not None else type_


def for_map(t: Typer, node: ForMap) -> None:
    """`for $kv : @map`: a tuple of the key, itself a tuple where there are several, and value."""
    facts = t.env.maps.of(node.map)
    if node.map.keys:
        hint = f"write {facts.name}"
        t.error(node.map.span, "a loop goes over a whole map, not over an entry", hint)
        return
    held = held_type(t, facts, node.map.span)
    if held is not None:
        t.types[node.map] = held
    value = None if held is None else t.as_value(node.map, held)
    if facts.keyed_at is not None and not facts.keys:
        hint = f"its only value is {facts.name}"
        message = f"{facts.name} has no keys (see {facts.keyed_at.location}) to go over"
        t.error(node.map.span, message, hint)
        return
    types = [t.read(slot) for slot in facts.keys]
    keys = tuple([one for one in types if one is not None])
    if value is None or not keys or len(keys) != len(types):
        _body(t, node, None, None)
        return
    literals = tuple([slot.literal for slot in facts.keys])
    if len(keys) == 1:
        pair, literal = TupleType((keys[0], value)), (literals[0], facts.value.literal)
    else:
        pair = TupleType((TupleType(keys), value))
        inner = literals if any(one is not None for one in literals) else None
        literal = (inner, facts.value.literal)
    is_open = any(one is not None for one in literal)
    _body(t, node, pair, literal if is_open else None)


def _body(t: Typer, node: ForMap | ForRange, type_: Type | None, literal: Literal) -> None:
    """The kernel runs the body as a function of its own."""
    _introduce(t, node.variable, type_, literal)
    t.callbacks += 1
    t.block(node.body.statements)
    t.callbacks -= 1


def _introduce(t: Typer, node: Variable, type_: Type | None, literal: Literal) -> None:
    slot = t.local(node)
    if slot is None:
        return
    if type_ is not None and not slot.write(type_, literal):
        hint = "give the loop's variable a name of its own"
        t.error(node.span, f"{node.name} is {slot.type}, but {type_} here", hint)
    written_type(t, node, slot)


def while_(t: Typer, node: While) -> None:
    """`while (condition)`: a loop in the program itself."""
    t.condition(node.condition)
    word = Span(node.span.source, node.span.start, node.span.start + len("while"))
    t.warning(word, "while loops are deprecated", "write for $i : 0..n { … break; … }")
    t.block(node.body.statements)


def unroll(t: Typer, node: Unroll) -> None:
    """`unroll(count)`: the body as many times."""
    type_ = t.value(node.count)
    count = t.constants.get(node.count)
    if type_ is not None and type(count) is not int:
        hint = "to repeat by what is known only at run time, write for $i : 0..n { … }"
        t.error(node.count.span, "the count of unroll must be a literal number", hint)
    elif type(count) is int and not 1 <= count <= _MOST_UNROLLED:
        hint = "for more, write for $i : 0..n { … }"
        t.error(node.count.span, f"unroll repeats 1 to {_MOST_UNROLLED} times", hint)
    t.block(node.body.statements)
