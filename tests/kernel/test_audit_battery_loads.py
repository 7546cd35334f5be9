"""Audit's programs out of the package: this kernel takes all of them."""

from __future__ import annotations

import pytest

from audit_programs import audit_programs
from seismo.audit.program.backends import choose
from seismo.audit.program.battery import ALL_EVENTS
from seismo.kernel.live import LiveKernel
from seismo.kernel.tracefs import Tracefs
from seismo.objects.load import load
from seismo.views import LiveView

pytestmark = pytest.mark.kernel


def test_all_of_it_loads(kernel: LiveKernel) -> None:
    with Tracefs(kernel) as tracefs:
        chosen = {one.file for one in choose(LiveView(kernel, tracefs), ALL_EVENTS)}
    with load(audit_programs().spec, kernel) as loaded:
        assert "raw_tracepoint__sys_enter" in loaded.programs
        assert "raw_tracepoint__signal_generate" in loaded.programs
        assert ("kfunc__do_filp_open" in loaded.programs) is ("kernel_names.h" in chosen)
