"""Methods of tables and built-ins, run by the machine in user space."""

from __future__ import annotations

import pytest

from c_program_cases import BUILTIN_CASES, METHOD_CASES, CCase
from c_runs import c_run
from seismo.c.methods.table import METHODS, find_method, method_names
from seismo.engine.kernel import VmKernel


@pytest.mark.parametrize("case", [*METHOD_CASES, *BUILTIN_CASES], ids=str)
def test_a_program_answers(case: CCase) -> None:
    with c_run(case.text, VmKernel(), case.args, repeat=case.repeat) as ran:
        assert ran.retval == case.retval
        assert {name: ran.items(name) for name in case.tables} == case.tables


def test_every_kind_of_table_has_its_own_methods() -> None:
    assert "perf_submit" in method_names("perf_output")
    assert "perf_submit" not in method_names("hash")
    assert find_method("lookup", "hash") is not find_method("lookup", "array_of_maps")
    with pytest.raises(KeyError):
        find_method("ringbuf_output", "perf_output")


def test_methods_that_send_are_those_whose_losses_are_counted() -> None:
    losing = {name for name, ways in METHODS.items() if any(one.can_lose for one in ways)}
    assert losing == {"perf_submit", "perf_submit_skb", "ringbuf_output", "ringbuf_reserve"}
