"""Arranges IR lines into listings; the ops print their own lines."""

from __future__ import annotations

from collections.abc import Sequence

from seismo.ir.ops import Op, Terminator, Value

__all__ = ("format_block",)


def format_block(
    label: str, params: Sequence[Value], ops: Sequence[Op], end: Terminator | None
) -> str:
    """`label(params):` and one indented line per op."""
    head = f"({', '.join(str(param) for param in params)})" if params else ""
    lines = [str(op) for op in ops] + ([str(end)] if end is not None else [])
    return "\n".join([f"{label}{head}:", *(f"    {line}" for line in lines)])
