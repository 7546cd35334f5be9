"""The script's functions: their heads, and what must hold of all of them together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from seismo.base.diagnostics import Diagnostics
from seismo.base.source import Span
from seismo.lang.ast import Function
from seismo.lang.environment import Body, FunctionHead
from seismo.lang.scope import resolve_variables
from seismo.lang.typer import Typer
from seismo.lang.types import VOID, Type

__all__ = ("check_returns", "function_body", "function_head", "report_recursion")

_MOST_PARAMETERS = 5  # R1 to R5 carry a BPF function's arguments.
SPACE = "kernel"


def function_body(node: Function) -> Body:
    """The body of a function, its types still to be told."""
    return Body(node=node, place=None, space=SPACE, scopes=resolve_variables(node))


def function_head(t: Typer, node: Function) -> FunctionHead:
    """The types that a function declares; its parameters get their slots."""
    env = t.env
    if node.name in env.signatures:
        t.error(node.name_span, f"{node.name} is a built-in", "give the function another name")
    elif node.name in env.functions:
        where = env.functions[node.name].node.name_span.location
        t.error(node.name_span, f"{node.name} is defined at {where} already", "rename one of both")
    if len(node.params) > _MOST_PARAMETERS:
        hint = "hand over a pointer to a struct, or use a map"
        t.error(node.name_span, f"a function has at most {_MOST_PARAMETERS} parameters", hint)
    params: list[Type] = []
    for variable, written in node.params:
        type_ = t.written(written)
        if type_ == VOID:
            t.error(written.span, f"{variable.name} cannot be void", "write void * for an address")
        type_ = t.whole(type_ or VOID, t.body.space)
        params.append(type_)
        slot = t.local(variable)
        if slot is not None:
            slot.declare(type_)
            slot.declared = True
    returns = t.written(node.returns) if node.returns is not None else VOID
    return FunctionHead(node, tuple(params), t.whole(returns or VOID, t.body.space))


def check_returns(t: Typer, ends: bool) -> None:
    """A function that gives a value gives one whichever way it takes."""
    node = t.body.node
    if isinstance(node, Function) and t.body.returns != VOID and not ends:
        hint = f"end it with return and a value of type {t.body.returns}"
        t.error(node.name_span, f"{node.name} does not return a value on every path", hint)


def report_recursion(bodies: Sequence[Body], diagnostics: Diagnostics) -> None:
    """Functions that call themselves, by whatever way: the kernel's stack would not bear it."""
    calls: dict[str, Mapping[str, Span]] = {
        body.node.name: body.calls for body in bodies if isinstance(body.node, Function)
    }
    for name in calls:
        path = _path_back(name, calls)
        if path and name == min(path):
            through = f" (by {' → '.join([*path[1:], name])})" if len(path) > 1 else ""
            following = path[1] if len(path) > 1 else name
            message = f"{name} calls itself{through}"
            diagnostics.error(calls[name][following], message, "write it as a loop")


def _path_back(start: str, calls: Mapping[str, Mapping[str, Span]]) -> list[str]:
    """The functions on a way from `start` to itself, `start` first; none where there is no way."""
    pending = [[start]]
    seen: set[str] = set()
    while pending:
        path = pending.pop(0)
        for name in calls.get(path[-1], {}):
            if name == start:
                return path
            if name not in seen:
                seen.add(name)
                pending.append([*path, name])
    return []
