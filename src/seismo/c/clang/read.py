"""`read_for_clang`: the tables and functions of a program that our own checker may refuse parts of.

>>> program = read_for_clang(source, view, options)
>>> program.unit.tables
{'counts': TableDecl(…)}
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from seismo.base.dataclass import dataclass, replace
from seismo.base.diagnostics import Diagnostics
from seismo.base.source import Source
from seismo.c.compile import COptions, OnStage, read_c
from seismo.c.kernel_types import KernelTypes
from seismo.c.parse_library import c_ast
from seismo.c.sema.check import check
from seismo.c.sema.tables import is_table
from seismo.c.tokens import CToken
from seismo.c.tree import FunctionDecl, Unit
from seismo.probes.view import KernelView

__all__ = ("ProgramText", "programs_of", "read_for_clang")

_DEFINES: Mapping[str, str] = {
    "__clang__": "1",
    "READ_ONCE(x)": "(*(const volatile __typeof__(x) *)&(x))",
    "WRITE_ONCE(x, value)": "(*(volatile __typeof__(x) *)&(x) = (value))",
    "barrier()": 'asm volatile("" ::: "memory")',
    "barrier_var(x)": 'asm volatile("" : "+r"(x))',
    "noinline": "__attribute__((__noinline__))",
    "__noinline": "__attribute__((__noinline__))",
}
"""Macros that mean something to an optimising compiler, and nothing to our own."""


@dataclass(frozen=True, slots=True)
class ProgramText:
    """The tokens with all macros expanded, what they declare, and the kernel's types."""

    tokens: Sequence[CToken]
    unit: Unit
    types: KernelTypes


def read_for_clang(
    source: Source, view: KernelView, options: COptions, on_stage: OnStage | None = None
) -> ProgramText:
    """The program; the bodies of its functions are clang's affair.

    Raises DiagnosticsError for what does not parse, and where a table or the head of a function is
    refused, without which there is nothing to attach or to look at.
    """
    types, refused = KernelTypes(view), Diagnostics()
    settings = replace(options, defines={**_DEFINES, **options.defines}, has_core=False)
    tokens, tree = read_c(source, view, types, settings, on_stage)
    unit = check(tree, types, refused)
    if not _is_whole(tree, unit):
        refused.stop_on_errors()
    return ProgramText(tokens, unit, types)


def programs_of(unit: Unit) -> dict[str, FunctionDecl]:
    """The functions that may become programs."""
    return {name: one for name, one in unit.functions.items() if not one.is_static}


def _is_whole(tree: c_ast.FileAST, unit: Unit) -> bool:
    """Whether all tables and functions have been understood."""
    for node in tree.ext:
        match node:
            case c_ast.FuncDef() if node.decl.name not in unit.functions:
                return False
            case c_ast.Decl() if is_table(node) and node.name not in unit.tables:
                return False
    return True
