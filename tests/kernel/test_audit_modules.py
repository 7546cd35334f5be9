"""Modules of the kernel: who loads them, who takes them out."""

from __future__ import annotations

import ctypes
import os

import pytest
from audit_reader import audit_run

from disk_setup import load_modules
from seismo.audit.record.layout import KernelEvent
from seismo.lang.syscall_names import SYSCALLS

pytestmark = [pytest.mark.kernel, pytest.mark.guest]

LOAD, FREE = KernelEvent.MODULE_LOAD, KernelEvent.MODULE_FREE


def test_a_module_comes_and_goes() -> None:
    remove = SYSCALLS[os.uname().machine].index("delete_module")

    def work() -> None:
        load_modules("dummy")
        ctypes.CDLL(None).syscall(remove, b"dummy", 0)

    with audit_run((LOAD, FREE)) as run:
        child = run.did(work)
        names = [(one["type"], one["tgid"], one.fixed["name"]) for one in run.records()]
        text = b"dummy".ljust(64, b"\0")
        assert names == [(LOAD, child, text), (FREE, child, text)]
        assert run.is_exact(LOAD)
        assert run.is_exact(FREE)
