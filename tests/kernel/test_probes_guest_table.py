"""Kernel functions by kprobe and kretprobe; the order of probes at one place; what is refused."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from kernel_calls import BAR, Caller, Row, caller, check

from script_runs import run_script
from seismo.base.diagnostics import DiagnosticsError

pytestmark = [pytest.mark.kernel, pytest.mark.guest]

ROWS: dict[str, Row] = {
    "a call": (
        "kprobe:vfs_read /arg2 == 4242/ { @ = count() }",
        "zeros 3",
        ["@: 3"],
    ),
    "by its short name": (
        "k:vfs_read /arg2 == 4242/ { @[probe, probetype, func] = count() }",
        "zeros 3",
        ["@[kprobe:vfs_read, kprobe, vfs_read]: 3"],
    ),
    "registers": (
        'kprobe:vfs_read /reg("dx") == 4242/ { @[reg("di") == arg0, arg2] = count() }',
        "zeros 3",
        ["@[true, 4242]: 3"],
    ),
    "a cast of an argument": (
        "kprobe:vfs_read /arg2 == 4242/ { $f = (struct file *)arg0; "
        "@[str($f->f_path.dentry->d_name.name)] = count() }",
        "zeros 3",
        ["@[zero]: 3"],
    ),
    "a cast of an argument, with registers": (
        'kprobe:vfs_read /arg2 == 4242 && reg("sp") != 0/ { @[str(((struct file '
        "*)arg0)->f_path.dentry->d_name.name)] = count() }",
        "zeros 3",
        ["@[zero]: 3"],
    ),
    "kstack": (
        "kprobe:vfs_read /arg2 == 4242/ { @[kstack(1)] = count() }",
        "zeros 3",
        [r"~@\[", r"~vfs_read\+[0-9]+", "]: 3"],
    ),
    "kstack by fields": (
        "kprobe:vfs_read /arg2 == 4242/ { @[kstack(raw, 2)] = count() }",
        "zeros 3",
        [r"~@\[", "~ffffffff[0-9a-f]{8}", "~ffffffff[0-9a-f]{8}", "]: 3"],
    ),
    "ctx": (
        "kprobe:vfs_read /arg2 == 4242/ { @[((struct pt_regs *)ctx).dx] = count() }",
        "zeros 3",
        ["@[4242]: 3"],
    ),
    "result": (
        "kretprobe:vfs_read /retval == 4242/ { @[probe, probetype, func] = count() }",
        "zeros 3",
        ["@[kretprobe:vfs_read, kretprobe, vfs_read]: 3"],
    ),
    "result by registers": (
        'kr:vfs_read /retval == 4242 && reg("sp") != 0/ { @[reg("ax")] = count() }',
        "zeros 3",
        ["@[4242]: 3"],
    ),
    "a negative result": (
        "kprobe:vfs_read /arg2 == 77/ { @r[tid] = 1 } kretprobe:vfs_read /@r[tid]/ { "
        "@[(int32)retval] = count(); delete(@r, tid) }",
        "folder 3",
        ["@[-21]: 3"],
    ),
    "entry and return in one probe": (
        "kprobe:__x64_sys_getsid, kretprobe:__x64_sys_getsid { @[probe] = count() }",
        "get 4",
        ["@[kprobe:__x64_sys_getsid]: 4", "@[kretprobe:__x64_sys_getsid]: 4"],
    ),
    "several kinds in one probe": (
        "kprobe:__x64_sys_getsid, tracepoint:syscalls:sys_enter_getsid, "
        "fexit:__x64_sys_getsid, END { @[probe] = count() }",
        "get 4",
        [
            "@[end]: 1",
            "@[fexit:vmlinux:__x64_sys_getsid]: 4",
            "@[kprobe:__x64_sys_getsid]: 4",
            "@[tracepoint:syscalls:sys_enter_getsid]: 4",
        ],
    ),
    "a wildcard and kstack": (
        "kprobe:vfs_rea[d] /arg2 == 4242/ { @[kstack(1), probe] = count() }",
        "zeros 3",
        [r"~@\[", r"~vfs_read\+[0-9]+", ", kprobe:vfs_read]: 3"],
    ),
    "a wildcard of returns": (
        "kretprobe:__x64_sys_get[ps]*id { @[probe] = count() }",
        "get 4",
        ["@[kretprobe:__x64_sys_getpgid]: 4", "@[kretprobe:__x64_sys_getsid]: 4"],
    ),
    "arguments in a map": (
        "kprobe:vfs_read /arg2 == 4242/ { @f[tid] = arg0; @n[tid] = arg2 } "
        "kretprobe:vfs_read /@f[tid]/ { $f = (struct file *)@f[tid]; "
        "@[str($f.f_path.dentry.d_name.name), retval == @n[tid]] = count(); delete(@f, "
        "tid); delete(@n, tid) }",
        "zeros 3",
        ["@[zero, true]: 3"],
    ),
    "a hist of an argument": (
        "kprobe:vfs_read /arg2 == 4242/ { @ = lhist(arg2, 0, 10000, 1000) }",
        "zeros 3",
        ["@:", f"[4000, 5000)           3 {BAR}"],
    ),
    "a user's string": (
        'kprobe:do_sys_openat2 /str(uptr(arg1)) == "/no/such/seismograph"/ { @ = count() }',
        "absent 2",
        ["@: 2"],
    ),
    "arguments of a call": (
        "kprobe:__x64_sys_getpgid { @[((struct pt_regs *)arg0).orig_ax] = count() }",
        "get 4",
        ["@[121]: 4"],
    ),
    "a missing function is a warning": (
        'config = { missing_probes = "warn" } kprobe:nope_nope { } kprobe:__x64_sys_getsid '
        "{ @ = count() }",
        "get 4",
        ["@: 4"],
    ),
    "a missing function is nothing": (
        'config = { missing_probes = "ignore" } kprobe:nope_nope, kprobe:__x64_sys_getsid '
        "{ @ = count() }",
        "get 4",
        ["@: 4"],
    ),
    "an offset with a predicate": (
        "kprobe:__x64_sys_getsid+0 { @[probe] = count() }",
        "get 4",
        ["@[kprobe:__x64_sys_getsid]: 4"],
    ),
    "a raw tracepoint, typed": (
        "rt:sys_enter /args.id == 110/ { @[args.regs.orig_ax] = count() }",
        "parent 4",
        ["@[110]: 4"],
    ),
    "an address of a socket": (
        "kprobe:tcp_v4_connect { $a = (struct sockaddr_in *)arg1; @[bswap($a.sin_port), "
        "ntop($a.sin_addr.s_addr), $a->sin_family] = count() }",
        "connect 3",
        ["@[4660, 127.0.0.1, 2]: 3"],
    ),
    "a socket": (
        "kprobe:tcp_v4_connect { $s = (struct sock *)arg0; @[$s.__sk_common.skc_family, "
        "$s.sk_protocol, $s.sk_type] = count() }",
        "connect 3",
        ["@[2, 6, 1]: 3"],
    ),
    "a result without a sign": (
        "kretprobe:tcp_v4_connect { @[(int32)retval < 0] = count() }",
        "connect 3",
        ["~.*3"],
    ),
    "retval in a hist": (
        "kretprobe:vfs_read /retval == 4242/ { @ = hist(retval); @s = sum(retval) }",
        "zeros 3",
        ["@:", f"[4K, 8K)               3 {BAR}", "@s: 12726"],
    ),
    "a raw tracepoint too": (
        "rt:sys_enter, kprobe:__x64_sys_getsid { @[probetype] = count() } END { "
        'print(@["kprobe"]); clear(@) }',
        "get 4",
        ["4"],
    ),
    "two probes at one place": (
        "kprobe:vfs_read /arg2 == 4242/ { print(1) } kprobe:vfs_read /arg2 == 4242/ { "
        "print(2) } kprobe:vfs_read /arg2 == 4242/ { print(3) }",
        "zeros 2",
        ["1", "2", "3", "1", "2", "3"],
    ),
    "two probes with registers": (
        'kprobe:vfs_read /arg2 == 4242/ { print((1, reg("dx"))) } kprobe:vfs_read /arg2 == '
        '4242/ { print((2, reg("dx"))) }',
        "zeros 2",
        ["(1, 4242)", "(2, 4242)", "(1, 4242)", "(2, 4242)"],
    ),
    "two wildcards": (
        "kprobe:vfs_rea[d] /arg2 == 4242/ { print(1) } kprobe:vfs_rea* /arg2 == 4242/ { print(2) }",
        "zeros 2",
        ["1", "2", "1", "2"],
    ),
    "two probes at one return": (
        "kretprobe:vfs_read /retval == 4242/ { print(1) } kretprobe:vfs_read /retval == "
        "4242/ { print(2) }",
        "zeros 2",
        ["1", "2", "1", "2"],
    ),
    "kprobe and its registers in script order": (
        "kprobe:vfs_read /arg2 == 4242/ { print(1) } kprobe:vfs_read /arg2 == 4242/ { "
        'print((2, reg("dx"))) } kprobe:vfs_read /arg2 == 4242/ { print(3) }',
        "zeros 2",
        ["1", "(2, 4242)", "3", "1", "(2, 4242)", "3"],
    ),
    "a wildcard and one of it in script order": (
        "kprobe:vfs_rea[d] /arg2 == 4242/ { print(1) } kprobe:vfs_read /arg2 == 4242/ { print(2) }",
        "zeros 1",
        ["1", "2"],
    ),
    "one and a wildcard in script order": (
        "kprobe:vfs_read /arg2 == 4242/ { print(1) } kprobe:vfs_rea[d] /arg2 == 4242/ { print(2) }",
        "zeros 1",
        ["1", "2"],
    ),
    "wildcards of returns in script order": (
        "kretprobe:vfs_rea[d] /retval == 4242/ { print(1) } kretprobe:vfs_rea[d] /retval "
        "== 4242/ { print(2) }",
        "zeros 2",
        ["1", "2", "1", "2"],
    ),
    "returns with registers in script order": (
        'kretprobe:vfs_read /retval == 4242/ { print((1, reg("ax"))) } kretprobe:vfs_read '
        '/retval == 4242/ { print((2, reg("ax"))) }',
        "zeros 2",
        ["(1, 4242)", "(2, 4242)", "(1, 4242)", "(2, 4242)"],
    ),
    "fentry before kprobe": (
        "fentry:vfs_read /args.count == 4242/ { print(1) } kprobe:vfs_read /arg2 == 4242/ "
        "{ print(2) }",
        "zeros 1",
        ["1", "2"],
    ),
    "kprobe before fentry": (
        "kprobe:vfs_read /arg2 == 4242/ { print(1) } fentry:vfs_read /args.count == 4242/ "
        "{ print(2) }",
        "zeros 1",
        ["1", "2"],
    ),
    "kretprobe before fexit": (
        "kretprobe:vfs_read /retval == 4242/ { print(1) } fexit:vfs_read /args.count == "
        "4242/ { print(2) }",
        "zeros 1",
        ["1", "2"],
    ),
    "two fentry probes at one place": (
        "fentry:vfs_read /args.count == 4242/ { print(1) } fentry:vfs_read /args.count == "
        "4242/ { print(2) } fentry:vfs_read /args.count == 4242/ { print(3) }",
        "zeros 2",
        ["1", "2", "3", "1", "2", "3"],
    ),
    "two fexit probes at one place": (
        "fexit:vfs_read /args.count == 4242/ { print(1) } fexit:vfs_read /args.count == "
        "4242/ { print(2) }",
        "zeros 2",
        ["1", "2", "1", "2"],
    ),
}

MISTAKES = {
    "fexit:putname { print(retval) }": "returns nothing",
    "fentry:vfs_read { print(retval) }": "retval does not exist in a probe of kind fentry",
    "kprobe:vfs_read { print(arg6) }": "there is no arg6",
    "kprobe:vfs_read { print(retval) }": "retval does not exist in a probe of kind kprobe",
    "kretprobe:vfs_read { print(arg0) }": "arg0 does not exist in a probe of kind kretprobe",
    "kprobe:vfs_read { for $i : 0..2 { print(arg0) } }": (
        "arg0 cannot be used in the body of a for loop"
    ),
    "fentry:vfs_read { for $i : 0..2 { print(args.count) } }": (
        "args cannot be used in the body of a for loop"
    ),
    "kretprobe:vfs_read { for $i : 0..2 { print(retval) } }": (
        "retval cannot be used in the body of a for loop"
    ),
    "fentry:vfs_read { print(args.nope) }": "vfs_read has no field 'nope'",
    "fentry:vfs_read { print(arg4) }": "vfs_read has 4 arguments",
    "kprobe:vfs_read /arg2 == 4242/ { $r = (struct pt_regs *)ctx; print($r.dx) }": (
        "is no value of its own"
    ),
}


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caller]:
    with caller(tmp_path_factory.mktemp("caller")) as one:
        yield one


@pytest.mark.parametrize("name", ROWS)
def test_calls(name: str, process: Caller) -> None:
    check(ROWS[name], process)


@pytest.mark.parametrize("script", MISTAKES)
def test_mistake(script: str) -> None:
    with pytest.raises(DiagnosticsError) as caught:
        run_script(script)
    assert MISTAKES[script] in caught.value.diagnostics[0].message
