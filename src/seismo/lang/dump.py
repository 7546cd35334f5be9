"""The checked script as a listing, for `-d types`: maps, then each program's tree with types.

map @opens[string[16]]: count_t
program tracepoint:syscalls:sys_enter_openat
  local $flags: int32
  block
    assign =
      variable $flags: int32
      field flags: int32
        name args: syscalls:sys_enter_openat *
"""

from __future__ import annotations

from seismo.lang.ast import Boolean, Expr, Number, Probe, String, Variable
from seismo.lang.literals import quote
from seismo.lang.print import format_statements
from seismo.lang.typed import Constant, Facts, MapSymbol, TypedFunction, TypedScript

__all__ = ("format_typed",)


def format_typed(typed: TypedScript) -> str:
    """Every map, function and program, every expression with its type and value, if known."""
    lines = [_map_line(symbol) for symbol in typed.maps.values()]
    for function in typed.functions.values():
        lines += _function_lines(function)
    for probe in typed.probes:
        lines.append(f"program {', '.join(str(point) for point in probe.points)}")
        lines += _body_lines(probe.probe, probe.facts)
    return "\n".join(lines)


def _map_line(symbol: MapSymbol) -> str:
    keys = f"[{', '.join(str(key) for key in symbol.keys)}]" if symbol.keys else ""
    declared = f" in {symbol.kind}({symbol.max_entries})" if symbol.kind else ""
    return f"map {symbol.name}{keys}: {symbol.value}{declared}"


def _function_lines(typed: TypedFunction) -> list[str]:
    node = typed.function
    params = ", ".join(f"{name}: {type_}" for name, type_ in typed.params)
    body = Probe((), None, node.body, node.span)
    return [f"function {node.name}({params}): {typed.returns}", *_body_lines(body, typed.facts)]


def _body_lines(probe: Probe, facts: Facts) -> list[str]:
    def note(expr: Expr) -> str:
        storage = facts.locals.get(expr, "") if isinstance(expr, Variable) else ""
        renamed = f" ({storage})" if isinstance(expr, Variable) and storage != expr.name else ""
        if expr not in facts.types:
            return renamed
        return f"{renamed}: {facts.types[expr]}{_value(expr, facts)}"

    locals_ = [f"  local {name}: {type_}" for name, type_ in facts.local_types.items()]
    return locals_ + format_statements(probe, note)


def _value(expr: Expr, facts: Facts) -> str:
    """What is known of it now; of literals that is written already."""
    if expr not in facts.constants or isinstance(expr, (Number, Boolean, String)):
        return ""
    return f" = {_shown(facts.constants[expr])}"


def _shown(value: Constant) -> str:
    if isinstance(value, str):
        return quote(value)
    return str(value).lower() if isinstance(value, bool) else str(value)
