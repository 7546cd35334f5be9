"""Bundles: what is in them, and that it is always the same."""

from __future__ import annotations

import ast
import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from seismo.ship.bundle import bundle
from seismo.ship.modules import module_sources

ENTRY = "seismo.ui.cli.shipped"
COMPILER = ("lang", "lower", "codegen", "ir", "builtin", "compiler", "tools", "api", "views")
TOOLS = ("seismo.ui.cli.shipped_tool",)
SCRIPT = b"not looked into"


@pytest.fixture(scope="module")
def made() -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(bundle(SCRIPT)))


def test_the_modules_are_those_that_running_imports() -> None:
    code = f"import sys, {ENTRY}; print(*(one for one in sys.modules if one.startswith('seismo')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) <= set(module_sources([ENTRY], TOOLS))


def test_late_imports_are_followed_and_those_of_type_checkers_are_not() -> None:
    names = module_sources([ENTRY], TOOLS)
    assert "seismo.output.jsonl" in names and "seismo.objects.target" in names
    assert not [name for name in names if name.split(".")[1:2] in [[one] for one in COMPILER]]


def test_what_is_left_out_takes_what_only_it_needs_along() -> None:
    without = module_sources([ENTRY], (*TOOLS, "seismo.output.jsonl"))
    assert set(module_sources([ENTRY], TOOLS)) - set(without) == {"seismo.output.jsonl"}


def test_a_bundle_is_an_executable_zip_file(made: zipfile.ZipFile) -> None:
    assert bundle(SCRIPT).startswith(b"#!/usr/bin/env python3\nPK")
    assert made.testzip() is None
    assert made.read("script.bo") == SCRIPT
    names = made.namelist()
    assert names[0] == "__main__.py" and len(names) == len(set(names))
    for path, source in module_sources([ENTRY], (*TOOLS, "seismo.elf.demangle_read")).values():
        assert made.read(path) == source and f"{path}c" in names


def test_its_main_program_says_to_old_pythons_what_is_wrong(made: zipfile.ZipFile) -> None:
    text = made.read("__main__.py").decode()
    first, *_ = ast.parse(text, feature_version=(3, 7)).body
    assert isinstance(first, ast.Import)
    old = text.replace("(3, 11)", "(9, 9)")
    done = subprocess.run(
        [sys.executable, "-I", "-c", old], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith("-c: this needs Python 3.11 or newer, and this is 3.")


def test_same_script_same_bytes(tmp_path: Path) -> None:
    code = (
        "import sys; from seismo.ship.bundle import bundle; "
        "sys.stdout.buffer.write(bundle(b'not looked into'))"
    )
    made = {
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True, check=True, cwd=tmp_path,
            env=os.environ | {"PYTHONHASHSEED": seed, "SOURCE_DATE_EPOCH": seed},
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert made == {bundle(SCRIPT)}


@pytest.mark.parametrize("at", [0.2, 0.5, 0.9])
def test_a_damaged_bundle_runs_nothing(at: float, tmp_path: Path) -> None:
    data = bytearray(bundle(SCRIPT))
    data[int(len(data) * at)] ^= 1
    path = tmp_path / "damaged.pyz"
    path.write_bytes(data)
    done = subprocess.run(
        [sys.executable, "-I", str(path)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (
        1, f"error: {path} is damaged: its checksum is wrong\n"
    )  # fmt: skip
