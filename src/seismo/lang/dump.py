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

from seismo.lang.ast import Expr, Variable
from seismo.lang.print import format_statements
from seismo.lang.typed import MapSymbol, TypedProbe, TypedScript

__all__ = ("format_typed",)


def format_typed(typed: TypedScript) -> str:
    """Every map, every program, every expression with its type."""
    lines = [_map_line(symbol) for symbol in typed.maps.values()]
    for probe in typed.probes:
        lines += _program_lines(probe)
    return "\n".join(lines)


def _map_line(symbol: MapSymbol) -> str:
    keys = f"[{', '.join(str(key) for key in symbol.keys)}]" if symbol.keys else ""
    return f"map {symbol.name}{keys}: {symbol.value}"


def _program_lines(probe: TypedProbe) -> list[str]:
    lines = [f"program {', '.join(str(point) for point in probe.points)}"]
    lines += [f"  local {name}: {type_}" for name, type_ in probe.local_types.items()]

    def note(expr: Expr) -> str:
        storage = probe.locals.get(expr, "") if isinstance(expr, Variable) else ""
        renamed = f" ({storage})" if isinstance(expr, Variable) and storage != expr.name else ""
        return f"{renamed}: {probe.types[expr]}" if expr in probe.types else renamed

    return lines + format_statements(probe.probe, note)
