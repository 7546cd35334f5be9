"""Built-ins that take functions of the kernel: `usermode` and `override` there."""

from __future__ import annotations

import os

import pytest

from script_runs import run_script
from seismo.base.diagnostics import DiagnosticsError

pytestmark = [pytest.mark.kernel, pytest.mark.guest]


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
