"""Scripts from Python: their events as values, their maps at the end."""

from __future__ import annotations

import os

import pytest
from api_cases import call_getppid

import seismo
from seismo.base.diagnostics import DiagnosticsError

pytestmark = pytest.mark.kernel

AT_GETPPID = "tracepoint:syscalls:sys_enter_getppid /pid == $1/"
HERE = (str(os.getpid()),)


def test_every_printf_is_an_event_with_its_arguments() -> None:
    script = AT_GETPPID + ' { @n += 1; printf("%d of %s\\n", (int64)@n, comm); }'
    with seismo.trace(script, parameters=HERE, timeout=0.0) as run:
        call_getppid(3)
        events = list(run)
        assert run.received == 3
    comm = events[0].values[1]
    assert events == [
        seismo.TraceEvent("printf", f"{number} of {comm}\n", (number, comm)) for number in (1, 2, 3)
    ]
    assert run.maps == {"@n": [((), 3)]} and list(run) == []


def test_maps_are_rows_and_printed_ones_events() -> None:
    script = AT_GETPPID + " { @calls[pid, 7] = count(); } END { print(@calls); print(5); exit(3); }"
    with seismo.trace(script, parameters=HERE) as run:
        call_getppid(4)
    rows = ((os.getpid(), 7), 4)
    assert run.maps["@calls"] == [rows] and run.exit_code == 3
    assert list(run) == [
        seismo.TraceEvent("print", "", (rows,), "@calls"),
        seismo.TraceEvent("print", "5", (5,)),
    ]


def test_exit_ends_the_iteration() -> None:
    with seismo.trace(f"{AT_GETPPID} {{ print(1); exit(); }}", parameters=HERE) as run:
        call_getppid(1)
        assert [event.values for event in run] == [(1,)]


def test_a_mistake_in_the_script_is_told() -> None:
    with pytest.raises(DiagnosticsError, match="script:1:9"):
        seismo.trace("BEGIN { nothing }").__enter__()


def test_a_run_that_has_ended_says_so() -> None:
    with seismo.trace("BEGIN { exit(); }") as run:
        pass
    with pytest.raises(seismo.WrongState, match="does not run"):
        run.received  # noqa: B018
