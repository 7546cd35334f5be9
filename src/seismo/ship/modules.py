"""Which modules of seismo a module needs: its imports followed, late ones too, without running it.

>>> "seismo.session" in module_sources(["seismo.ui.cli.shipped"], without=())
True
"""

from __future__ import annotations

import ast
import os
from collections.abc import Collection, Iterable, Iterator

__all__ = ("module_sources",)

_PACKAGE = "seismo"


def module_sources(
    entries: Iterable[str], without: Collection[str]
) -> dict[str, tuple[str, bytes]]:
    """(path in the package's parent, source) of each module by its name, in order; those in
    `without` are left out, and what only they need."""
    found: dict[str, tuple[str, bytes]] = {}
    pending = [*entries]
    while pending:
        name = pending.pop()
        if name in found or name in without:
            continue
        path = _path_of(name)
        if not path:
            continue
        with open(os.path.join(_root(), path), "rb") as file:
            source = file.read()
        found[name] = path, source
        if parent := name.rpartition(".")[0]:
            pending.append(parent)
        pending += _imports(ast.parse(source, path))
    return dict(sorted(found.items()))


def _root() -> str:
    """The directory that has the package in it."""
    return os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def _path_of(name: str) -> str:
    """The module's file, '' for a name that is no module's."""
    base = name.replace(".", "/")
    for path in (f"{base}/__init__.py", f"{base}.py"):
        if os.path.isfile(os.path.join(_root(), path)):
            return path
    return ""


def _imports(tree: ast.Module) -> Iterator[str]:
    """What any statement imports of the package, but for those that only a type checker reads.

    Of `from a import b` both `a` and `a.b`, which may be a module.
    """
    pending: list[ast.AST] = [tree]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            pending += node.orelse
            continue
        if isinstance(node, ast.Import):
            names = [one.name for one in node.names]
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            names = [module, *[f"{module}.{one.name}" for one in node.names]]
        else:
            pending += ast.iter_child_nodes(node)
            continue
        yield from (one for one in names if one.partition(".")[0] == _PACKAGE)
