"""What a macro's definition may not hold: jumps out of it, and names that it was not given."""

from __future__ import annotations

from collections.abc import Iterator

from seismo.base.diagnostics import Diagnostics
from seismo.base.source import Span
from seismo.lang.ast import (
    AssignVariable,
    Break,
    Call,
    Continue,
    ForMap,
    ForRange,
    Macro,
    MapAccess,
    Return,
    Variable,
    While,
)
from seismo.lang.macro_table import signature
from seismo.lang.walk import Node, children, walk

__all__ = ("check_definition", "check_hygiene")


def check_definition(macro: Macro, diagnostics: Diagnostics) -> None:
    """Every parameter has its own name, and nothing in the body leaves the probe or its loop.

    `break` and `continue` are the body's own affair in a loop that it holds itself.
    """
    seen: set[str] = set()
    for param in macro.params:
        if param.name in seen:
            diagnostics.error(param.span, f"macro '{macro.name}' has two parameters '{param.name}'")
        seen.add(param.name)
    for word, span in _jumps(macro):
        hint = "a macro is a part of where it is called: let the caller decide by its value"
        diagnostics.error(span, f"'{word}' cannot stand in a macro", hint)


def check_hygiene(macro: Macro, diagnostics: Diagnostics) -> None:
    """The body has no variables but its own and its parameters, no maps but its parameters."""
    params = {param.name for param in macro.params}
    known = params.union(_variables_set(macro, params, diagnostics))
    for node in walk(macro.body):
        if isinstance(node, (MapAccess, Variable)) and node.name not in known:
            known.add(node.name)
            names = ", ".join((*(param.name for param in macro.params), node.name))
            message = f"{signature(macro)} uses {node.name}, which it has not been given"
            hint = f"make it a parameter: macro {macro.name}({names})"
            diagnostics.error(node.span, message, hint)


def _variables_set(macro: Macro, params: set[str], diagnostics: Diagnostics) -> Iterator[str]:
    """The body's own variables: it sets them, or loops with them."""
    for node in walk(macro.body):
        if isinstance(node, AssignVariable):
            if node.declares and node.target.name in params:
                message = f"'let' hides the parameter {node.target.name} of {signature(macro)}"
                diagnostics.error(node.target.span, message, "call the variable something else")
            yield node.target.name
        elif isinstance(node, (ForMap, ForRange)):
            yield node.variable.name


def _jumps(macro: Macro) -> Iterator[tuple[str, Span]]:
    """What would leave the macro, and where it stands."""
    pending: list[tuple[Node, bool]] = [(macro.body, False)]
    while pending:
        node, in_loop = pending.pop()
        if isinstance(node, Return):
            yield "return", node.span
        elif isinstance(node, Break | Continue) and not in_loop:
            yield "break" if isinstance(node, Break) else "continue", node.span
        elif isinstance(node, Call) and node.name == "exit":
            yield "exit()", node.span
        is_loop = isinstance(node, (ForMap, ForRange, While))
        pending += [(below, in_loop or is_loop) for below in reversed(children(node))]
