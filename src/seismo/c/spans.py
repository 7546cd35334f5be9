"""`span_of(node)`: where in the user's text a node of pycparser's tree stands.

>>> span_of(node).location
Location(name='<text>', line=3, column=9)
"""

from __future__ import annotations

from seismo.base.source import NOWHERE, Span
from seismo.c.parse_library import c_ast

__all__ = ("span_of",)


def span_of(node: c_ast.Node) -> Span:
    """The whole of an expression; of a declaration its name, of a statement its first word."""
    return node.coord if isinstance(node.coord, Span) else NOWHERE
