"""`signal` and `signal_thread`: names, numbers, and where they may be used."""

from __future__ import annotations

from pathlib import Path

import pytest

from seismo.base.diagnostics import DiagnosticsError
from seismo.base.source import Source
from seismo.builtin.options import LowerOptions
from seismo.compiler import Inputs, compile_script
from seismo.views import RecordedView

RECORDED = RecordedView(Path(__file__).parents[2] / "recorded" / "6.18")
AT_SYSTEM_CALLS = "tracepoint:syscalls:sys_enter_openat"


def messages(body: str, *, probe: str = AT_SYSTEM_CALLS, is_unsafe: bool = True) -> list[str]:
    """`message (hint)` of each mistake; none if the script compiles."""
    source = Source("case.bt", f"{probe} {{ {body} }}")
    inputs = Inputs(is_unsafe=is_unsafe)
    try:
        compile_script(source, RECORDED, LowerOptions(possible_cpus=2), inputs)
    except DiagnosticsError as error:
        return [f"{one.message} ({one.hint})" for one in error.diagnostics]
    return []


@pytest.mark.parametrize("signal", ['"SIGKILL"', '"KILL"', '"SIGSYS"', "9", "64", "pid"])
@pytest.mark.parametrize("function", ["signal", "signal_thread"])
def test_signals(function: str, signal: str) -> None:
    assert messages(f"{function}({signal})") == []


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ('signal("SIGKIL")', "no signal is called 'SIGKIL' (did you mean 'SIGKILL'?)"),
        ('signal("9")', "no signal is called '9' (kill -l lists the names and numbers)"),
        ("signal(0)", "no signal has the number 0 (they are 1 to 64)"),
        ("signal_thread(65)", "no signal has the number 65 (they are 1 to 64)"),
        ("signal(-1)", "no signal has the number -1 (they are 1 to 64)"),
    ],
)
def test_no_signals(body: str, message: str) -> None:
    assert messages(body) == [message]


def test_it_is_unsafe() -> None:
    (message,) = messages("signal(9)", is_unsafe=False)
    assert message.endswith("(allow it with --unsafe)")


def test_begin_is_no_place_for_it() -> None:
    (message,) = messages("signal(9)", probe="BEGIN")
    assert message.startswith("signal does not exist in a probe of kind begin")
