"""The rule of built-ins that can only be printed (`dw_ustack`): they stand among the arguments of
statements such as printf(), by themselves or in a tuple or a record."""

from __future__ import annotations

from seismo.lang.ast import Call, Name, RecordExpr, TupleExpr
from seismo.lang.typer import Typer
from seismo.lang.walk import Node, children

__all__ = ("check_printed",)


def check_printed(t: Typer) -> None:
    """Complain about those in the body that stand elsewhere."""
    signatures = t.env.signatures
    pending: list[tuple[Node, bool]] = [(t.body.node, False)]
    while pending:
        node, is_printed = pending.pop()
        is_sent = is_printed and isinstance(node, TupleExpr | RecordExpr)
        if isinstance(node, Call | Name) and (signature := signatures.get(node.name)):
            is_sent = signature.is_statement
            if signature.is_only_printed and not is_printed and node in t.types:
                hint = "ustack, which follows frame pointers, can be a key or a value"
                message = f"{node.name} can only be printed: user space finds its frames"
                t.error(node.span, message, hint)
        pending += [(one, is_sent) for one in children(node)]
