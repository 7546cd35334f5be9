"""Built-in variables and functions, one row for each; strings and maps have tables of their own."""

from __future__ import annotations

import os
import pwd
import time
from pathlib import Path

import pytest
from language_cases import mistakes, printed, run, warned

pytestmark = pytest.mark.kernel

COMM = Path("/proc/self/comm").read_text(encoding="utf-8").strip()
OSTYPE = Path("/proc/sys/kernel/ostype").read_text(encoding="utf-8").strip()

VARIABLES = {
    "pid": str(os.getpid()),
    "pid()": str(os.getpid()),
    "pid(curr_ns)": str(os.getpid()),
    "tid == pid": "true",
    "tid(curr_ns) == tid()": "true",
    "pid(init) > 0": "true",
    "tid(init) > 0": "true",
    "uid": str(os.getuid()),
    "gid": str(os.getgid()),
    "comm": COMM,
    "comm()": COMM,
    "username": pwd.getpwuid(os.getuid()).pw_name,
    "nsecs > 0": "true",
    "nsecs() > 0": "true",
    "nsecs(monotonic) <= nsecs(boot)": "true",
    "nsecs(boot) - nsecs < 1s": "true",
    "nsecs(tai) / 1000000000 - nsecs(sw_tai) / 1000000000 < 2": "true",
    "elapsed < 100s": "true",
    "cpu < ncpus": "true",
    "cpu() < ncpus()": "true",
    "numaid < 64": "true",
    "rand >> 32": "0",
    "jiffies > 0": "true",
    "cgroup > 0": "true",
    "curtask.pid == tid": "true",
    "curtask() == curtask": "true",
    "cpid": "0",
    "has_cpid": "false",
    "probe": "begin",
    "probe()": "begin",
    "probetype": "special",
    "ppid": str(os.getppid()),
    "ppid()": str(os.getppid()),
    "ppid(curtask)": str(os.getppid()),
    "pcomm == curtask.real_parent.comm": "true",
    "pcomm(curtask) == pcomm()": "true",
    "leader_tid == pid": "true",
    "leader_tid(curtask) == leader_tid": "true",
    "leader_comm == comm": "true",
    "leader_comm(curtask) == leader_comm()": "true",
    "config.max_strlen": "1024",
    "default_str_length": "1024",
    "default_str_length()": "1024",
    "$#": "0",
}

