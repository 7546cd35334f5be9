"""One program, compiled once for all tests of the package."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from elf_builds import PROBES, TARGET, build, run, sdt_source


@pytest.fixture(scope="session")
def builds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("elf")


@pytest.fixture(scope="session")
def program(builds: Path) -> Path:
    """A PIE with all its symbols."""
    return build(builds / "program", TARGET, "-Wl,--build-id")


@pytest.fixture(scope="session")
def stripped(builds: Path, program: Path) -> Path:
    """The same without `.symtab`, but with a debug link to `stripped.debug` beside it."""
    path = builds / "stripped"
    shutil.copy(program, path)
    run("objcopy", "--only-keep-debug", path, f"{path}.debug")
    run("strip", path)
    run("objcopy", f"--add-gnu-debuglink={path}.debug", path)
    return path


@pytest.fixture(scope="session")
def probes(builds: Path) -> Path:
    """A PIE with static probes."""
    return build(builds / "probes", sdt_source(PROBES))
