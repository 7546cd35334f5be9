"""Calls of built-ins that are refused, or warned of: what is said, and about which words."""

from __future__ import annotations

import pytest

from script_runs import complaints, warnings_of

MISTAKES = {
    # processes
    "pid(host)": "host: unknown PID namespace 'host' (write pid(init) or pid(curr_ns))",
    "tid(currns)": "currns: unknown PID namespace 'currns' (did you mean 'curr_ns'?)",
    # times
    "nsecs(mono)": "mono: unknown clock 'mono' (the clocks are boot, monotonic, tai, sw_tai)",
    "nsecs(bot)": "bot: unknown clock 'bot' (did you mean 'boot'?)",
    # histograms
    "@ = hist(1, 6)": (
        "6: the bits of hist() must be 0 to 5 (with n bits, every power of two has 2^n buckets)"
    ),
    "@ = hist(1, -1)": (
        "-1: the bits of hist() must be 0 to 5 (with n bits, every power of two has 2^n buckets)"
    ),
    "@ = lhist(1, 0, 10, 0)": "0: the step of lhist() must be at least 1, not 0",
    "@ = lhist(1, 0, 10, -5)": "-5: the step of lhist() must be at least 1, not -5",
    "@ = lhist(1, 10, 0, 1)": (
        "lhist(1, 10, 0, 1): the minimum of lhist() must be below the maximum: 10, 0"
    ),
    "@ = lhist(1, 5, 5, 1)": (
        "lhist(1, 5, 5, 1): the minimum of lhist() must be below the maximum: 5, 5"
    ),
    "@ = lhist(1, 0, 10, 20)": "20: the step of lhist() is 20, but its range is only 10 wide",
    "@ = lhist(1, 0, 10000, 3)": (
        "lhist(1, 0, 10000, 3): lhist() would have 3333 buckets, more than 1000 "
        "(take steps of 10 or more)"
    ),
    # time series
    "@ = tseries(1, 0, 5)": (
        "0: an interval of tseries() must be at least 1 ns, not 0 (durations are written 100ms, 1s)"
    ),
    "@ = tseries(1, 1s, 0)": "0: tseries() keeps 1 to 1000000 intervals, not 0",
    "@ = tseries(1, 1s, 1000001)": "1000001: tseries() keeps 1 to 1000000 intervals, not 1000001",
    '@ = tseries(1, 1s, 5, "last")': (
        '"last": tseries() cannot aggregate by "last" (write one of avg, max, min, sum)'
    ),
    '@ = tseries(1, 1s, 5, "mac")': (
        '"mac": tseries() cannot aggregate by "mac" (did you mean \'max\'?)'
    ),
    # maps
    "@m[1] = 1; clear(@m[1])": (
        "@m[1]: clear() takes a whole map, not one entry (write clear(@m))"
    ),
    "@m[1] = 1; print(len(@m[1]))": (
        "@m[1]: len() takes a map or a stack, not int8 (write len(@m))"
    ),
    "@m[1] = 1; delete(@m[1], 2)": "2: delete() has two keys (write delete(@m, key))",
    "@m[1] = hist(1); delete(@m, 1)": (
        "@m: delete() cannot take one hist of @m: it is many entries (clear(@m) removes all)"
    ),
    "@m[1] = 1; print(@m[1], 5)": (
        "5: only a whole map is printed with a number of entries and a divisor "
        "(write print(@name, top, div))"
    ),
    "print(1, 5)": (
        "5: only a whole map is printed with a number of entries and a divisor "
        "(write print(@name, top, div))"
    ),
    "@m[1] = 1; print(@m, -1)": "-1: the number of entries must be 0 to 4294967295",
    "@m[1] = 1; print(@m, 1, -1)": "-1: the divisor must be 0 to 4294967295",
    # formats
    'printf("%d")': (
        'printf("%d"): the format takes 1 argument, 0 given (write %% for a percent sign)'
    ),
    'printf("x", 1)': (
        'printf("x", 1): the format takes 0 arguments, 1 given (add a conversion such as %d or %s)'
    ),
    'printf("%d", "text")': (
        '"text": the conversion takes an integer, a bool or a pointer, not string[5] '
        "(print it with %s)"
    ),
    'printf("%d", (1, 2))': (
        "(1, 2): the conversion takes an integer, a bool or a pointer, not (int8,int8) "
        "(print it with %s)"
    ),
    'printf("%d", strftime("%H", 0))': (
        'strftime("%H", 0): the conversion takes an integer, a bool or a pointer, not timestamp '
        "(print it with %s)"
    ),
    'printf("%r", 5)': (
        "5: the conversion takes a buffer or an array of integers, not int8 (print it with %s)"
    ),
    'printf("%*d", "a", 5)': (
        '"a": the conversion takes an integer, a bool or a pointer, not string[2] '
        "(print it with %s)"
    ),
    'errorf("%d", "a")': (
        '"a": the conversion takes an integer, a bool or a pointer, not string[2] '
        "(print it with %s)"
    ),
    'cat("%s")': 'cat("%s"): the format takes 1 argument, 0 given (write %% for a percent sign)',
    'system("ls")': (
        "system: system() may change what it traces, or the system (allow it with --unsafe)"
    ),
    'debugf("%d %d %d %d", 1, 2, 3, 4)': "4: debugf() takes at most 3 values",
    'debugf("%o", 8)': (
        '"%o": the kernel does not know the conversion %o '
        "(it has %d %i %u %x %X with l or ll, %c, %p and %s)"
    ),
    'debugf("%s", 8)': "8: %s of debugf() takes a string, not int8",
    'debugf("%d", "a")': (
        '"a": the conversion takes an integer, a bool or a pointer, not string[2] '
        "(print it with %s)"
    ),
}


@pytest.mark.parametrize("body", MISTAKES)
def test_mistakes(body: str) -> None:
    assert complaints(body) == [MISTAKES[body]]


def test_system_is_allowed_with_unsafe() -> None:
    assert complaints('system("ls")', is_unsafe=True) == []


def test_a_name_of_another_process() -> None:
    (complaint,) = complaints("print(comm(1))")
    assert complaint.startswith("1: the name of another process cannot be read")


def test_the_kind_of_a_probe_is_a_constant() -> None:
    body = 'if comptime (probetype == "special") { print(1) } else { fail("not known") }'
    assert complaints(body) == []


def test_floating_point_is_refused() -> None:
    (complaint,) = complaints('printf("%f", 1)')
    assert complaint.startswith('"%f": in the format, %f prints floating point')


def test_warnings() -> None:
    assert warnings_of("@ = tseries(1, 1s, 5)") == [
        "tseries: tseries() is unstable: it may change "
        "(config = { unstable_tseries = enable } allows it)"
    ]
    assert warnings_of('debugf("x")') == [
        "debugf: debugf() is for debugging alone: the kernel's trace pipe takes one line at a time "
        "(read it with cat /sys/kernel/tracing/trace_pipe)"
    ]
