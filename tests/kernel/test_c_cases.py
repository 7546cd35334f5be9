"""The same programs as in user space, taken by the kernel's verifier and run by the kernel."""

from __future__ import annotations

import pytest

from c_program_cases import BUILTIN_CASES, METHOD_CASES, CCase
from c_runs import c_run
from seismo.kernel.live import LiveKernel

pytestmark = pytest.mark.kernel


@pytest.mark.parametrize("case", [*METHOD_CASES, *BUILTIN_CASES], ids=str)
def test_a_program_answers(case: CCase, kernel: LiveKernel) -> None:
    with c_run(case.text, kernel, case.args, repeat=case.repeat) as ran:
        assert ran.retval == case.retval
        assert {name: ran.items(name) for name in case.tables} == case.tables
