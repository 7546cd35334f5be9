"""Imports: what comes in, in which order, and what is refused."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from macro_cases import parsed, said
from seismo.base.diagnostics import Diagnostics
from seismo.files import LiveFiles
from seismo.lang.ast import Script
from seismo.lang.imports import resolve_imports


class Texts:
    """Files that are a mapping from paths to texts; `/w/` is world-writable."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self.texts = texts

    def read(self, path: str) -> str:
        if path not in self.texts:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        return self.texts[path]

    def entries(self, path: str) -> Sequence[str]:
        below = [one.removeprefix(f"{path}/") for one in self.texts if one.startswith(f"{path}/")]
        return [one for one in reversed(below) if "/" not in one]

    def is_directory(self, path: str) -> bool:
        return any(one.startswith(f"{path}/") for one in self.texts)

    def is_world_writable(self, path: str) -> bool:
        return path.endswith("/w")


def imported(text: str, texts: Mapping[str, str], name: str = "t") -> tuple[Script, list[str]]:
    diagnostics = Diagnostics()
    script = resolve_imports(parsed(text, name), Texts(texts), diagnostics, ("7",))
    return script, said(diagnostics)


def points(script: Script) -> list[str]:
    return [point.text for probe in script.probes for point in probe.attach_points]


def test_a_script_without_imports_is_the_same_object() -> None:
    script = parsed("BEGIN { }")
    assert resolve_imports(script, Texts({}), Diagnostics()) is script


def test_scripts_and_headers() -> None:
    script, complaints = imported(
        '#define LAST 1\nimport "lib.bt"; import "x.h"; macro own() { 1 } END { }',
        {
            "lib.bt": '#define FIRST 0\nimport "x.h"; macro theirs() { 2 } let @m = hash(9); '
            "fn f($a: int64): int64 { return $a; } i:s:$1 { }",
            "x.h": "struct x { int y; };\n",
        },
    )
    assert complaints == []
    assert script.imports == ()
    assert points(script) == ["i:s:7", "END"]
    assert [one.name for one in script.macros] == ["theirs", "own"]
    assert [one.name for one in script.functions] == ["f"]
    assert [one.name for one in script.maps] == ["@m"]
    assert [one.text.strip() for one in script.c_text] == [
        *("struct x { int y; };", "#define FIRST 0", "#define LAST 1"),
    ]
    assert [one.source.name for one in script.c_text] == ["x.h", "lib.bt", "t"]


def test_paths_are_relative_to_the_importing_file() -> None:
    script, complaints = imported(
        'import "lib/a.bt"; BEGIN { }',
        {
            "dir/lib/a.bt": 'import "b.bt"; import "../top.bt"; i:s:1 { }',
            "dir/lib/b.bt": "i:s:2 { }",
            "dir/top.bt": 'import "/abs.bt"; i:s:3 { }',
            "/abs.bt": "i:s:4 { }",
        },
        name="dir/main.bt",
    )
    assert complaints == []
    assert points(script) == ["i:s:2", "i:s:4", "i:s:3", "i:s:1", "BEGIN"]


def test_each_file_comes_once_even_in_circles() -> None:
    script, complaints = imported(
        'import "a.bt"; import "./a.bt"; import "b.bt"; BEGIN { }',
        {
            "a.bt": 'import "b.bt"; import "main.bt"; i:s:1 { }',
            "b.bt": 'import "a.bt"; i:s:2 { }',
        },
        name="main.bt",
    )
    assert complaints == []
    assert points(script) == ["i:s:2", "i:s:1", "BEGIN"]


def test_directories_come_sorted() -> None:
    script, complaints = imported(
        'import "lib"; BEGIN { }',
        {
            "lib/b.bt": "i:s:2 { }",
            "lib/a.bt": "i:s:1 { }",
            "lib/c.h": "struct c;",
            "lib/README": "not a script",
            "lib/deeper/d.bt": "i:s:3 { }",
        },
    )
    assert complaints == []
    assert points(script) == ["i:s:1", "i:s:2", "BEGIN"]
    assert [one.text for one in script.c_text] == ["struct c;"]


def test_the_standard_library_is_there_anyway() -> None:
    script, complaints = imported('import "stdlib/strings.bt"; import "stdlib"; BEGIN { }', {})
    assert complaints == []
    assert points(script) == ["BEGIN"]


@pytest.mark.parametrize(
    ("path", "complaint"),
    [
        (
            "none.bt",
            "dir/t:1:1: cannot import 'dir/none.bt': No such file or directory "
            "('none.bt' is looked for in dir)",
        ),
        ("/none.h", "dir/t:1:1: cannot import '/none.h': No such file or directory"),
        (
            "w",
            "dir/t:1:1: cannot import 'dir/w': the directory is world-writable "
            "(anybody can put code there: chmod o-w dir/w)",
        ),
        (
            "prog.bpf.c",
            "dir/t:1:1: cannot import 'dir/prog.bpf.c': C programs cannot be compiled yet "
            "(only scripts (.bt) and headers (.h) can be imported)",
        ),
        (
            "notes.txt",
            "dir/t:1:1: cannot import 'dir/notes.txt': it is no script "
            "(what can be imported ends in .bt or .h, or is a directory)",
        ),
        (
            "set.bt",
            "dir/set.bt:1:12: an imported script cannot have a config block "
            "(settings are the main script's: move them there)",
        ),
        ("bad.bt", "dir/bad.bt:1:14: expected an expression, found ';'"),
    ],
)
def test_what_cannot_be_imported(path: str, complaint: str) -> None:
    texts = {
        "dir/w/a.bt": "i:s:1 { }",
        "dir/prog.bpf.c": "int f;",
        "dir/notes.txt": "",
        "dir/set.bt": "config = { max_strlen = 1 } i:s:1 { }",
        "dir/bad.bt": "i:s:1 { $x = ; }",
    }
    _, complaints = imported(f'import "{path}"; BEGIN {{ }}', texts, name="dir/t")
    assert complaints == [complaint]


def test_live_files(tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir(mode=0o755)
    (tmp_path / "lib" / "b.bt").write_bytes(b'i:s:1 { print("\xff") }')
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    diagnostics = Diagnostics()
    main = str(tmp_path / "main.bt")
    script = resolve_imports(
        parsed('import "lib"; import "open"; BEGIN { }', main), LiveFiles(), diagnostics
    )
    assert points(script) == ["i:s:1", "BEGIN"]
    assert [one.message for one in diagnostics.found] == [
        f"cannot import '{tmp_path}/open': the directory is world-writable"
    ]
    assert LiveFiles().read(str(tmp_path / "lib" / "b.bt")).endswith('"\udcff") }')
