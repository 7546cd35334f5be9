"""Form and documentation: readable, short files and functions, docstrings, `__all__`."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from architecture.project import Finding, Module, Project

__all__ = (
    "docstrings",
    "export_lists",
    "file_length",
    "function_length",
    "module_docstrings",
    "syntax",
)

FILE_LINES = 500
FUNCTION_LINES = 50

Function = ast.FunctionDef | ast.AsyncFunctionDef
_FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)


def syntax(project: Project) -> Iterator[Finding]:
    """A Python file that Python cannot read."""
    yield from project.unparsed


def file_length(project: Project) -> Iterator[Finding]:
    """A file of more than 500 lines, unless it says that it is generated."""
    for module in project.modules:
        lines = module.text.count("\n")
        if lines > FILE_LINES and not module.is_generated:
            message = f"{lines} lines, more than {FILE_LINES}"
            yield module.finding(FILE_LINES + 1, "file-length", message)


def function_length(project: Project) -> Iterator[Finding]:
    """A function of more than 50 lines, its docstring included, its decorators not."""
    for module in project.modules:
        for node in ast.walk(module.syntax):
            if isinstance(node, _FUNCTION) and not module.is_generated:
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > FUNCTION_LINES:
                    message = f"{node.name} has {lines} lines, more than {FUNCTION_LINES}"
                    yield module.finding(node.lineno, "function-length", message)


def module_docstrings(project: Project) -> Iterator[Finding]:
    """A module that does not say what it holds."""
    for module in project.modules:
        if not module.is_package and ast.get_docstring(module.syntax) is None:
            yield module.finding(1, "module-docstring", "the module has no docstring")


def export_lists(project: Project) -> Iterator[Finding]:
    """A module without `__all__`, or one that is no sorted tuple of names the module has."""
    for module in project.package:
        if not module.is_package:
            yield from _export_list(module)


def _export_list(module: Module) -> Iterator[Finding]:
    for node in module.syntax.body:
        if isinstance(node, ast.Assign) and _binds(node, "__all__"):
            break
    else:
        yield module.finding(1, "exports", "the module has no __all__")
        return
    if not isinstance(node.value, ast.Tuple):
        yield module.finding(node.lineno, "exports", "__all__ is no tuple")
        return
    names = [element.value for element in node.value.elts if isinstance(element, ast.Constant)]
    if names != sorted(names, key=_export_key):
        yield module.finding(node.lineno, "exports", "__all__ is not sorted (ruff: RUF022)")


def _binds(node: ast.Assign, name: str) -> bool:
    return any(isinstance(target, ast.Name) and target.id == name for target in node.targets)


def _export_key(name: object) -> tuple[int, list[tuple[int, str]]]:
    """The order of isort, which ruff keeps: constants, classes, the rest; numbers by value."""
    text = str(name)
    group = 0 if text.isupper() and len(text) > 1 else 1 if text[:1].isupper() else 2
    pieces = re.findall(r"\d+|\D+", text)
    return group, [(int(piece), "") if piece.isdigit() else (-1, piece) for piece in pieces]


def docstrings(project: Project) -> Iterator[Finding]:
    """A public class, function or method without a docstring.

    Exempt are special methods, overloads, methods of one statement, the members of a protocol, and
    methods that the class's base or a protocol of the tree declares: they are documented there.
    """
    declared = _declared(project.package)
    for module in project.package:
        for owner, node in _public(module.syntax.body, declared):
            if ast.get_docstring(node) is None:
                kind = "class" if isinstance(node, ast.ClassDef) else "function"
                message = f"public {kind} {owner}{node.name} has no docstring"
                yield module.finding(node.lineno, "docstring", message)


def _declared(modules: Iterable[Module]) -> dict[str, set[str]]:
    """Method names by the class that documents them; all protocols' under the name `Protocol`."""
    declared: dict[str, set[str]] = {"Protocol": set()}
    for module in modules:
        for node in ast.walk(module.syntax):
            if isinstance(node, ast.ClassDef):
                methods = [member for member in node.body if isinstance(member, _FUNCTION)]
                if _is_protocol(node):
                    declared["Protocol"] |= {method.name for method in methods}
                documented = {method.name for method in methods if ast.get_docstring(method)}
                declared.setdefault(node.name, set()).update(documented)
    return declared


def _public(
    body: list[ast.stmt], declared: dict[str, set[str]]
) -> Iterator[tuple[str, Function | ast.ClassDef]]:
    """The definitions that need a docstring, each with its owner's name and a dot."""
    for node in body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield "", node
            if not _is_protocol(node):
                yield from ((f"{node.name}.", method) for method in _own_methods(node, declared))
        elif isinstance(node, _FUNCTION) and not _needs_none(node):
            yield "", node


def _own_methods(node: ast.ClassDef, declared: dict[str, set[str]]) -> Iterator[Function]:
    """The methods that nothing above the class documents."""
    bases = ["Protocol", *(_last_name(base) for base in node.bases)]
    elsewhere = set[str]().union(*(declared.get(base, set()) for base in bases))
    for method in node.body:
        if (
            isinstance(method, _FUNCTION)
            and not _needs_none(method)
            and method.name not in elsewhere
            and len(method.body) > 1
        ):
            yield method


def _needs_none(node: Function) -> bool:
    """Private and special functions, and the signatures before an overloaded one."""
    marks = {_last_name(mark) for mark in node.decorator_list}
    return node.name.startswith("_") or "overload" in marks


def _is_protocol(node: ast.ClassDef) -> bool:
    return "Protocol" in {_last_name(base) for base in node.bases}


def _last_name(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Subscript(value=value) | ast.Call(func=value):
            return _last_name(value)
    return ""
