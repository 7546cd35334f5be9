"""Each house rule finds its breach in a made-up tree, and accepts the tree without it."""

from __future__ import annotations

from pathlib import Path

import pytest

from architecture import imports, shape, words
from architecture.project import Project, load
from architecture.rules import RULES, Rule

DOCUMENT = """\
# Architecture
```layers
base   <- 
isa    <- 
spec   <- isa.table
kernel <- isa
lang   <- spec
ui     <- *
```
```lazy
```
"""

GOOD = '''\
"""A module."""

from __future__ import annotations

__all__ = ()
'''


UNDOCUMENTED = '''
def public():
    pass

class Op:
    """An operation."""

    def uses(self):
        """The values it reads."""

    def bare(self):
        x = 1
        return x

    def trivial(self):
        return self.x

    def __repr__(self):
        x = 1
        return x

class Add(Op):
    def uses(self):
        x = 1
        return x

class Kernel(Protocol):
    """The kernel."""

    def poll(self): ...

class _Live:
    def other(self):
        x = 1

class Live:
    """The live one."""

    def poll(self):
        x = 1
        return x

@overload
def rename(x: int) -> int: ...
'''


def project(root: Path, files: dict[str, str]) -> Project:
    """A tree of these files; Python text that lacks the usual opening gets it."""
    tree = {"docs/architecture.md": DOCUMENT, "src/seismo/__init__.py": "", **files}
    for name, text in tree.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        is_plain = not name.endswith(".py") or '"""A module."""' in text or not text
        path.write_text(text if is_plain else GOOD + text)
    return load(root)


def found(rule: Rule, root: Path, files: dict[str, str]) -> list[str]:
    """What the rule says, without the path's `src/seismo/`; line 1 is the first after `GOOD`."""
    opening = GOOD.count("\n")
    return [
        f"{finding.path.removeprefix('src/seismo/')}:{finding.line - opening} {finding.message}"
        for finding in rule(project(root, files))
    ]


def module(name: str) -> str:
    return f"src/seismo/{name}.py"


def test_a_tree_without_breaches_is_clean(tmp_path: Path) -> None:
    tree = project(
        tmp_path,
        {
            module("base/errors"): 'class BpfError(Exception):\n    """The root."""\n',
            module("isa/helpers"): 'class Helper:\n    """A kernel helper."""\n',
            module("ui/cli/main"): "import sys\nprint(1)\nsys.exit(1)\n",
            module("kernel/abi"): "import ctypes\nfrom seismo.base import errors\n",
        },
    )
    assert [str(finding) for rule in RULES for finding in rule(tree)] == []


def test_syntax(tmp_path: Path) -> None:
    files = {module("lang/a"): "x = 1\nx = }\n", module("lang/b"): "import ctypes\n"}
    assert found(shape.syntax, tmp_path, files) == ["lang/a.py:2 unmatched '}'"]
    assert found(words.ctypes_imports, tmp_path, files) == [
        "lang/b.py:1 ctypes outside kernel/ and bcc/"
    ]


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("isa/insn", "import seismo.lang.ast", ["'isa' may not import seismo.lang.ast"]),
        ("isa/insn", "from seismo.lang import ast", ["'isa' may not import seismo.lang.ast"]),
        ("isa/insn", "from ..lang.ast import Node", ["'isa' may not import seismo.lang.ast"]),
        ("isa/insn", "from seismo.base import errors", []),
        ("isa/insn", "from .other import x", []),
        ("spec/types", "from seismo.isa.table import TABLE", []),
        (
            "spec/types",
            "from seismo.isa.insn import Insn",
            ["'spec' may not import seismo.isa.insn"],
        ),
        ("base/bits", "import seismo.isa.insn", ["'base' may not import seismo.isa.insn"]),
        ("ui/run", "import seismo.lang.ast", []),
        ("core/x", "import seismo.base", ["docs/architecture.md has no row for 'core'"]),
    ],
)
def test_layers(tmp_path: Path, name: str, text: str, expected: list[str]) -> None:
    files = {module("lang/ast"): GOOD, module(name): text}
    assert found(imports.layers, tmp_path, files) == [f"{name}.py:1 {said}" for said in expected]


