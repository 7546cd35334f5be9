"""What the type checker knows and lowering does not yet: refused, with its place in the script."""

from __future__ import annotations

from seismo.base.diagnostics import Diagnostics
from seismo.lang.ast import Binary, Expr, Field, Index, Unary
from seismo.lang.typed import TypedProbe, TypedScript
from seismo.lang.types import TupleType

__all__ = ("check_limits",)


def check_limits(typed: TypedScript, diagnostics: Diagnostics) -> None:
    """Report every expression that cannot be compiled yet, once."""
    reported: set[Expr] = set()
    for probe in typed.probes:
        for node in probe.types:
            if (what := _limit(probe, node)) and node not in reported:
                reported.add(node)
                diagnostics.error(node.span, f"{what} is not supported yet")


def _limit(probe: TypedProbe, node: Expr) -> str:
    """What the node is, if it is over the limits."""
    match node:
        case Index():
            return "taking an element with []"
        case Unary(op="*"):
            return "reading through a pointer"
        case Field() if isinstance(probe.types.get(node.base), TupleType):
            return "taking an element of a tuple"
        case Binary() if isinstance(probe.types.get(node.left), TupleType):
            return "comparing tuples"
        case _:
            return ""
