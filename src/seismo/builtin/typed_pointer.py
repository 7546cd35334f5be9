"""Pointers of types that the kernel's verifier knows, for helpers that take no others.

It knows those in the context of a tracing program, and where plain loads lead from them:
`args.file`, `args.file.f_path`, `ctx.task.mm`. A variable, a cast or an index loses the type.
"""

from __future__ import annotations

from collections.abc import Callable

from seismo.builtin.record import Address, Lowering
from seismo.ir.ops import Kind, Value
from seismo.lang.ast import Call, Expr, Field, Name
from seismo.lang.signature import CallContext
from seismo.lang.types import PointerType
from seismo.probes.backend import Context

__all__ = ("check_typed", "with_typed")

_ROOTS = ("args", "ctx")
_TYPED = (Context.TRAMPOLINE, Context.ITERATOR)


def check_typed(call: Call, expr: Expr, context: CallContext) -> None:
    """Report an argument that is no typed pointer."""
    place = context.place
    if place is None:
        return
    if place.backend.context not in _TYPED:
        message = f"{call.name}() needs types that the kernel does not know of here"
        context.error(call.span, message, place.backend.why)
    elif not _fields(expr):
        hint = "write the way to it out, without variables and casts: args.x.y"
        message = f"{call.name}() takes what args or ctx lead to"
        context.error(expr.span, message, hint)


def with_typed(
    low: Lowering, expr: Expr, use: Callable[[Value], None], otherwise: Callable[[], None]
) -> None:
    """Run `use` with the address that `expr` is, or that it lies at; `otherwise` where the pointer
    in the context is null."""
    b = low.b
    first, *rest = _fields(expr)
    root = b.load(b.context, low.member(first).offset, 8, kind=Kind.PTR)

    def follow() -> None:
        at = Address(root)
        for node in rest:
            at = at.at(low.member(node).offset)
            if isinstance(low.type_of(node), PointerType):
                at = Address(b.load(at.base, at.offset, 8, kind=Kind.PTR))
        use(low.address(at))

    b.when_set(root, follow, otherwise)


def _fields(expr: Expr) -> tuple[Field, ...]:
    """The accesses that lead from the context to `expr`, first to last; none if that is not all."""
    found: list[Field] = []
    while isinstance(expr, Field):
        found.insert(0, expr)
        expr = expr.base
    is_root = isinstance(expr, Name | Call) and expr.name in _ROOTS
    return tuple(found) if is_root else ()
