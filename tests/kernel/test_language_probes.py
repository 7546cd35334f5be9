"""Tracepoints and intervals: their arguments, wildcards, lists, order, filters, user memory."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from language_cases import mistakes, run

pytestmark = pytest.mark.kernel

OWN = f"/pid == {os.getpid()}/"


def close_nothing() -> None:
    """One system call that nothing else in this process makes: close(-54321)."""
    try:
        os.close(0x7FFF0001)
    except OSError:
        return


def look_at(path: str) -> Callable[[], object]:
    """Open a file that may not exist."""

    def act() -> None:
        try:
            os.close(os.open(path, os.O_RDONLY | os.O_CLOEXEC))
        except FileNotFoundError:
            return

    return act


def sleep() -> None:
    time.sleep(0.012345678)


MARK = "/no/such/seismograph"
OPENAT = f'/pid == {os.getpid()} && str(args.filename) == "{MARK}"/'
CLOSE = f"/pid == {os.getpid()} && args.fd == 0x7fff0001/"

ROWS: dict[str, tuple[str, Callable[[], object], str]] = {
    "a string of the process": (
        f"t:syscalls:sys_enter_openat {OPENAT} {{ print(str(args.filename)) }}",
        look_at(MARK),
        MARK,
    ),
    "by an arrow": (
        f"t:syscalls:sys_enter_openat {OPENAT} {{ print(str(args->filename, 8)) }}",
        look_at(MARK),
        MARK[:8],
    ),
    "numbers": (
        (
            f'tracepoint:syscalls:sys_enter_openat {OPENAT} {{ printf("%d %x\\n", args.dfd, '
            f"args.flags & 0xfffff) }}"
        ),
        look_at(MARK),
        f"-100 {os.O_CLOEXEC:x}",
    ),
    "signed numbers": (
        (
            f"t:syscalls:sys_enter_openat {OPENAT} {{ @[tid] = 1 }} t:syscalls:sys_exit_openat "
            f"/@[tid]/ {{ print(args.ret); delete(@, tid) }}"
        ),
        look_at(MARK),
        "-2",
    ),
    "a predicate": (
        (
            f"t:syscalls:sys_enter_close {CLOSE} {{ print(args.fd) }} t:syscalls:sys_enter_close "
            f"/pid == {os.getpid()} && args.fd == 0x7fff0002/ {{ print(0) }}"
        ),
        close_nothing,
        "2147418113",
    ),
    "a string compared in a predicate": (
        (
            f"tracepoint:syscalls:sys_enter_openat /pid == {os.getpid()} && "
            f'strcontains(str(args.filename), "seismograph")/ {{ print("found") }}'
        ),
        look_at(MARK),
        "found",
    ),
    "two probes of one event in order": (
        (
            f"t:syscalls:sys_enter_close {CLOSE} {{ print(1) }} t:syscalls:sys_enter_close "
            f"{CLOSE} {{ print(2) }}"
        ),
        close_nothing,
        "1\n2",
    ),
    "a list": (
        (
            f"t:syscalls:sys_enter_close, t:syscalls:sys_enter_dup "
            f"{CLOSE.replace('args.fd == 0x7fff0001', '1')} {{ @[probe] = count() }} END {{ "
            f'print(has_key(@, "tracepoint:syscalls:sys_enter_close")); clear(@) }}'
        ),
        close_nothing,
        "true",
    ),
    "a wildcard": (
        (
            f"tracepoint:syscalls:sys_*_close {OWN} {{ @[probe] = count() }} END {{ "
            f'print(len(@)); print(has_key(@, "tracepoint:syscalls:sys_exit_close")); clear(@) }}'
        ),
        close_nothing,
        "2\ntrue",
    ),
    "a wildcard for the category": (
        f"t:sys*:sys_enter_close {CLOSE} {{ print(probe) }}",
        close_nothing,
        "tracepoint:syscalls:sys_enter_close",
    ),
    "probetype": (
        f"t:syscalls:sys_enter_close {CLOSE} {{ print(probetype) }}",
        close_nothing,
        "tracepoint",
    ),
    "the name as it is written out": (
        f"t:syscalls:sys_enter_close {CLOSE} {{ print(probe) }}",
        close_nothing,
        "tracepoint:syscalls:sys_enter_close",
    ),
    "quotes": (f't:"syscalls":"sys_enter_close" {CLOSE} {{ print(1) }}', close_nothing, "1"),
    "a struct in the process": (
        (
            f"t:syscalls:sys_enter_clock_nanosleep {OWN} {{ $t = args.rqtp; "
            f"print(($t.tv_sec > 0, $t.tv_nsec < 1000000000)) }}"
        ),
        sleep,
        "(true, true)",
    ),
    "who": (
        f"t:syscalls:sys_enter_close {CLOSE} {{ print((pid, comm, uid == {os.getuid()})) }}",
        close_nothing,
        f"({os.getpid()}, {Path('/proc/self/comm').read_text(encoding='utf-8').strip()}, true)",
    ),
    "return": (
        (
            f"t:syscalls:sys_enter_close {CLOSE} {{ print(1); "
            f"if (args.fd > 0) {{ return }} print(2) }}"
        ),
        close_nothing,
        "1",
    ),
    "time between two events": (
        (
            f"t:syscalls:sys_enter_close {CLOSE} {{ @s[tid] = nsecs }} t:syscalls:sys_exit_close "
            f"/@s[tid]/ {{ print(nsecs > @s[tid]); delete(@s, tid) }}"
        ),
        close_nothing,
        "true",
    ),
    "an argument in a map": (
        f"t:syscalls:sys_enter_close {CLOSE} {{ @[args.fd] = count() }}",
        close_nothing,
        "@[2147418113]: 1",
    ),
    "a string of the process in a map": (
        f"t:syscalls:sys_enter_openat {OPENAT} {{ @[str(args.filename)] = count() }}",
        look_at(MARK),
        f"@[{MARK}]: 1",
    ),
    "bytes of the process": (
        (
            f"t:syscalls:sys_enter_openat {OPENAT} {{ $p = (uint8 *)args.filename; print($p[0]); "
            f"print(*($p + 1)); print(buf($p, 4)) }}"
        ),
        look_at(MARK),
        "47\n110\n/no/",
    ),
    "a macro of the arguments": (
        f"macro show(a) {{ print(a.fd); }} t:syscalls:sys_enter_close {CLOSE} {{ show(args) }}",
        close_nothing,
        "2147418113",
    ),
    "loops over arguments": (
        (
            f"t:syscalls:sys_enter_close {CLOSE} {{ $fd = args.fd; "
            f"for $i : 0..2 {{ print($fd + $i) }} }}"
        ),
        close_nothing,
        "2147418113\n2147418114",
    ),
    "all arguments": (
        f"t:syscalls:sys_enter_close {CLOSE} {{ print(args) }}",
        close_nothing,
        "{ .__syscall_nr = 3, .fd = 2147418113 }",
    ),
    "BEGIN comes before": (
        (
            f"BEGIN {{ @ready = 5 }} t:syscalls:sys_enter_close {CLOSE} {{ print(@ready); "
            f"clear(@ready) }}"
        ),
        close_nothing,
        "@ready: 5",
    ),
    "END comes after": (
        f"t:syscalls:sys_enter_close {CLOSE} {{ @n++ }} END {{ print(@n); clear(@n) }}",
        close_nothing,
        "@n: 1",
    ),
    "many probes": (
        " ".join(f"t:syscalls:sys_enter_close {CLOSE} {{ @[{n}] = count() }}" for n in range(30))
        + " END { print(len(@)); clear(@) }",
        close_nothing,
        "30",
    ),
}

SPACES = {
    "a built-in": "print(curtask.pid == tid)",
    "a cast of a pointer": "$t = (struct task_struct *)curtask; print($t.pid == tid)",
    "a field of a field": 'print(str(curtask.fs.pwd.dentry.d_name.name) != "")',
    "a map": "@t = curtask; $t = @t; clear(@t); print($t.pid == tid)",
    "a tuple": "$t = (curtask, 1); print($t.0.pid == tid)",
    "a ternary": "$t = pid > 0 ? curtask : curtask; print($t.pid == tid)",
    "an entry of an array": "$f = curtask.files.fdt.fd; print($f[0] != 0)",
    "kptr": "$n = (uint64)curtask; $t = kptr((struct task_struct *)$n); print($t.pid == tid)",
    "an integer": "$t = (struct task_struct *)(uint64)curtask; print($t.pid == tid)",
    "a sum": (
        "$p = (int32 *)((uint64)curtask + offsetof(struct task_struct, pid)); print(*$p == tid)"
    ),
    "a variable of an integer": (
        "$n = (uint64)curtask; $t = (struct task_struct *)$n; print($t.pid == tid)"
    ),
    "user memory after kernel memory": (
        "$t = curtask; $p = (uint8 *)args.filename; print($t.pid == tid && *$p == 47)"
    ),
    "user memory by uptr": (
        '$n = (uint64)args.filename; print(str(uptr((uint8 *)$n), 3) == "/no")'
    ),
    "library macros": 'print(ppid > 0 && pcomm != "" && leader_tid > 0)',
}
"""What is read in a probe whose own pointers are to the memory of the process."""

MISTAKES = {
    "an unknown kind": ("nope:x { }", ["nope:x: unknown probe kind 'nope'"]),
    "an unknown event": ("t:sched:nope { }", ["t:sched:nope: there is no tracepoint 'sched:nope'"]),
    "no event": (
        "tracepoint:sched { }",
        ["tracepoint:sched: a tracepoint has a category and a name"],
    ),
    "too many parts": ("t:a:b:c { }", ["t:a:b:c: a tracepoint has a category and a name"]),
    "an unknown argument": (
        "t:syscalls:sys_enter_close { print(args.nope) }",
        ["nope: syscalls:sys_enter_close has no field 'nope'"],
    ),
    "an argument of one of two": (
        "t:syscalls:sys_enter_close, t:syscalls:sys_enter_openat { print(args.filename) }",
        ["filename: syscalls:sys_enter_close has no field 'filename'"],
    ),
    "common fields": (
        "t:syscalls:sys_enter_close { print(args.common_pid) }",
        ["common_pid: syscalls:sys_enter_close has no field 'common_pid'"],
    ),
    "args where there are none": (
        "BEGIN { print(args.x) }",
        ["args: there are no args in a probe of kind begin"],
    ),
    "args in a loop": (
        "t:syscalls:sys_enter_close { for $i : 0..2 { print(args.fd) } }",
        ["args: args cannot be used in the body of a for loop"],
    ),
    "a target of BEGIN": (
        "BEGIN:x { }",
        ["BEGIN:x: BEGIN and END have no target, but here is 'x'"],
    ),
    "two tests of one name": (
        "test:a { } test:a { }",
        ["test:a: there is another test:a at stdin:1:1"],
    ),
    "no block": (
        "BEGIN",
        [": expected '{' or a /predicate/ after the attach point, found end of script"],
    ),
    "no attach point": (
        "{ print(1) }",
        ["{: expected an attach point, as in tracepoint:syscalls:sys_enter_openat, found '{'"],
    ),
    "a return value": ("BEGIN { return 5 }", ["5: a probe returns no value"]),
}


@pytest.mark.parametrize("name", ROWS)
def test_events(name: str) -> None:
    script, act, expected = ROWS[name]
    assert run(script, during=act).output.strip("\n") == expected


@pytest.mark.parametrize("name", SPACES)
def test_address_space(name: str) -> None:
    script = f"t:syscalls:sys_enter_openat {OPENAT} {{ {SPACES[name]} }}"
    assert run(script, during=look_at(MARK)).output.strip("\n") == "true"


@pytest.mark.parametrize("name", MISTAKES)
def test_mistake(name: str) -> None:
    script, expected = MISTAKES[name]
    assert mistakes(script) == expected


def test_an_interval_runs_again_and_again() -> None:
    script = "interval:ms:10 { @n++ } END { print(@n > 2); clear(@n) }"
    assert run(script, during=lambda: time.sleep(0.2)).output.strip("\n") == "true"


def test_an_interval_from_a_parameter() -> None:
    script = "interval:ms:$1 { @n = 1 } END { print(@n); clear(@n) }"
    assert run(script, "10", during=lambda: time.sleep(0.2)).output.strip("\n") == "@n: 1"
