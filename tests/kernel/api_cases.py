"""Objects for the tests of the Python API, compiled by the newest clang that is there."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import seismo
from c_objects import CLANGS, compile_bpf

__all__ = ("GETPPID", "bpffs", "call_getppid", "compiled", "needs_clang", "open_object")

GETPPID = {"x86_64": 110, "aarch64": 173}.get(platform.machine(), -1)
"""A system call that nothing makes by the way."""

needs_clang = pytest.mark.skipif(not CLANGS, reason="needs clang to compile eBPF")


@pytest.fixture
def bpffs(tmp_path: Path) -> Iterator[Path]:
    """A bpffs of our own."""
    try:
        subprocess.run(["mount", "-t", "bpf", "bpf", tmp_path], check=True, capture_output=True)
    except subprocess.CalledProcessError:
        pytest.skip("no bpffs can be mounted")
    yield tmp_path
    subprocess.run(["umount", tmp_path], check=True)


def compiled(source: Path) -> Path:
    """The object of a C source."""
    return compile_bpf(source, CLANGS[-1])


def open_object(name: str) -> seismo.Object:
    """One of `tests/kernel/api_objects`."""
    return seismo.Object.open(compiled(Path(__file__).parent / "api_objects" / f"{name}.bpf.c"))


def call_getppid(times: int) -> None:
    """So many hits for what waits for that system call of this process."""
    for _ in range(times):
        os.getppid()
