"""Built-ins that take functions of the kernel: `path` and `usermode` there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from script_runs import run_script
from seismo.base.diagnostics import DiagnosticsError

pytestmark = [pytest.mark.kernel, pytest.mark.guest]


def test_the_path_of_an_opened_file() -> None:
    # Not below the root: an overlay opens a file of its own behind each.
    path = Path("/dev/shm") / f"seismo_opened_{os.getpid()}"
    ran = run_script(
        f"fentry:security_file_open /pid == {os.getpid()}/ {{\n"
        "    @[path(args.file.f_path)] = count();\n"
        "}",
        path.touch,
    )
    path.unlink()
    assert f"@[{path}]: 1" in ran.output.splitlines()


def test_the_kernel_allows_path_in_few_functions() -> None:
    with pytest.raises(DiagnosticsError) as caught:
        run_script("fentry:vfs_read { print(path(args.file.f_path)); }")
    (one,) = caught.value.diagnostics
    assert one.span.text == "path(args.file.f_path)"
    assert one.message == "the kernel allows no path() in vfs_read"
    assert "filp_close" in one.hint


def test_a_kprobe_interrupts_the_kernel() -> None:
    script = f"kprobe:ksys_read /pid == {os.getpid()}/ {{ @[usermode] = count(); }}"
    reader, writer = os.pipe()
    os.write(writer, b"x")
    ran = run_script(script, lambda: os.read(reader, 1))
    os.close(reader)
    os.close(writer)
    assert "@[0]: 1" in ran.output.splitlines()


def test_override_only_does_in_kprobes() -> None:
    with pytest.raises(DiagnosticsError, match="override does not exist in a probe of kind fentry"):
        run_script("fentry:vfs_read { override(1); }", is_unsafe=True)
