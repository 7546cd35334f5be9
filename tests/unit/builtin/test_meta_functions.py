"""What is settled when a script is compiled: `getopt`, `is_…`, and `kaddr` without a kernel."""

from __future__ import annotations

from pathlib import Path

import pytest

from script_runs import complaints
from seismo.base.diagnostics import DiagnosticsError
from seismo.base.source import Source
from seismo.builtin.options import LowerOptions
from seismo.compiler import Inputs, compile_script
from seismo.views import RecordedView

RECORDED = RecordedView(Path(__file__).parents[2] / "recorded" / "6.18")


def told(value: str, **named: str) -> list[str]:
    """What fail() says of a value, which is what the checker found it to be."""
    source = Source("case.bt", f'BEGIN {{ fail("%s", {value}); }}')
    try:
        compile_script(source, RECORDED, LowerOptions(possible_cpus=2), Inputs(named=named))
    except DiagnosticsError as error:
        return [one.message for one in error.diagnostics]
    return []


@pytest.mark.parametrize(
    ("call", "value"),
    [
        ('getopt("n", 10)', "10"),
        ('getopt("n", 10, "how many")', "10"),
        ('getopt("s", "text")', "text"),
        ('getopt("b")', "false"),
        ('getopt("b", true)', "true"),
    ],
)
def test_the_default_of_getopt(call: str, value: str) -> None:
    assert told(call) == [value]


def test_what_getopt_is_given() -> None:
    assert told('getopt("n", 10)', n="7") == ["7"]
    assert told('getopt("s", "text")', s="other") == ["other"]
    assert told('getopt("b")', b="1") == ["true"]
    assert told('getopt("b", true)', b="false") == ["false"]


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("is_literal(1)", "true"),
        ('is_literal("a")', "true"),
        ("is_literal(1 + 2)", "true"),
        ("is_literal(pid)", "false"),
        ("is_str(comm)", "true"),
        ("is_str(pid)", "false"),
        ("is_ptr(curtask)", "true"),
        ("is_ptr(nsecs)", "false"),
        ('is_array(pton("::1"))', "true"),
        ("is_array(comm)", "false"),
        ("is_integer(pid)", "true"),
        ("is_integer(-1)", "true"),
        ("is_integer(true)", "false"),
        ("is_unsigned_integer(nsecs)", "true"),
        ("is_unsigned_integer(-1)", "false"),
        ("is_unsigned_integer(1)", "false"),
        ('kfunc_allowed("bpf_strnlen")', "false"),
    ],
)
def test_questions(question: str, answer: str) -> None:
    assert told(question) == [answer]


def test_types_decide_what_is_compiled() -> None:
    assert complaints('if comptime (is_str(comm)) { print("s") } else { fail("no") }') == []