def test_an_import_for_type_checking_counts(tmp_path: Path) -> None:
    text = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import seismo.lang.ast\n"
    expected = ["isa/insn.py:3 'isa' may not import seismo.lang.ast"]
    assert found(imports.layers, tmp_path, {module("isa/insn"): text}) == expected


def test_cycles(tmp_path: Path) -> None:
    files = {
        module("lang/a"): "from seismo.lang import b\n",
        module("lang/b"): "import os\nfrom seismo.lang.c import x\n",
        module("lang/c"): "from seismo.lang.a import y\n",
    }
    (said,) = found(imports.cycles, tmp_path, files)
    circle = said.split(" ", 1)[1].split(" -> ")
    assert circle[0] == circle[-1]
    assert set(circle) == {"seismo.lang.a", "seismo.lang.b", "seismo.lang.c"}
    del files[module("lang/c")]
    assert found(imports.cycles, tmp_path / "without", files) == []


def test_imports_inside_functions(tmp_path: Path) -> None:
    files = {module("lang/a"): "def f():\n    import json\n"}
    message = "import of json inside a function, not listed in docs/architecture.md"
    assert found(imports.deferred_imports, tmp_path, files) == [f"lang/a.py:2 {message}"]


def test_a_listed_deferred_import_is_allowed_and_must_be_made(tmp_path: Path) -> None:
    document = DOCUMENT.replace("```lazy\n", "```lazy\nseismo.lang.a -> json\n")
    files = {"docs/architecture.md": document, module("lang/a"): "def f():\n    import json\n"}
    assert found(imports.deferred_imports, tmp_path, files) == []
    files[module("lang/a")] = GOOD
    (said,) = imports.deferred_imports(project(tmp_path, files))
    assert str(said) == (
        "docs/architecture.md:11: [lazy] seismo.lang.a does not import json in a function"
    )


def test_file_length(tmp_path: Path) -> None:
    long = GOOD + "x = 1\n" * 495
    assert found(shape.file_length, tmp_path, {module("base/a"): long}) == []
    longer = {module("base/a"): long + "x = 1\n"}
    assert found(shape.file_length, tmp_path, longer) == ["base/a.py:496 501 lines, more than 500"]
    generated = {module("base/a"): "# Generated by dev/gen.py; do not edit\n" + long}
    assert found(shape.file_length, tmp_path, generated) == []


def test_function_length(tmp_path: Path) -> None:
    text = "@mark\ndef f():\n" + "    x = 1\n" * 49
    assert found(shape.function_length, tmp_path, {module("base/a"): text}) == []
    longer = {"tests/test_a.py": text + "    x = 1\n"}
    expected = ["tests/test_a.py:2 f has 51 lines, more than 50"]
    assert found(shape.function_length, tmp_path, longer) == expected


def test_module_docstrings(tmp_path: Path) -> None:
    files = {module("base/a"): "", "tests/test_a.py": "", "src/seismo/base/__init__.py": ""}
    findings = [str(finding) for finding in shape.module_docstrings(project(tmp_path, files))]
    assert findings == [
        "src/seismo/base/a.py:1: [module-docstring] the module has no docstring",
        "tests/test_a.py:1: [module-docstring] the module has no docstring",
    ]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('__all__ = ("MAX", "Insn", "op2", "op10")', []),
        ('__all__ = ("Insn", "MAX")', ["1 __all__ is not sorted (ruff: RUF022)"]),
        ('__all__ = ["a"]', ["1 __all__ is no tuple"]),
        ("x = 1", ["-4 the module has no __all__"]),
    ],
)
def test_export_lists(tmp_path: Path, line: str, expected: list[str]) -> None:
    files = {module("base/a"): GOOD.replace("__all__ = ()\n", "") + "\n" + line}
    assert found(shape.export_lists, tmp_path, files) == [f"base/a.py:{s}" for s in expected]


