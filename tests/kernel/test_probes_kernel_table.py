"""Raw tracepoints, tracepoints, timers, counters, iterators: what a script is handed there."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from kernel_calls import ABSENT, BAR, BYTES, Caller, Row, caller, check

from script_runs import run_script
from seismo.base.diagnostics import DiagnosticsError
from seismo.kernel.live import LiveKernel
from seismo.kernel.tracefs import Tracefs
from seismo.views import LiveView

pytestmark = pytest.mark.kernel

GETPPID = 110
PARENT, ZEROS, FOLDER, GET, ABSENTS = (
    "parent 3", "zeros 3", "folder 3", "get 3", "absent 3",
)  # fmt: skip
LONG = "zeros 100000"
OWN = f"/args.id == {GETPPID}/"
NUMBERED = f"/arg1 == {GETPPID}/"
REGS = "0xff[0-9a-f]{14}"

RAW: dict[str, Row] = {
    "probe": (
        f"rt:sys_enter {OWN} {{ @[probe, probetype] = count() }}",
        PARENT,
        ["@[rawtracepoint:vmlinux:sys_enter, rawtracepoint]: 3"],
    ),
    "by number": (
        f"rawtracepoint:sys_enter {NUMBERED} {{ @[args.regs->orig_ax] = count() }}",
        PARENT,
        ["@[110]: 3"],
    ),
    "a cast": (
        f"rt:sys_enter {NUMBERED} {{ $r = (struct pt_regs *)arg0; "
        "@[$r->orig_ax, $r == args.regs] = count() }",
        PARENT,
        ["@[110, true]: 3"],
    ),
    "all arguments": (
        f"rt:sys_enter {OWN} {{ print(args) }}",
        "parent 1",
        [rf"~\{{ \.regs = {REGS}, \.id = 110 \}}"],
    ),
    "two probes at one place": (
        f"rt:sys_enter {OWN} {{ print(1) }} rt:sys_enter {OWN} {{ print(2) }}",
        "parent 2",
        ["1", "2", "1", "2"],
    ),
    "a negative number": (
        'rt:sys_exit /args.ret == -21/ { printf("%d %ld %s\\n", args.ret, args.ret, '
        "strerror(-args.ret)) }",
        "folder 1",
        ["-21 -21 Is a directory"],
    ),
    "negative numbers in a hist": (
        "rt:sys_exit /args.ret == -21/ { @ = hist(args.ret) }",
        FOLDER,
        ["@:", f"(..., 0)               3 {BAR}"],
    ),
    "negative numbers in an lhist": (
        "rt:sys_exit /args.ret == -21/ { @ = lhist(args.ret, -30, 30, 10) }",
        FOLDER,
        ["@:", f"[-30, -20)             3 {BAR}"],
    ),
    "negative numbers in aggregations": (
        "rt:sys_exit /args.ret == -21/ { @m = min(args.ret); @s = stats(args.ret); "
        "@t = sum(args.ret) }",
        FOLDER,
        ["@m: -21", "@s: { .count = 3, .average = -21, .total = -63 }", "@t: -63"],
    ),
    "registers at the end": (
        f"rt:sys_exit /args->regs->orig_ax == 0 && args.ret == {BYTES}/ "
        "{ @[args.regs.dx] = count() }",
        ZEROS,
        [f"@[{BYTES}]: 3"],
    ),
    "a list": (
        "rt:sys_enter, rt:sys_exit { @[probe] = count() }",
        PARENT,
        ["@[rawtracepoint:vmlinux:sys_enter]: 5", "@[rawtracepoint:vmlinux:sys_exit]: 5"],
    ),
    "a wildcard": (
        "rt:sys_e* { @[probe] = count() }",
        PARENT,
        ["@[rawtracepoint:vmlinux:sys_enter]: 5", "@[rawtracepoint:vmlinux:sys_exit]: 5"],
    ),
    "a wildcard with numbered arguments": (
        "rt:sys_e* { @[arg0 != 0] = count() }",
        PARENT,
        ["@[true]: 10"],
    ),
    "several kinds": (
        "rt:sys_enter, t:raw_syscalls:sys_enter, BEGIN, END { @[probetype] = count() }",
        PARENT,
        ["@[special]: 2", "@[rawtracepoint]: 5", "@[tracepoint]: 5"],
    ),
    "arithmetic with pointers": (
        f"rt:sys_enter {OWN} {{ $x = args.regs; $y = $x + 1; "
        "@[(uint64)$y - (uint64)$x == sizeof(struct pt_regs), (uint64)$x >> 60, $x == 0] "
        "= count() }",
        PARENT,
        ["@[true, 15, false]: 3"],
    ),
    "a pointer in a predicate": (
        f"rt:sys_enter /args.regs && args.id == {GETPPID}/ {{ @ = count() }}",
        PARENT,
        ["@: 3"],
    ),
    "pointers kept": (
        f"rt:sys_enter {OWN} {{ @r[tid] = args.regs; @t = (args.regs, args.id) }} "
        "rt:sys_exit /@r[tid]/ { @[@r[tid] == args.regs, @t.1, @r[tid].orig_ax] = count(); "
        "delete(@r, tid); clear(@t) }",
        "parent 1",
        ["@[true, 110, 110]: 1"],
    ),
    "a struct behind a pointer": (
        f"rt:sys_enter {OWN} {{ $r = *args.regs; @r = *args.regs; print($r.orig_ax) }} "
        "END { print(@r.orig_ax); clear(@r) }",
        "parent 1",
        ["110", "110"],
    ),
    "a struct as a key": (
        f"rt:sys_enter {OWN} {{ @[*args.regs] = count() }} END {{ print(len(@)); clear(@) }}",
        "parent 1",
        ["1"],
    ),
    "a truth": (
        'rt:sched_switch /args.prev.comm == "caller" && args.prev_state == 1/ '
        "{ @[args.preempt, !args.preempt, (uint8)args.preempt] = count() }",
        "parent 1",
        ["@[false, true, 0]: 1"],
    ),
    "arrays of characters": (
        'rt:sched_switch /args.prev.comm == "caller" && args.prev_state == 1/ '
        "{ @[args.prev.comm, str(args.prev.comm), args.prev.pid == args.prev.tgid] = count() }",
        "parent 1",
        ["@[caller, caller, true]: 1"],
    ),
    "a nested member": (
        f"rt:sys_enter {OWN} {{ @[str(curtask.mm.exe_file.f_path.dentry.d_name.name), "
        "curtask.real_parent.tgid == ppid] = count() }",
        PARENT,
        ["@[caller, true]: 3"],
    ),
    "a loop over what was kept": (
        f"rt:sys_enter {OWN} {{ $id = args.id; for $i : 0..2 {{ @[$id + $i] = count() }} }}",
        PARENT,
        ["@[110]: 3", "@[111]: 3"],
    ),
    "stacks": (
        f"rt:sys_enter {OWN} {{ @[kstack(raw, 1)] = count(); @u[ustack(1)] = count() }} "
        "END { print((len(@), len(@u))); clear(@); clear(@u) }",
        PARENT,
        ["(1, 1)"],
    ),
}

TRACEPOINTS: dict[str, Row] = {
    "a wildcard": (
        f"t:raw_syscalls:sys_e* /args.id == {GETPPID}/ {{ @[probe] = count() }}",
        PARENT,
        ["@[tracepoint:raw_syscalls:sys_enter]: 3", "@[tracepoint:raw_syscalls:sys_exit]: 3"],
    ),
    "an entry of an array": (
        f"t:raw_syscalls:sys_enter /args.id == 0 && args.args[2] == {BYTES}/ "
        "{ @[args.args[0] > 0, args.args[1] != 0] = count() }",
        ZEROS,
        ["@[true, true]: 3"],
    ),
    "any category": (
        "t:*:sys_enter_getppid { @[probe] = count() }",
        PARENT,
        ["@[tracepoint:syscalls:sys_enter_getppid]: 3"],
    ),
    "a wildcard with a class": (
        "t:syscalls:sys_*_get[ps]*id { @[probe] = count() }",
        GET,
        [
            "@[tracepoint:syscalls:sys_enter_getpgid]: 3",
            "@[tracepoint:syscalls:sys_enter_getsid]: 3",
            "@[tracepoint:syscalls:sys_exit_getpgid]: 3",
            "@[tracepoint:syscalls:sys_exit_getsid]: 3",
        ],
    ),
    "a list with arguments": (
        "t:syscalls:sys_enter_getpgid, t:syscalls:sys_enter_getsid "
        "{ @[probe, args.pid] = count() }",
        GET,
        [
            "@[tracepoint:syscalls:sys_enter_getpgid, 0]: 3",
            "@[tracepoint:syscalls:sys_enter_getsid, 0]: 3",
        ],
    ),
    "pointers and numbers": (
        f"t:syscalls:sys_enter_read /args.count == {BYTES}/ "
        "{ @[args.buf != 0, args.count & 0xff, args.count % 100] = count() }",
        ZEROS,
        [f"@[true, {BYTES & 0xFF}, {BYTES % 100}]: 3"],
    ),
    "a string of the process": (
        f't:syscalls:sys_enter_openat /str(args.filename) == "{ABSENT}"/ '
        "{ @f[tid] = args.filename } t:syscalls:sys_exit_openat /@f[tid]/ "
        "{ @[str(@f[tid]), args.ret] = count(); delete(@f, tid) }",
        ABSENTS,
        [f"@[{ABSENT}, -2]: 3"],
    ),
    "arrays of characters": (
        't:sched:sched_switch /args.prev_comm == "caller" && args.prev_state == 1/ '
        "{ @[args.prev_comm, args.prev_pid == tid] = count() }",
        "parent 1",
        ["@[caller, true]: 1"],
    ),
    "in script order": (
        "t:syscalls:sys_enter_getppid { print(1) } t:syscalls:sys_enter_getp[p]id { print(2) } "
        "t:syscalls:sys_enter_getppid { print(3) }",
        "parent 2",
        ["1", "2", "3", "1", "2", "3"],
    ),
    "an unknown one is a warning": (
        'config = { missing_probes = "warn" } t:syscalls:no_such, t:syscalls:sys_enter_getppid '
        "{ @ = count() }",
        PARENT,
        ["@: 3"],
    ),
    "an unknown one is nothing": (
        'config = { missing_probes = "ignore" } rt:no_such { } t:a:b { } software:faults:1 { } '
        "t:syscalls:sys_enter_getppid { @ = count() }",
        PARENT,
        ["@: 3"],
    ),
}

TIMERS: dict[str, Row] = {
    "profile": (
        "profile:hz:999 { @[probe, probetype] = 1 } END { for $k : @ { print($k.0) } clear(@) }",
        LONG,
        ["(profile:hz:999, profile)"],
    ),
    "profile with a duration": (
        'profile:1ms { @[probe, reg("ip") != 0] = 1 } END { for $k : @ { print($k.0) } clear(@) }',
        LONG,
        ["(profile:1ms, true)"],
    ),
    "interval": (
        "interval:us:1000, i:ms:1 { @[probe] = 1 }",
        LONG,
        ["@[interval:ms:1]: 1", "@[interval:us:1000]: 1"],
    ),
    "interval with a duration": (
        "i:1ms { @[probe, probetype] = 1 }",
        LONG,
        ["@[interval:1ms, interval]: 1"],
    ),
    "software": (
        "s:cpu-clock:1000000 { @[probe] = 1 }",
        LONG,
        ["@[software:cpu-clock:1000000]: 1"],
    ),
    "a counter's stack": (
        # Only where it waits: how often it is interrupted depends on what else runs.
        "software:context-switches:1 /curtask.__state/ { @[probe, kstack(1)] = count() }",
        "parent 1",
        ["@[software:context-switches:1,", r"~(__)?schedule\+[0-9]+", "]: 1"],
    ),
    "fields of the context": (
        'profile:hz:999 { @[((struct bpf_perf_event_data *)ctx).regs.ip == reg("ip")] = 1 }',
        LONG,
        ["@[true]: 1"],
    ),
    "BEGIN and END": (
        "BEGIN { @a = 1 } BEGIN { @a += 1; print(@a) } END { print(3) } "
        "END { print(4); clear(@a) }",
        "parent 1",
        ["@a: 2", "3", "4"],
    ),
    "begin and end": (
        "begin { print((probe, probetype)) } END { print((probe, pid > 0)) }",
        "parent 1",
        ["(begin, special)", "(end, true)"],
    ),
}
ROWS = {
    f"{kind}: {name}": row
    for kind, rows in (("rawtracepoint", RAW), ("tracepoint", TRACEPOINTS), ("timer", TIMERS))
    for name, row in rows.items()
}

MISTAKES = {
    "rt:sys_enter { print(arg2) }": "there is no arg2: sys_enter has 2, the first is arg0",
    "rt:sys_e* { print(arg11) }": "there is no arg11: sys_enter has 2, the first is arg0",
    "rt:sys_enter { print(args.nope) }": "sys_enter has no field 'nope'",
    "rt:sys_enter { print(func) }": "func does not exist in a probe of kind rawtracepoint",
    "rt:sys_enter { print(retval) }": "retval does not exist in a probe of kind rawtracepoint",
    'rt:sys_enter { print(reg("ax")) }': "reg does not exist in a probe of kind rawtracepoint",
    "rt:sys_enter { for $i : 0..2 { print(arg0) } }": "arg0 cannot be used in the body of a for",
    "rt:sys_enter { for $i : 0..2 { print(args.id) } }": "args cannot be used in the body of a",
    "t:sched:sched_switch { print(arg0) }": "arg0 does not exist in a probe of kind tracepoint",
    "t:sched:sched_switch { print(retval) }": "retval does not exist in a probe of kind tracepoint",
    "interval:s:1 { print(arg0) }": "arg0 does not exist in a probe of kind interval",
    "interval:s:1 { print(args) }": "there are no args in a probe of kind interval",
    "interval:s:1 { $c = ctx; }": "ctx is no value of its own",
    "interval:s:1 { print(ctx) }": "ctx is no value of its own",
    "interval:s:1 { print((uint64)ctx) }": "ctx is no value of its own",
    "BEGIN { $c = ctx; }": "ctx is no value of its own",
    "BEGIN { print(func) }": "func does not exist in a probe of kind begin",
    'BEGIN { print(reg("ax")) }': "reg does not exist in a probe of kind begin",
    'profile:hz:9 { print(reg("nope")) }': "x86_64 has no register 'nope'",
    "profile:foo:9 { }": "'foo' is no unit of time",
    "profile:hz:0 { }": "an interval of 0 hz never ends",
    "profile:99 { }": "an interval of 99 ns is too short",
    "profile { }": "'' is no",
    "software:nope { }": "there is no software event 'nope'",
    "software:faults:x { }": "'x' is no count of events",
    "hardware:nope:1 { }": "there is no hardware event 'nope'",
    "watchpoint:0x1000:3:w { }": "a watchpoint's length is not 3",
    "watchpoint:0x1000:8:q { }": "a watchpoint's mode has no 'q'",
    "self:signal:SIGUSR2 { }": "a script cannot be told of 'SIGUSR2'",
    "BEGIN:x { }": "BEGIN and END have no target, but here is 'x'",
    "kprobe: { }": "'' is no kernel function",
    "kprobe:a:b:c { }": "'a:b:c' is no kernel function",
    "kretprobe:vfs_read+4 { }": "a kretprobe is where a function returns, and takes no offset",
    "fentry:vfs_read+4 { }": "fentry is about whole functions: 'vfs_read+4' is none",
    "rt:no_such { }": "there is no raw tracepoint 'no_such'",
    "t:sched:no_such* { }": "no tracepoint matches 'sched:no_such*'",
}


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caller]:
    with caller(tmp_path_factory.mktemp("caller")) as one:
        yield one


@pytest.mark.parametrize("name", ROWS)
def test_events(name: str, process: Caller) -> None:
    check(ROWS[name], process)


@pytest.mark.parametrize("script", MISTAKES)
def test_mistake(script: str) -> None:
    with pytest.raises(DiagnosticsError) as caught:
        run_script(script)
    assert MISTAKES[script] in caught.value.diagnostics[0].message


def test_a_kernel_without_function_probes_says_so_once() -> None:
    """A wildcard means many functions: what is true of them all is told of what is written."""
    with Tracefs(LiveKernel()) as tracefs:
        view = LiveView(LiveKernel(), tracefs)
        if view.has("kprobe") or view.has("fentry"):
            pytest.skip("this kernel probes functions")
    for written, near in (
        ("kprobe:vfs_rea*", "sys_enter_read"),
        ("k:vfs_rea*", "sys_enter_read"),
        ("kretprobe:vfs_rea*", "sys_exit_read"),
        ("fentry:vfs_rea*", "sys_enter_read"),
        ("fexit:vmlinux:vfs_rea*", "sys_exit_read"),
        ("kretprobe:__x64_sys_open*", "sys_exit_open*"),
    ):
        with pytest.raises(DiagnosticsError) as caught:
            run_script(f"{written} {{ }}")
        (one,) = caught.value.diagnostics
        assert one.message.startswith(f"{written} cannot be attached: ")
        assert one.hint.endswith(f"the nearest that works here is tracepoint:syscalls:{near}")
