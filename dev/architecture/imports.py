"""Who may import whom: the layer table, no cycles, no imports inside functions.

The table and the exceptions stand in `docs/architecture.md`, in blocks named `layers` and `lazy`.
An import under `if TYPE_CHECKING:` counts like any other.
"""

from __future__ import annotations

import ast
import graphlib
from collections.abc import Iterator
from dataclasses import dataclass

from architecture.project import PACKAGE, Finding, Module, Project

__all__ = ("DOCUMENT", "cycles", "deferred_imports", "layers")

DOCUMENT = "docs/architecture.md"


@dataclass(frozen=True, slots=True)
class Import:
    """One import statement's `target`, by full name; `deferred` if it stands in a function."""

    target: str
    line: int
    deferred: bool


def layers(project: Project) -> Iterator[Finding]:
    """An import that the layer table does not name; a layer that has no row."""
    rows = dict(_rows(project))
    names = _names(project)
    for module in project.package:
        own = _layer(module.name)
        for found in _imports(module, names):
            if not _is_ours(found.target):
                continue
            if own not in rows:
                yield module.finding(found.line, "layers", f"{DOCUMENT} has no row for '{own}'")
            elif not _is_allowed(own, rows[own], found.target):
                message = f"'{own}' may not import {found.target}"
                yield module.finding(found.line, "layers", message)


def cycles(project: Project) -> Iterator[Finding]:
    """Modules that import each other, in one circle or another; the first circle is reported."""
    names = _names(project)
    graph = {
        module.name: {found.target for found in _imports(module, names) if _is_ours(found.target)}
        for module in project.package
    }
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        circle = list(reversed(error.args[1]))
        first = next(module for module in project.package if module.name == circle[0])
        line = next(i.line for i in _imports(first, names) if i.target == circle[1])
        yield first.finding(line, "cycles", " -> ".join(circle))


def deferred_imports(project: Project) -> Iterator[Finding]:
    """An import inside a function that the `lazy` block does not list; a listed one not made."""
    allowed = dict(_lazy(project))
    names = _names(project)
    made: set[tuple[str, str]] = set()
    for module in project.package:
        for found in _imports(module, names):
            if not found.deferred:
                continue
            made.add((module.name, found.target))
            if (module.name, found.target) not in allowed:
                message = f"import of {found.target} inside a function, not listed in {DOCUMENT}"
                yield module.finding(found.line, "lazy", message)
    for name, target in allowed.keys() - made:
        line = allowed[name, target]
        yield Finding(DOCUMENT, line, "lazy", f"{name} does not import {target} in a function")


def _rows(project: Project) -> Iterator[tuple[str, frozenset[str]]]:
    for _, line in _block(project, "layers"):
        layer, _, allowed = line.partition("<-")
        yield layer.strip(), frozenset(allowed.split())


def _lazy(project: Project) -> Iterator[tuple[tuple[str, str], int]]:
    for number, line in _block(project, "lazy"):
        name, _, target = line.partition("->")
        yield (name.strip(), target.strip()), number


def _block(project: Project, name: str) -> Iterator[tuple[int, str]]:
    """The numbered, non-empty lines of a fenced block of the document."""
    inside = False
    for number, line in enumerate(project.texts.get(DOCUMENT, "").splitlines(), start=1):
        if line.startswith("```"):
            inside = line == f"```{name}"
        elif inside and line.strip():
            yield number, line


def _is_allowed(own: str, row: frozenset[str], target: str) -> bool:
    """Whether a row opens `target`: by its layer's name, or by the module's (`isa.helpers`)."""
    if "*" in row or _layer(target) in {own, "base"}:
        return True
    inner = target.removeprefix(f"{PACKAGE}.")
    return any(inner == name or inner.startswith(f"{name}.") for name in row)


def _layer(name: str) -> str:
    """`lang` of `seismo.lang.parse`; the package itself is a layer of its own name."""
    return [*name.split("."), name][1]


def _is_ours(name: str) -> bool:
    return name == PACKAGE or name.startswith(f"{PACKAGE}.")


def _names(project: Project) -> frozenset[str]:
    return frozenset(module.name for module in project.package)


def _imports(module: Module, names: frozenset[str]) -> Iterator[Import]:
    return _imports_below(module.syntax, module, names, deferred=False)


def _imports_below(
    node: ast.AST, module: Module, names: frozenset[str], *, deferred: bool
) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        match child:
            case ast.Import():
                for alias in child.names:
                    yield Import(alias.name, child.lineno, deferred)
            case ast.ImportFrom():
                for target in sorted(_from_targets(child, module, names)):
                    yield Import(target, child.lineno, deferred)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                yield from _imports_below(child, module, names, deferred=True)
            case _:
                yield from _imports_below(child, module, names, deferred=deferred)


def _from_targets(node: ast.ImportFrom, module: Module, names: frozenset[str]) -> set[str]:
    """`from a import b` means the module `a.b` where there is one, and `a` otherwise."""
    base = node.module or ""
    if node.level:
        package = module.name.split(".")
        keep = len(package) - node.level + (1 if module.is_package else 0)
        base = ".".join([*package[:keep], *([base] if base else [])])
    whole = [f"{base}.{alias.name}" for alias in node.names]
    return {name if name in names else base for name in whole}