def test_docstrings(tmp_path: Path) -> None:
    assert found(shape.docstrings, tmp_path, {module("base/a"): UNDOCUMENTED}) == [
        "base/a.py:2 public function public has no docstring",
        "base/a.py:11 public function Op.bare has no docstring",
        "base/a.py:22 public class Add has no docstring",
    ]


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("lang/utils", GOOD, ["-4 a module named 'utils'"]),
        ("lang/data", GOOD, ["-4 a module named 'data'"]),
        ("lang/base", GOOD, ["-4 a module named 'base'"]),
        ("lang/a", "class MapManager: pass", ["1 'manager' in the name MapManager says nothing"]),
        ("lang/a", "class ProbeBase: pass", ["1 'base' in the name ProbeBase says nothing"]),
        ("lang/a", "class CallHelper: pass", ["1 'helper' in the name CallHelper says nothing"]),
        ("lang/a", "class HelperCall: pass", []),
        ("lang/a", "class Database: pass", []),
        ("lang/a", "def run_impl(): pass", ["1 'impl' in the name run_impl says nothing"]),
        ("lang/a", "def simple(): pass", []),
        ("isa/helpers", "class Helper: pass", []),
        ("isa/a", "class Helper: pass", ["1 'helper' in the name Helper says nothing"]),
    ],
)
def test_names(tmp_path: Path, name: str, text: str, expected: list[str]) -> None:
    assert found(words.names, tmp_path, {module(name): text}) == [
        f"{name}.py:{said}" for said in expected
    ]


@pytest.mark.parametrize("text", ["import ctypes", "from ctypes import Structure"])
def test_ctypes_stays_in_the_kernel_layer(tmp_path: Path, text: str) -> None:
    files = {module("objects/a"): text, module("kernel/a"): text, module("bcc/a"): text}
    assert found(words.ctypes_imports, tmp_path, files) == [
        "objects/a.py:1 ctypes outside kernel/ and bcc/"
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("print('x')", "print() outside ui/"),
        ("import sys; sys.exit(1)", "ends the process outside ui/"),
        ("raise SystemExit(2)", "ends the process outside ui/"),
    ],
)
def test_effects_stay_in_the_ui_layer(tmp_path: Path, text: str, said: str) -> None:
    files = {module("objects/a"): text, module("ui/a"): text, "dev/tool.py": text}
    assert found(words.effects, tmp_path, files) == [f"objects/a.py:1 {said}"]


@pytest.mark.parametrize(
    ("pattern", "is_told"),
    [
        (r"(?:a|b)*+c", True),
        (r"(ab)++", True),
        (r"(?P<a>x)?+", True),
        (r"\)*+", False),
        (r"(?:a|b)*", False),
        (r"[^)]*+", False),
    ],
)
def test_possessive_groups(tmp_path: Path, pattern: str, is_told: bool) -> None:
    files = {module("lang/a"): f"A = r'{pattern}'\n"}
    assert bool(found(words.possessive_groups, tmp_path, files)) is is_told


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("see " + "/ro" + "ot/x", "machine-path"),
        ("cd " + "/wo" + "rk/x", "machine-path"),
        ("src" + "/wo" + "rk/x", None),
        ("install from py" + "pi.org", "registry"),
        ("-" + "-index" + "-url=x", "registry"),
        ("# TO" + "DO later", "unfinished"),
        ("mastodon", None),
    ],
)
def test_texts(tmp_path: Path, line: str, rule: str | None) -> None:
    tree = project(tmp_path, {"docs/notes.md": f"one\n{line}\n"})
    said = [(f.path, f.line, f.rule) for f in words.texts(tree)]
    assert said == ([("docs/notes.md", 2, rule)] if rule else [])