BODIES = {
    "is_literal": (
        (
            'print(is_literal(5)); print(is_literal("a")); print(is_literal(true)); '
            "print(is_literal(pid)); $x = 5; print(is_literal($x))"
        ),
        "true\ntrue\ntrue\nfalse\nfalse",
    ),
    "is_str": (
        'print(is_str("a")); print(is_str(comm)); print(is_str(5)); print(is_str(curtask))',
        "true\ntrue\nfalse\nfalse",
    ),
    "is_integer": (
        (
            'print(is_integer(5)); print(is_integer(pid)); print(is_integer("a")); '
            "print(is_integer(curtask))"
        ),
        "true\ntrue\nfalse\nfalse",
    ),
    "is_unsigned_integer": (
        (
            "print(is_unsigned_integer((uint8)5)); print(is_unsigned_integer(pid)); "
            "print(is_unsigned_integer((int8)5))"
        ),
        "true\ntrue\nfalse",
    ),
    "is_ptr": (
        "print(is_ptr(curtask)); print(is_ptr((int8 *)0)); print(is_ptr(5))",
        "true\ntrue\nfalse",
    ),
    "is_array": (
        'print(is_array((uint8[4])(uint32)1)); print(is_array(5)); print(is_array("a"))',
        "true\nfalse\nfalse",
    ),
    "is_err": (
        (
            "print(is_err((int8 *)0xfffffffffffffff0)); print(is_err(curtask)); "
            "print(is_err((int8 *)0))"
        ),
        "true\nfalse\nfalse",
    ),
    "static_assert": ('static_assert(sizeof(int32) == 4, "four"); print(1)', "1"),
    "static_assert where it does not stand": (
        'if comptime (0) { static_assert(0, "never") } print(1)',
        "1",
    ),
    "fail where it does not stand": ('if comptime (0) { fail("never") } else { print(1) }', "1"),
    "assert": ('assert(1 == 1, "fine"); print(1)', "1"),
    "assert_str": ('assert_str("x"); assert_str(comm); print(1)', "1"),
    "sizeof, offsetof": (
        "print(sizeof(struct list_head)); print(offsetof(struct list_head, prev))",
        "16\n8",
    ),
    "typeof": (
        (
            "let $x : typeof(pid) = 5; print(sizeof($x)); print(sizeof((typeof(pid))1)); "
            "print(sizeof(typeof(nsecs)))"
        ),
        "4\n4\n8",
    ),
    "kaddr and ksym": (
        (
            'print(kaddr("vfs_read") > 0); print(ksym(kaddr("vfs_read"))); '
            'print(ksym(kaddr("vfs_read") + 5))'
        ),
        "true\nvfs_read\nvfs_read",
    ),
    "ksym in printf and maps": (
        '$k = ksym(kaddr("vfs_read")); printf("[%-10s]\\n", $k); @[$k] = 1; print(@); clear(@)',
        "[vfs_read  ]\n@[vfs_read]: 1",
    ),
    "ksym of what is no symbol": ("print(ksym(1))", "0x1"),
    "kfunc_allowed": ('print(kfunc_allowed("no_such_kfunc"))', "false"),
    "kfunc_exist is known at compile time": (
        'if comptime (kfunc_exist("no_such_kfunc")) { print(1) } else { print(2) }',
        "2",
    ),
    "kptr and uptr": (
        "print(kptr(curtask) == curtask); print(kptr(curtask).pid == tid); print(uptr((int8 *)5))",
        "true\ntrue\n0x5",
    ),
    "container_of": (
        (
            "$p = (uint64)curtask + offsetof(struct task_struct, pid); "
            "print(container_of($p, struct task_struct, pid) == curtask)"
        ),
        "true",
    ),
    "strftime": (
        (
            'print(strftime("at %%", nsecs)); $t = strftime("year %Y", nsecs); '
            'printf("%d\\n", 1); @[strftime("x", nsecs)] = 1; print(@); clear(@)'
        ),
        "at %\n1\n@[x]: 1",
    ),
    "strftime of a variable": (
        '$n = nsecs; printf("%s|%5s|\\n", strftime("ok", $n), strftime("ab", $n))',
        "ok|   ab|",
    ),
    "cat": ('cat("/proc/sys/kernel/%s", "ostype")', OSTYPE),
    "cat of a number": ('cat("/proc/%d/comm", pid)', COMM),
    "time": (r'time("now\n"); time("%%\n")', "now\n%"),
    "join of nothing": ("join(0)", ""),
    "in a tuple, a key, a condition": (
        (
            "@[pid, tid, comm, cpu] = count(); print(len(@)); "
            "if (pid == tid && uid >= 0) { print((pid == tid, comm == comm)) } clear(@)"
        ),
        "1\n(true, true)",
    ),
    "built-ins keep their values": (
        "$a = nsecs; $b = nsecs; print($a <= $b); $p = pid; print($p == pid)",
        "true\ntrue",
    ),
}

MISTAKES = {
    "the name of another process": (
        "print(comm(pid))",
        [
            "pid: the name of another process cannot be read: that takes the kernel function"
            " bpf_task_from_pid()"
        ],
    ),
    "unknown": ("print(nowhere)", ["nowhere: unknown name 'nowhere'"]),
    "an unknown function": ("nowhere(1)", ["nowhere: unknown function 'nowhere'"]),
    "an unknown clock": ("print(nsecs(foo))", ["foo: unknown clock 'foo'"]),
    "an unknown namespace": ("print(pid(foo))", ["foo: unknown PID namespace 'foo'"]),
    "an argument of none": ("print(uid(1))", ["uid(1): uid() takes no arguments, not 1"]),
    "fail": ('fail("bad %s %d", "luck", 5)', ['fail("bad %s %d", "luck", 5): bad luck 5']),
    "static_assert": ('static_assert(1 == 2, "bad luck")', ["1 == 2: bad luck"]),
    "static_assert of what is not known": (
        'static_assert(pid > 0, "x")',
        ["pid > 0: the condition of static_assert() must be a literal"],
    ),
    "assert_str": (
        "assert_str(5)",
        ["assert_str(5): this must be a string, an array of char or a pointer to char"],
    ),
    "no symbol": (
        'print(kaddr("no_such_symbol"))',
        ["\"no_such_symbol\": no kernel symbol 'no_such_symbol'"],
    ),
    "no control group": (
        'print(cgroupid("/no/such"))',
        ["\"/no/such\": no control group '/no/such': No such file or directory"],
    ),
    "no member": (
        "print(container_of(curtask, struct task_struct, nope))",
        ["nope: struct task_struct has no member 'nope'"],
    ),
    "offsetof without a member": (
        "print(offsetof(struct list_head, nope))",
        ["offsetof(struct list_head, nope): struct list_head has no field 'nope'"],
    ),
    "a type as a value": ("print(typeof(5))", ["typeof(5): typeof(5) is a type, not a value"]),
    "unsafe": ('system("true")', ["system: system() may change what it traces, or the system"]),
    "the code of exit": ('exit("x")', ['"x": the code of exit() must be a number, not string[2]']),
    "len of a number": ("print(len(5))", ["5: len() takes a map or a stack, not int8"]),
    "override in BEGIN": (
        "override(1)",
        ["override: override() may change what it traces, or the system"],
    ),
    "an IPv6 address as IPv4": (
        'print(ntop(2, pton("::1")))',
        ['pton("::1"): an IPv4 address is not the 16 bytes of uint8[16]'],
    ),
}


