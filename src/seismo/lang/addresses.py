"""Whose memory a number is an address in: that of the pointer that it was made of.

$m = (struct mount *)((uint64)$p - offsetof(struct mount, mnt))     points where $p did
"""

from __future__ import annotations

from seismo.lang.ast import Binary, BlockExpr, Call, Cast, Expr, MapAccess, Ternary, Variable
from seismo.lang.typer import Typer
from seismo.lang.types import PointerType

__all__ = ("address_space",)

_OF_THE_KERNEL = ("kaddr",)


def address_space(t: Typer, expr: Expr) -> str:
    """`user` or `kernel`; '' for a number that comes from no pointer."""
    type_ = t.types.get(expr)
    if isinstance(type_, PointerType):
        return type_.space if type_.space in ("user", "kernel") else ""
    match expr:
        case Cast():
            return address_space(t, expr.operand)
        case Binary(op="+" | "-"):
            return address_space(t, expr.left) or address_space(t, expr.right)
        case Ternary() if expr.then is not None:
            return address_space(t, expr.then) or address_space(t, expr.other)
        case BlockExpr() if expr.value is not None:
            return address_space(t, expr.value)
        case Variable():
            slot = t.local(expr)
            return slot.space if slot is not None else ""
        case MapAccess():
            return t.env.maps.of(expr).value.space
        case Call():
            return "kernel" if expr.name in _OF_THE_KERNEL else ""
        case _:
            return ""
