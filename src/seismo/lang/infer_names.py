"""Bare words and literals: built-in variables, enumerators, C macros, `args`, `probe`, `config`."""

from __future__ import annotations

from seismo.base.diagnostics import did_you_mean
from seismo.base.errors import SourceError
from seismo.base.source import Span
from seismo.lang.ast import (
    Boolean,
    Call,
    Expr,
    Name,
    Number,
    Parameter,
    RecordExpr,
    String,
    TypeArgument,
    Variable,
)
from seismo.lang.calls import call_signature
from seismo.lang.config import config_record
from seismo.lang.expand import PLACE_NAMES
from seismo.lang.join import smallest_integer
from seismo.lang.literals import string_bytes
from seismo.lang.macro_text import parse_macro_text
from seismo.lang.signature import Signature
from seismo.lang.typed import Constant, Place
from seismo.lang.typer import Typer
from seismo.lang.types import BOOL, PointerType, StringType, Type

__all__ = (
    "boolean",
    "known_record",
    "name",
    "number",
    "parameter",
    "place_name",
    "string",
    "type_argument",
    "variable",
)


_MOST_NESTED = 12  # Macros in macros, each of which may be used many times in the next.
_SHORT = 3  # Among the names of a kernel, something is near to every short one.


def number(t: Typer, node: Number) -> Type:
    """The smallest type that holds it; without a `u` its sign is still open."""
    t.constants[node] = node.value
    if not node.unsigned:
        t.literals[node] = node.value
    return smallest_integer(node.value, unsigned=node.unsigned)


def boolean(t: Typer, node: Boolean) -> Type:
    """`true` or `false`."""
    t.constants[node] = node.value
    return BOOL


def string(t: Typer, node: String) -> Type:
    """As long as its bytes and a NUL."""
    t.constants[node] = node.value
    return StringType(len(string_bytes(node.value)) + 1)


def parameter(t: Typer, node: Parameter) -> Type:
    """The text of `$1`."""
    t.constants[node] = node.text
    return StringType(len(string_bytes(node.text)) + 1)


def type_argument(t: Typer, node: TypeArgument) -> None:
    """A type where a value should stand."""
    hint = "sizeof(type) and (type)value are values"
    t.error(node.span, f"{node.span.text} is a type, not a value", hint)


def variable(t: Typer, node: Variable) -> Type | None:
    """The type of everything that is written to it."""
    slot = t.local(node)
    if slot is None:
        return None
    type_ = t.read(slot)
    if type_ is None:
        t.doubt(node.span, f"nothing tells the type of {node.name}", "set it to a value first")
    return type_


def name(t: Typer, node: Name) -> Type | None:
    """A built-in variable first, then what C knows by the name."""
    word = node.name
    if word in PLACE_NAMES:
        return place_name(t, node)
    if word == "config":
        return known_record(t, node, config_record(t.config))
    signature = t.env.signatures.get(word)
    if signature is not None:
        if _is_plain(signature):
            return signature.returns
        if signature.is_variable:
            return call_signature(t, Call(word, (), node.span, node.span), signature, node)
        t.error(node.span, f"{word} is a function", f"write {word}(…)")
        return None
    if word in t.env.functions:
        t.error(node.span, f"{word} is a function of the script", f"write {word}(…)")
        return None
    return _from_c(t, node)


def _is_plain(signature: Signature) -> bool:
    """Whether it is a variable that means the same wherever it stands."""
    return signature.is_variable and not (
        signature.check
        or signature.evaluate
        or signature.is_unsafe
        or signature.needs_context
        or signature.probe_kinds
    )


def known_record(t: Typer, node: Expr, fields: tuple[tuple[str, Constant], ...]) -> Type | None:
    """A record whose values are known: an expression of them stands for the node."""
    values = tuple([_literal(value, node.span) for _, value in fields])
    made = RecordExpr(tuple([name for name, _ in fields]), values, node.span)
    t.expansions[node] = made
    return t.expr(made)


def _literal(value: Constant, span: Span) -> Expr:
    if isinstance(value, bool):
        return Boolean(value, span)
    return Number(value, span) if isinstance(value, int) else String(value, span)


def place_name(t: Typer, node: Name | Call) -> Type | None:
    """`args`, `ctx` and `probe`, which differ from attach point to attach point."""
    place = t.body.place
    if place is None:
        hint = f"hand it to the function as a parameter: {t.body.node.span.text.split('(')[0]}($x)"
        t.error(node.span, f"a function has no {node.name}: it belongs to a probe", hint)
        return None
    if node.name == "probe":
        return _probe(t, node, place)
    if node.name == "args" and place.args is None:
        if place.kind.arguments is None:
            message = f"there are no args in a probe of kind {place.kind.name}"
            t.error(node.span, message, _no_args(place))
        return None  # what is wrong with them was told at the attach point
    if t.callbacks:
        hint = "set a variable before the loop: $x = args.x"
        t.error(node.span, f"{node.name} cannot be used in the body of a for loop", hint)
        return None
    return place.context if node.name == "ctx" else PointerType(place.args, "ctx")


def _probe(t: Typer, node: Name | Call, place: Place) -> Type:
    """A constant, where the program serves one attach point."""
    if len(place.names) == 1:
        t.constants[node] = place.names[0]
    return StringType(max([len(string_bytes(name)) for name in place.names]) + 1)


def _no_args(place: Place) -> str:
    if place.kind.name in ("kprobe", "usdt"):
        return "its arguments are arg0, arg1, …"
    return "args are what tracepoints and functions are handed"


def _from_c(t: Typer, node: Name) -> Type | None:
    """An enumerator or a macro of the script's C part or the kernel."""
    try:
        text = t.table.macro(node.name)
    except KeyError:
        pass
    else:
        return _macro(t, node, text)
    try:
        value, type_ = t.table.enumerator(node.name)
    except KeyError:
        _unknown(t, node)
        return None
    t.constants[node] = value
    return type_


def _macro(t: Typer, node: Name, text: str) -> Type | None:
    """Known by its value where that is constant; else its expression stands for it."""
    parsed = t.env.macros.get(node.name)
    if parsed is None:
        try:
            parsed = parse_macro_text(node.name, text)
        except SourceError as error:
            hint = f"it is: {text}" if text else f"write #define {node.name} value"
            t.error(node.span, f"the macro {node.name} is no expression: {error.message}", hint)
            return None
        t.env.macros[node.name] = parsed
    if node.name in t.open_macros:
        used_at = next(iter(t.open_macros.values()))
        t.error(used_at, f"the macro {node.name} is defined by itself", f"it is: {text}")
        return None
    if parsed in t.constants:
        t.stands_for(node, parsed)
        return t.types[parsed]
    if len(t.open_macros) >= _MOST_NESTED:
        used_at = next(iter(t.open_macros.values()))
        t.error(used_at, "these macros are nested too deeply", "write out some of them")
        return None
    t.open_macros[node.name] = node.span
    type_ = t.expr(parsed)
    del t.open_macros[node.name]
    if type_ is not None:
        t.stands_for(node, parsed)
    return type_


def _unknown(t: Typer, node: Name) -> None:
    known = [*t.env.signatures, *t.env.functions, *PLACE_NAMES]
    if len(node.name) > _SHORT:
        known += t.table.near(node.name)
    hint = did_you_mean(node.name, known) or f"a variable is ${node.name}, a map @{node.name}"
    t.error(node.span, f"unknown name '{node.name}'", hint)