@pytest.mark.parametrize("expression", VARIABLES)
def test_variable(expression: str) -> None:
    assert printed(f"print({expression})") == VARIABLES[expression]


@pytest.mark.parametrize("name", BODIES)
def test_body(name: str) -> None:
    body, expected = BODIES[name]
    assert printed(body) == expected.strip("\n")


@pytest.mark.parametrize("name", MISTAKES)
def test_mistake(name: str) -> None:
    body, expected = MISTAKES[name]
    assert mistakes(f"BEGIN {{ {body} }}") == expected


@pytest.mark.skipif(
    " runqueues\n" not in Path("/proc/kallsyms").read_text(encoding="utf-8"),
    reason="needs CONFIG_KALLSYMS_ALL: the addresses of the kernel's variables",
)
def test_percpu_kaddr() -> None:
    body = """$q = (struct rq *)percpu_kaddr("runqueues", 1); if ($q != 0) { print($q.cpu) }
    $own = (struct rq *)percpu_kaddr("runqueues"); print($own.cpu == cpu);
    print(percpu_kaddr("runqueues", 4096) == 0)"""
    assert printed(body) == "1\ntrue\ntrue"


def test_an_assertion_that_does_not_hold_ends_the_run() -> None:
    ran = run('BEGIN { assert(1 == 2, "not fine"); print(1) } END { print(2) }')
    assert (ran.output.strip("\n"), ran.code) == ("2", 1)
    assert ran.errors == "stdin:1:9: ERROR: Assertion failed: not fine\n"


def test_errorf_and_warnf() -> None:
    ran = run('BEGIN { errorf("bad %d", 5); warnf("odd %s", "x"); }')
    assert ran.errors == "stdin:1:9: ERROR: bad 5\nstdin:1:30: WARNING: odd x\n"


def test_cat_of_what_is_not_there() -> None:
    ran = run('BEGIN { cat("/no/such/file"); print(1) }')
    assert ran.output.strip("\n") == "1"
    assert "cannot read '/no/such/file': No such file or directory" in ran.errors


def test_system() -> None:
    ran = run('BEGIN { system("echo %d %s", 5, "x"); system("exit 3"); print(1) }', is_unsafe=True)
    assert ran.output.strip("\n") == "5 x\n1"


def test_division_by_zero_is_told() -> None:
    ran = run("BEGIN { $z = 0; print(5 / $z); print(5 % $z) }")
    assert ran.output.strip("\n") == "1\n1"
    assert ran.errors.count("division by zero") == 2


def test_the_clocks_are_those_of_the_system() -> None:
    for name, clock in (("monotonic", time.CLOCK_MONOTONIC), ("tai", time.CLOCK_TAI)):
        before = time.clock_gettime_ns(clock)
        now = int(printed(f"print(nsecs({name}))"))
        assert before <= now <= time.clock_gettime_ns(clock)


def test_strftime_knows_the_clock() -> None:
    wanted = time.strftime("%Y-%m-%d")
    body = 'print(strftime("%Y-%m-%d", nsecs)); print(strftime("%Y-%m-%d", nsecs(tai)))'
    assert printed(body).splitlines() in ([wanted, wanted], [time.strftime("%Y-%m-%d")] * 2)


def test_debugf_is_warned_of() -> None:
    (warning,) = warned('BEGIN { debugf("x %d", 5) }')
    assert warning.startswith("debugf: ")


def test_typeinfo() -> None:
    body = """print(typeinfo(pid).base_type); print(typeinfo(pid).full_type);
    print(typeinfo("ab").full_type); print(typeinfo(struct list_head).full_type);
    if comptime (typeinfo(pid).full_type == "uint32") { print("same") }
    if comptime (typeinfo(pid) == typeinfo(uint32)) { print("same") }"""
    ran = run(f"config = {{ unstable_typeinfo = enable }} BEGIN {{ {body} }}")
    assert ran.output.split() == [
        "int",
        "uint32",
        "string[3]",
        "struct",
        "list_head",
        "same",
        "same",
    ]
