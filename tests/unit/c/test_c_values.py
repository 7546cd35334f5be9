"""What C's text means in a BPF program, run by the machine in user space."""

from __future__ import annotations

import pytest

from c_program_cases import CCase
from c_runs import c_run
from c_value_cases import VALUE_CASES
from seismo.engine.kernel import VmKernel


@pytest.mark.parametrize("case", VALUE_CASES, ids=str)
def test_a_program_answers(case: CCase) -> None:
    with c_run(case.text, VmKernel(), case.args) as ran:
        assert ran.retval == case.retval
