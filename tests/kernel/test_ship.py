"""Shipped scripts on this kernel: in a guest those that the host built, else built on the spot.

Bundles run with Python alone: isolated, in an empty directory, without an environment.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from libbpf_oracle import HAS_LIBBPF, ask_libbpf
from seismo.base.dataclass import replace
from seismo.isa.insn import Insn
from seismo.kernel.live import LiveKernel
from seismo.kernel.tracefs import Tracefs
from seismo.ship.code import names_of
from seismo.ship.model import Shipped
from seismo.ship.read import read_shipped
from seismo.ship.run import live_plan
from seismo.spec.relocations import RunValue
from shipped_scripts import SCRIPTS, SHIPPED, build

pytestmark = pytest.mark.kernel

PYTHON = shutil.which("python3", path="/usr/bin:/usr/local/bin") or sys.executable
NOT_RUNNING = ("seismo.compiler", "seismo.lang", "seismo.lower", "seismo.codegen", "seismo.ir",
               "seismo.builtin", "seismo.tools", "elftools", "demangle", "numpy")  # fmt: skip


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """Every script's bundle."""
    if SHIPPED in os.environ:
        return {name: Path(os.environ[SHIPPED]) / f"{name}.pyz" for name in SCRIPTS}
    directory = tmp_path_factory.mktemp("shipped")
    return {name: build(name, directory) for name in SCRIPTS}


def run(bundle: Path, empty: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PYTHON, "-I", str(bundle), *arguments],
        capture_output=True, text=True, timeout=120, check=False, env={}, cwd=empty,
    )  # fmt: skip


NAMES = [
    pytest.param(name, marks=[pytest.mark.guest] if one.needs_functions else [])
    for name, one in SCRIPTS.items()
]


@pytest.mark.parametrize("name", NAMES)
def test_a_bundle_runs_with_python_alone(
    name: str, bundles: Mapping[str, Path], tmp_path: Path
) -> None:
    script = SCRIPTS[name]
    for _ in range(2):
        done = run(bundles[name], tmp_path, "-q", "-c", script.command)
        printed = [line for line in done.stderr.splitlines() if line]
        assert (done.returncode, printed) == (script.status, [])
        rows = [line for line in done.stdout.splitlines() if line]
        content = Path("/etc/passwd").read_text().splitlines() if "cat" in script.command else []
        assert sorted(rows) == sorted([*script.lines, *filter(None, content)])


def test_a_bundle_knows_no_compiler(bundles: Mapping[str, Path], tmp_path: Path) -> None:
    done = subprocess.run(
        [PYTHON, "-I", "-X", "importtime", str(bundles["begin"]), "-q"],
        capture_output=True, text=True, timeout=120, check=False, env={}, cwd=tmp_path,
    )  # fmt: skip
    imported = [line.rpartition("|")[2].strip() for line in done.stderr.splitlines()]
    assert "seismo.session" in imported
    assert not [name for name in imported if name.startswith(NOT_RUNNING)]


def test_json_and_a_file_of_output(bundles: Mapping[str, Path], tmp_path: Path) -> None:
    done = run(bundles["begin"], tmp_path, "-f", "json", "-o", "out")
    assert (done.returncode, done.stdout) == (3, "")
    assert '{"type": "printf", "data": "42 seven\\n"}' in (tmp_path / "out").read_text()


@pytest.mark.skipif(SHIPPED in os.environ, reason="compiles")
def test_a_tool_is_shipped_with_its_rows(tmp_path: Path) -> None:
    bundle = tmp_path / "opensnoop.pyz"
    command = [sys.executable, "-m", "seismo", "build", "opensnoop", "--comm", "cat"]
    subprocess.run(
        [*command, "--bundle", str(bundle), "--", "--path=/etc/passwd"], check=True, timeout=120
    )
    done = run(bundle, tmp_path, "-q", "-f", "json", "-o", "rows", "-c", "/bin/cat /etc/passwd")
    assert (done.returncode, done.stderr) == (0, "")
    rows = [json.loads(line) for line in (tmp_path / "rows").read_text().splitlines()]
    assert [one | {"pid": 0} for one in rows] == [
        {"pid": 0, "comm": "cat", "fd": 3, "err": None, "path": "/etc/passwd"}
    ]


