"""What was probably meant by a name that nobody declares, and that one mistake is told once."""

from __future__ import annotations

import pytest

from c_checks import c_complaints
from seismo.c.hints import PLACEHOLDER, near_constant, near_name, placeholder


def _in_function(statements: str) -> list[str]:
    return c_complaints(f"BPF_HASH(starts, u32);\nint f(void *ctx) {{\n{statements}\nreturn 0; }}")


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("int x = AF_INT6;", "AF_INT6: 'AF_INT6' is not declared (did you mean 'AF_INET6'?)"),
        ("if (FILTER) return 1;", f"FILTER: 'FILTER' is not declared ({PLACEHOLDER})"),
        ("int x = filter;", "filter: 'filter' is not declared"),
        ("start.lookup(&ctx);", "start: there is no table 'start' (did you mean 'starts'?)"),
        ("int x = starts_;", "starts_: 'starts_' is not declared (did you mean 'starts'?)"),
        (
            'char c[4]; if (c == "cat") return 1;',
            "c == \"cat\": '==' compares addresses, not the text of strings "
            "(__builtin_memcmp() compares so many bytes)",
        ),
        (
            "bpf_get_current_pid();",
            "bpf_get_current_pid: there is no function bpf_get_current_pid() "
            "(did you mean 'bpf_get_current_pid_tgid'?)",
        ),
    ],
)
def test_a_name_that_is_not_declared(statement: str, said: str) -> None:
    assert _in_function(statement) == [f"3: error: {said}"]


@pytest.mark.parametrize(
    "statements",
    [
        "x = 1; x += 2; if (x) return x;",
        "double x = 1; x = 2; return x;",
        "char x[f]; x[0] = 1;",
        "x(1); x(2);",
    ],
)
def test_one_mistake_is_told_once(statements: str) -> None:
    assert len(_in_function(statements)) == 1


def test_a_declaration_at_fault_outside_functions_is_told_once() -> None:
    [said] = c_complaints("int count;\nint f(void *ctx) { count++; return count; }")
    assert said.startswith("1: error: count: 'count' is a variable outside functions")


def test_near_names() -> None:
    assert near_name("statr", ["start", "end"]) == "did you mean 'start'?"
    assert near_name("s", ["t"]) == ""
    assert near_constant("TASK_COM_LEN") == "did you mean 'TASK_COMM_LEN'?"
    assert near_constant("PID") == near_constant("TASK") == ""


def test_placeholders_are_capitals() -> None:
    assert placeholder("FILTER_PID") == PLACEHOLDER
    assert placeholder("X") == placeholder("filter") == ""
