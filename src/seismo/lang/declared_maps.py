"""`let @name = kind(entries);`: what is declared of maps, and what their uses make of it."""

from __future__ import annotations

from collections.abc import Sequence

from seismo.base.bits import U32_MAX
from seismo.base.diagnostics import Diagnostics, did_you_mean
from seismo.lang.ast import MapDeclaration, Number
from seismo.lang.environment import Environment
from seismo.lang.symbols import DeclaredMap
from seismo.lang.types import AggregateType

__all__ = ("check_declared", "declare_maps")

_PER_CPU = {"hash": "percpuhash", "lruhash": "percpulruhash"}
_SHARED = {per_cpu: kind for kind, per_cpu in _PER_CPU.items()}
_KINDS = (*_PER_CPU, *_SHARED)


def declare_maps(
    env: Environment, nodes: Sequence[MapDeclaration], diagnostics: Diagnostics
) -> None:
    """Keep the declarations; those that are wrong are told."""
    declared = env.maps.declared
    for node in nodes:
        entries = node.entries.value if isinstance(node.entries, Number) else 0
        if node.name in declared:
            where = declared[node.name].span.location
            message = f"{node.name} is declared at {where} already"
            diagnostics.error(node.span, message, "leave out one of both")
        elif node.kind not in _KINDS:
            kinds = ", ".join(_KINDS)
            hint = did_you_mean(node.kind, _KINDS) or f"kinds are: {kinds}"
            diagnostics.error(node.span, f"there is no map of kind '{node.kind}'", hint)
        elif not 1 <= entries <= U32_MAX:
            message = f"a map has 1 to {U32_MAX} entries"
            diagnostics.error(node.entries.span, message, f"write {node.kind}(1024)")
        else:
            declared[node.name] = DeclaredMap(node.kind, entries, node.span)


def check_declared(env: Environment, diagnostics: Diagnostics) -> None:
    """An aggregation has a value for each CPU, and so needs such a map; other values need one that
    all CPUs share."""
    used = {one.name: one for one in env.maps.used()}
    for name, declared in env.maps.declared.items():
        facts = used.get(name)
        if facts is None:
            diagnostics.warning(declared.span, f"{name} is never used", "leave it out")
            continue
        value, kind = facts.value.type, declared.kind
        if isinstance(value, AggregateType) and kind in _PER_CPU:
            message = f"{name} holds {value}, a value for each CPU: a {kind} has one for all"
            diagnostics.error(declared.span, message, f"declare it as {_PER_CPU[kind]}")
        elif value is not None and not isinstance(value, AggregateType) and kind in _SHARED:
            message = f"{name} holds {value}, one value for all CPUs: a {kind} has one for each"
            diagnostics.error(declared.span, message, f"declare it as {_SHARED[kind]}")
