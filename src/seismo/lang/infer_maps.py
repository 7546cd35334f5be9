"""Maps: their entries, their keys, and what is put into them."""

from __future__ import annotations

from seismo.base.diagnostics import did_you_mean
from seismo.base.source import Span
from seismo.lang.ast import Expr, MapAccess
from seismo.lang.join import has_sign_clash
from seismo.lang.slot import Literal, Slot
from seismo.lang.symbols import MapFacts
from seismo.lang.typer import Typer
from seismo.lang.types import BufferType, TupleType, Type

__all__ = ("check_keys", "entry", "held_type", "whole_map")


def entry(t: Typer, node: MapAccess) -> Type | None:
    """The type of `@m[keys]` where it is read."""
    facts = t.env.maps.of(node)
    check_keys(t, facts, node.keys, node.span)
    return held_type(t, facts, node.span)


def whole_map(t: Typer, node: MapAccess) -> Type | None:
    """The type of what the map holds, for a call that takes the map itself or one entry."""
    facts = t.env.maps.of(node)
    if node.keys:
        check_keys(t, facts, node.keys, node.span)
    type_ = held_type(t, facts, node.span)
    if type_ is not None:
        t.types[node] = type_
    return type_


def held_type(t: Typer, facts: MapFacts, span: Span) -> Type | None:
    """The type of a map's values, where something is put into the map at all."""
    type_ = t.read(facts.value)
    if facts.written_at is None:
        near = did_you_mean(facts.name, t.env.maps.written())
        t.error(span, f"undefined map: {facts.name}", near or _why_undefined(t, facts.name))
    elif type_ is None:
        t.doubt(span, f"nothing tells the type of {facts.name}", "set it to a value first")
    return type_


def _why_undefined(t: Typer, name: str) -> str:
    if name not in t.env.left_out:
        return "nothing is ever put into it"
    where = t.env.left_out[name]
    return f"the probe at {where}, which is not there, has it: missing_probes = warn tells why"


def check_keys(t: Typer, facts: MapFacts, keys: tuple[Expr, ...], span: Span) -> list[Type | None]:
    """Widen the map's keys for these; the types of the expressions."""
    given = [t.value(key) for key in keys]
    parts = _parts(t, keys, given)
    if parts is None:
        return given
    if facts.keyed_at is None:
        facts.set_keys(len(parts), span)
    if len(parts) != len(facts.keys):
        here, there = _key_count(len(parts)), _key_count(len(facts.keys))
        where = facts.keyed_at.location if facts.keyed_at else ""
        hint = f"one entry is {facts.name}[…]" if not parts else "use another map"
        t.error(span, f"{facts.name} has {here} here, but {there} at {where}", hint)
        return given
    for index, (slot, (type_, literal)) in enumerate(zip(facts.keys, parts, strict=True)):
        if type_ is not None:
            key = keys[index] if len(keys) == len(parts) else keys[0]
            _widen_key(t, facts, slot, key.span, type_, literal)
    return given


def _widen_key(
    t: Typer, facts: MapFacts, slot: Slot, span: Span, type_: Type, literal: Literal
) -> None:
    if isinstance(type_, BufferType) and type_.shown == "words":
        hint = "print it, or keep it as a value; comm or a path tells programs apart"
        t.error(span, f"a list of words is no key, and {span.text} is one", hint)
        return
    before = slot.type
    is_fixed = slot.literal is None and literal is None
    is_odd = before is not None and is_fixed and has_sign_clash(before, type_)
    if slot.write(type_, literal) and not is_odd:
        return
    where = facts.keyed_at.location if facts.keyed_at else ""
    message = f"this key of {facts.name} is {before} at {where}, but {type_} here"
    if is_odd:
        t.warning(span, f"{message}: the signs differ", f"cast it: ({before})…")
    else:
        t.error(span, message, "all keys of a map have the same types")


def _parts(
    t: Typer, keys: tuple[Expr, ...], given: list[Type | None]
) -> list[tuple[Type | None, Literal]] | None:
    """The elements of a key and their literals; a tuple alone is all elements. None when it is not
    known how many there are."""
    if len(keys) != 1:
        return [(type_, t.literal(key)) for key, type_ in zip(keys, given, strict=True)]
    type_, literal = given[0], t.literal(keys[0])
    if type_ is None:
        return None
    if not isinstance(type_, TupleType) or not type_.elements:
        return [(type_, literal)]
    literals = literal if isinstance(literal, tuple) else (None,) * len(type_.elements)
    return list(zip(type_.elements, literals, strict=True))


def _key_count(count: int) -> str:
    return {0: "no key", 1: "1 key"}.get(count, f"{count} keys")
