"""Names that say nothing, effects in the wrong layer, and words that must not be committed."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from architecture.project import PACKAGE, Finding, Module, Project

__all__ = ("ctypes_imports", "effects", "names", "possessive_groups", "texts")

_VAGUE = {"util", "utils", "misc", "manager", "handler", "processor", "impl"}
_IN_CLASSES = _VAGUE | {"base", "common", "helper", "helpers"}
_IN_MODULES = _IN_CLASSES | {"data"}

_KERNEL_HELPERS = f"{PACKAGE}.isa.helpers"
"""The one module where a helper is what the kernel calls so."""

_BASE = f"{PACKAGE}.base"
"""The lowest layer has the one name that is banned elsewhere."""

_AS_IN_BCC = f"{PACKAGE}.bcc.utils"
"""Programs import it by this name."""

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")

_AUDIT = f"{PACKAGE}.audit."
"""There a handler is what TraceLeft calls so: the events that are recorded of some processes."""

_POSSESSIVE_GROUP = re.compile(r"(?<!\\)\)[*+?]\+")

_TEXT_RULES = (
    ("machine-path", r"(?<![\w.*~}>-])/(?:root|work|home)/", "a path of one machine"),
    (
        "registry",
        r"(?:pypi|pythonhosted|npmjs|crates|rubygems)\.(?:org|io|com)\b|\bdebian\.org/debian"
        r"|\b(?:deb|security)\.debian\.org|--?(?:extra-)?index-url|/opt/(?:pypi|wheels)",
        "a package registry",
    ),
    ("unfinished", r"\b(?:TOD[O]|FIXM[E])\b", "unfinished work: do it, or say it in the docs"),
)
_TEXT = tuple((rule, re.compile(pattern), message) for rule, pattern, message in _TEXT_RULES)


def names(project: Project) -> Iterator[Finding]:
    """A module, class or function whose name would fit anything."""
    for module in project.package + project.tooling:
        yield from _module_name(module)
        for node in ast.walk(module.syntax):
            match node:
                case ast.ClassDef():
                    yield from _definition(module, node, _vague_in_class(module, node.name))
                case ast.FunctionDef() | ast.AsyncFunctionDef():
                    yield from _definition(module, node, _VAGUE & set(_words(node.name)))


def _module_name(module: Module) -> Iterator[Finding]:
    last = module.name.rpartition(".")[2]
    if module.name not in {_KERNEL_HELPERS, _BASE, _AS_IN_BCC} and last in _IN_MODULES:
        yield module.finding(1, "names", f"a module named '{last}'")


def _definition(
    module: Module, node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef, vague: set[str]
) -> Iterator[Finding]:
    if module.name.startswith(_AUDIT):
        vague = vague - {"handler"}
    if vague:
        message = f"'{vague.pop()}' in the name {node.name} says nothing"
        yield module.finding(node.lineno, "names", message)


def _vague_in_class(module: Module, name: str) -> set[str]:
    """The banned words of a class name; `HelperCall` is about the kernel's, `CallHelper` is not."""
    words = _words(name)
    vague = _IN_CLASSES & set(words)
    is_the_kernels = module.name == _KERNEL_HELPERS or words[-1] not in {"helper", "helpers"}
    return vague - {"helper", "helpers"} if is_the_kernels else vague


def _words(name: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(name)] or [name]


def ctypes_imports(project: Project) -> Iterator[Finding]:
    """An import of `ctypes` outside `kernel/`, and `bcc/`, whose users are handed such objects."""
    for module in _outside(project, "kernel", "bcc"):
        for node in ast.walk(module.syntax):
            match node:
                case ast.Import():
                    imported = [alias.name for alias in node.names]
                case ast.ImportFrom():
                    imported = [node.module or ""]
                case _:
                    continue
            if any(name.partition(".")[0] == "ctypes" for name in imported):
                yield module.finding(node.lineno, "ctypes", "ctypes outside kernel/ and bcc/")


def effects(project: Project) -> Iterator[Finding]:
    """Printing or ending the process outside `ui/`."""
    for module in _outside(project, "ui"):
        for node in ast.walk(module.syntax):
            match node:
                case ast.Call(func=ast.Name(id="print" | "exit" | "quit" as call)):
                    yield module.finding(node.lineno, "effects", f"{call}() outside ui/")
                case (
                    ast.Attribute(value=ast.Name(id="sys"), attr="exit") | ast.Name(id="SystemExit")
                ):
                    yield module.finding(node.lineno, "effects", "ends the process outside ui/")


def possessive_groups(project: Project) -> Iterator[Finding]:
    """A pattern with a group such as `(a|b)*+`, which Python before 3.11.5 matches wrongly."""
    for module in project.package:
        for node in ast.walk(module.syntax):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                for found in _POSSESSIVE_GROUP.finditer(node.value):
                    message = f"'{found[0]}' in a pattern: Python before 3.11.5 matches it wrongly"
                    yield module.finding(node.lineno, "possessive", message)


def _outside(project: Project, *layers: str) -> Iterator[Module]:
    inside = tuple(f"{PACKAGE}.{layer}." for layer in layers)
    for module in project.package:
        if not f"{module.name}.".startswith(inside):
            yield module


def texts(project: Project) -> Iterator[Finding]:
    """A machine's path, a registry's name or a note of unfinished work in any tracked text."""
    for path, text in project.texts.items():
        for rule, pattern, message in _TEXT:
            for found in pattern.finditer(text):
                line = text.count("\n", 0, found.start()) + 1
                yield Finding(path, line, rule, f"'{found[0]}': {message}")