@pytest.mark.skipif(SHIPPED in os.environ, reason="compiles")
def test_a_tool_is_shipped_with_its_reports(tmp_path: Path) -> None:
    bundle = tmp_path / "syscount.pyz"
    command = [sys.executable, "-m", "seismo", "build", "syscount", "--comm", "cat"]
    subprocess.run([*command, "--bundle", str(bundle)], check=True, timeout=120)
    done = run(bundle, tmp_path, "-q", "-o", "rows", "-c", "/bin/cat /etc/passwd")
    assert (done.returncode, done.stderr) == (0, "")
    assert "read" in (tmp_path / "rows").read_text().split()


@pytest.mark.skipif(SHIPPED in os.environ, reason="the object files are the host's")
def test_the_command_runs_an_object_file(bundles: Mapping[str, Path], tmp_path: Path) -> None:
    file = bundles["begin"].with_suffix(".bo")
    done = subprocess.run(
        [sys.executable, "-m", "seismo", str(file), "-q"],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout.split(), done.stderr) == (3, ["42", "seven", "end"], "")


@pytest.mark.skipif(SHIPPED in os.environ, reason="needs the object files")
@pytest.mark.parametrize("name", SCRIPTS)
def test_on_the_kernel_it_was_built_on_it_stays_as_it_is(
    name: str, bundles: Mapping[str, Path], kernel: LiveKernel
) -> None:
    shipped = read_shipped(bundles[name].with_suffix(".bo").read_bytes(), name)
    with Tracefs(kernel) as tracefs:
        plan = live_plan(shipped, kernel, tracefs, command_pid=77)
    for built, fitted in zip(
        shipped.manifest.plan.object.programs, plan.object.programs, strict=True
    ):
        free = {index for index, one in built.relocations if isinstance(one, RunValue)}
        changed = [
            index
            for index, (old, new) in enumerate(zip(built.insns, fitted.insns, strict=True))
            if old != new
        ]
        assert set(changed) <= free


@pytest.mark.skipif(SHIPPED in os.environ, reason="needs the object files")
@pytest.mark.skipif(not HAS_LIBBPF, reason="needs libbpf")
@pytest.mark.parametrize("name", [one for one in SCRIPTS if not SCRIPTS[one].needs_functions])
def test_libbpf_loads_what_we_load(
    name: str, bundles: Mapping[str, Path], kernel: LiveKernel
) -> None:
    path = bundles[name].with_suffix(".bo")
    theirs = ask_libbpf(path)
    assert (theirs.stage, theirs.errors) == ("", {})
    shipped = read_shipped(path.read_bytes(), name)
    names = names_of(shipped.manifest.plan.object)
    with Tracefs(kernel) as tracefs:
        plan = live_plan(_with_core_alone(shipped), kernel, tracefs)
    for program in plan.object.programs:
        symbol = names.functions[program.name, 0]
        seen = next(one for one in theirs.programs if one.name == symbol)
        end = [one.start for one in program.functions[1:2]] or [len(program.insns)]
        assert len(seen.insns) == len(program.insns)
        assert _plain(seen.insns[: end[0]]) == _plain(program.insns[: end[0]])


def _with_core_alone(shipped: Shipped) -> Shipped:
    """Without what libbpf leaves as it was."""
    spec = shipped.manifest.plan.object
    programs = tuple(replace(one, relocations=()) for one in spec.programs)
    plan = replace(shipped.manifest.plan, object=replace(spec, programs=programs))
    return replace(shipped, manifest=replace(shipped.manifest, plan=plan))


def _plain(insns: Sequence[Insn]) -> list[Insn]:
    """Without what depends on the order of subprograms."""
    return [
        replace(one, imm=0) if one.is_subprog_call or one.is_func_address else one for one in insns
    ]
