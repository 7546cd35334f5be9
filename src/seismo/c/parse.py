"""The parser: tokens to pycparser's tree, with what GNU C adds.

>>> parse(tokens, is_type=types.has_typedef, diagnostics=diagnostics)
FileAST(ext=[...])

After a mistake it goes on behind the declaration outside functions in which it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from seismo.base.diagnostics import Diagnostics
from seismo.c.errors import CSyntaxError
from seismo.c.parse_gnu import GnuParser
from seismo.c.parse_library import c_ast
from seismo.c.tokens import CToken

__all__ = ("parse",)


def parse(
    tokens: Sequence[CToken], is_type: Callable[[str], bool], diagnostics: Diagnostics
) -> c_ast.FileAST:
    """The declarations of a program. `is_type` says whether the kernel has a typedef of that name,
    where the program itself says nothing of it. Mistakes go to `diagnostics`; what could be read is
    in the tree all the same.
    """
    parser = GnuParser(tokens, is_type)
    found: list[c_ast.Node] = []
    while not parser.is_at_end:
        start = parser.place
        try:
            found += parser.external_declaration()
        except CSyntaxError as error:
            diagnostics.error(error.span, error.message, error.hint)
            parser.skip_declaration(start)
        except RecursionError:
            diagnostics.error(tokens[start].span, "this is nested too deeply")
            parser.skip_declaration(start)
    return c_ast.FileAST(found)
