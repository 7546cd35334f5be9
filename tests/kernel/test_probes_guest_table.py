"""Kernel functions: what a script is handed there, what it makes of it, and in which order."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from kernel_calls import ABSENT, BYTES, EMPTY, Caller, caller

from script_runs import run_script
from seismo.base.diagnostics import DiagnosticsError
from seismo.builtin.options import TaskFilter

pytestmark = [pytest.mark.kernel, pytest.mark.guest]

ZEROS, FOLDER, ABSENTS = ("zeros", 3), ("folder", 3), ("absent", 2)
READ = f"/args.count == {BYTES}/"
READ2 = f"/arg2 == {BYTES}/"
LISTED = f"/args.count == {EMPTY}/"
NAMED = f'/str(args.pathname.name) == "{ABSENT}"/'


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caller]:
    with caller(tmp_path_factory.mktemp("caller")) as one:
        yield one


Row = tuple[str, tuple[str, int], list[str]]

FENTRY: dict[str, Row] = {
    "an unsigned argument": (f"fentry:vfs_read {READ} {{ @[args.count] = count() }}", ZEROS, ["@[4242]: 3"]),
    "by its short name": (f"f:vfs_read {READ} {{ @ = count() }}", ZEROS, ["@: 3"]),
    "by its old name": (f"kfunc:vfs_read {READ} {{ @ = count() }}", ZEROS, ["@: 3"]),
    "by the kernel's name": (f"fentry:vmlinux:vfs_read {READ} {{ @[probe] = count() }}", ZEROS, ["@[fentry:vmlinux:vfs_read]: 3"]),
    "probe": (f"fentry:vfs_read {READ} {{ @[probe, probetype, func] = count() }}", ZEROS, ["@[fentry:vmlinux:vfs_read, fentry, vfs_read]: 3"]),
    "an arrow": (f"fentry:vfs_read /args->count == {BYTES}/ {{ @ = count() }}", ZEROS, ["@: 3"]),
    "a mask of an argument": (f"fentry:vfs_read {READ} {{ @[args.count & 0xff] = count() }}", ZEROS, [f"@[{BYTES & 0xff}]: 3"]),
    "sums of an argument": (f"fentry:vfs_read {READ} {{ @ = sum(args.count); @m = max(args.count + 1); @a = avg(args.count / 2) }}", ZEROS, ["@: 12726", "@a: 2121", "@m: 4243"]),
    "hist of an argument": (f"fentry:vfs_read {READ} {{ @ = hist(args.count) }}", ZEROS, ["@:", "[4K, 8K)               3 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@|"]),
    "a pointer and null": (f"fentry:vfs_read {READ} {{ @[args.file == 0, args.file != 0, args.buf > 0] = count() }}", ZEROS, ["@[false, true, true]: 3"]),
    "a pointer in a predicate": (f"fentry:vfs_read /args.file != 0 && args.count == {BYTES}/ {{ @ = count() }}", ZEROS, ["@: 3"]),
    "a pointer alone in a predicate": (f"fentry:vfs_read /args.file && args.count == {BYTES}/ {{ @ = count() }}", ZEROS, ["@: 3"]),
    "not a pointer": (f"fentry:vfs_read {READ} {{ if (!args.file) {{ @n = count() }} else {{ @ = count() }} }}", ZEROS, ["@: 3"]),
    "bits of a pointer": (f"fentry:vfs_read {READ} {{ @[(uint64)args.file >> 56] = count() }}", ZEROS, ["@[255]: 3"]),
    "a pointer printed by printf": (f'fentry:vfs_read {READ} {{ printf("%d %d %x\\n", (uint64)args.file >> 63, args.count, args.count) }}', ("zeros", 1), ["1 4242 1092"]),
    "printf %p is print": (f'fentry:vfs_read {READ} {{ printf("%p ", args.file); print(args.file) }}', ("zeros", 1), [r"~(0xff[0-9a-f]{14}) \1"]),
    "printf %llx of a pointer": (f'fentry:vfs_read {READ} {{ printf("%llx\\n", args.file) }}', ("zeros", 1), ["~ff[0-9a-f]{14}"]),
    "printf %d of a pointer": (f'fentry:vfs_read {READ} {{ printf("%ld\\n", args.file) }}', ("zeros", 1), ["~-[0-9]+"]),
    "all arguments": (f"fentry:vfs_read {READ} {{ print(args) }}", ("zeros", 1), [r"~\{ \.file = 0xff[0-9a-f]{14}, \.buf = 0x[0-9a-f]+, \.count = 4242, \.pos = 0x[0-9a-f]+ \}"]),
    "all arguments by printf": (f'fentry:vfs_read {READ} {{ printf("%s\\n", args) }}', ("zeros", 1), [r"~\{ \.file = 0xff[0-9a-f]{14}, \.buf = 0x[0-9a-f]+, \.count = 4242, \.pos = 0x[0-9a-f]+ \}"]),
    "arguments in a map": (f"fentry:vfs_read {READ} {{ @f[tid] = args.file; @c = args.count }} END {{ print(@c); clear(@f); clear(@c) }}", ZEROS, ["@c: 4242"]),
    "arguments in a tuple": (f"fentry:vfs_read {READ} {{ $t = (args.count, args.file == 0, 5); @[$t] = count(); }}", ZEROS, ["@[4242, false, 5]: 3"]),
    "a pointer in a tuple": (f"fentry:vfs_read {READ} {{ $t = (args.file, 5); @[str($t.0.f_path.dentry.d_name.name)] = count(); }}", ZEROS, ["@[zero]: 3"]),
    "a pointer from a map": (f"fentry:vfs_read {READ} {{ @f[tid] = args.file }} fexit:vfs_read /@f[tid]/ {{ @[str(@f[tid].f_path.dentry.d_name.name)] = count(); delete(@f, tid) }}", ZEROS, ["@[zero]: 3"]),
    "a pointer in a variable": (f"fentry:vfs_read {READ} {{ $f = args.file; $d = $f.f_path.dentry; @[str($d.d_name.name)] = count(); }}", ZEROS, ["@[zero]: 3"]),
    "a pointer of a ternary": (f"fentry:vfs_read {READ} {{ $f = args.count > 1 ? args.file : args.file; @[$f == args.file] = count(); }}", ZEROS, ["@[true]: 3"]),
    "nested members": (f"fentry:vfs_read {READ} {{ @[args.file.f_inode.i_rdev, args->file->f_path.dentry->d_name.len] = count(); }}", ZEROS, [f"@[{(1 << 20) | 5}, 4]: 3"]),
    "the name's length": (f"fentry:vfs_read {READ} {{ @[strlen(str(args.file.f_path.dentry.d_name.name))] = count(); }}", ZEROS, ["@[4]: 3"]),
    "a struct by value": (f"fentry:vfs_read {READ} {{ $p = args.file.f_path; @[str($p.dentry.d_name.name)] = count(); }}", ZEROS, ["@[zero]: 3"]),
    "a struct as a key": (f"fentry:vfs_read {READ} {{ @[args.file.f_path] = count() }} END {{ print(len(@)); clear(@) }}", ZEROS, ["1"]),
    "a pointer's target": (f"fentry:vfs_read {READ} {{ $f = *args.file; @[$f.f_mode & 1] = count(); }}", ZEROS, ["@[1]: 3"]),
    "path": (f"fentry:vfs_read {READ} {{ @[path(args.file.f_path)] = count() }}", ZEROS, ["E|allow"]),
    "path where it is allowed": ('fentry:security_file_open /str(args.file.f_path.dentry.d_name.name) == "null"/ { @[path(args.file.f_path)] = count() }', ("open", 3), ["@[/dev/null]: 3"]),
    "arrays of characters": (f"fentry:vfs_read {READ} {{ $t = curtask; @[$t.comm, comm] = count() }}", ZEROS, ["@[caller, caller]: 3"]),
    "an array of characters compared": (f'fentry:vfs_read /args.count == {BYTES} && curtask.comm == "caller"/ {{ @ = count() }}', ZEROS, ["@: 3"]),
    "strings in structs": (f"fentry:do_filp_open {NAMED} {{ @[args.dfd, str(args.pathname.name), args.op.open_flag & 3] = count() }}", ABSENTS, [f"@[-100, {ABSENT}, 0]: 2"]),
    "the start of a string": (f"fentry:do_filp_open {NAMED} {{ @[str(args.pathname.name, 4)] = count() }}", ABSENTS, ["@[/no/]: 2"]),
    "a string in a predicate": (f'fentry:do_filp_open /strncmp(str(args.pathname.name), "/no/such", 8) == 0/ {{ @ = count() }}', ABSENTS, ["@: 2"]),
    "one character": (f"fentry:do_filp_open {NAMED} {{ $s = args.pathname.name; @[$s[0], *($s + 1)] = count() }}", ABSENTS, ["@[47, 110]: 2"]),
    "a signed argument printed": (f'fentry:do_filp_open {NAMED} {{ printf("%d %u %ld\\n", args.dfd, args.dfd, args.dfd) }}', ("absent", 1), ["-100 4294967196 -100"]),
    "a signed argument compared": (f"fentry:do_filp_open /args.dfd < 0/ {{ if (str(args.pathname.name) == \"{ABSENT}\") {{ @ = min(args.dfd) }} }}", ABSENTS, ["@: -100"]),
    "a signed argument in a hist": (f"fentry:do_filp_open {NAMED} {{ @ = hist(args.dfd) }}", ABSENTS, ["@:", "(..., 0)               2 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@|"]),
    "a string of the process": (f'fentry:do_sys_openat2 /str(uptr(args.filename)) == "{ABSENT}"/ {{ @[args.how.flags & 3] = count() }}', ABSENTS, ["@[0]: 2"]),
    "the registers of a call": ("fentry:__x64_sys_getpgid { @[args.regs.di, args.regs.orig_ax] = count() }", ("get", 4), ["@[0, 121]: 4"]),
    "arguments by number": (f"fentry:vfs_read /arg2 == {BYTES}/ {{ @[arg0 == (uint64)args.file] = count() }}", ZEROS, ["@[true]: 3"]),
    "arguments by number, cast": (f"fentry:vfs_read {READ} {{ @[str(((struct file *)arg0).f_path.dentry.d_name.name)] = count() }}", ZEROS, ["@[zero]: 3"]),
    "two probes at one place": (f"fentry:vfs_read {READ} {{ print(1) }} fentry:vfs_read {READ} {{ print(2) }} fentry:vfs_read {READ} {{ print(3) }}", ("zeros", 2), ["1", "2", "3", "1", "2", "3"]),
    "two places in one probe": ("fentry:__x64_sys_getpgid, fentry:__x64_sys_getsid { @[probe] = count() }", ("get", 4), ["@[fentry:vmlinux:__x64_sys_getpgid]: 4", "@[fentry:vmlinux:__x64_sys_getsid]: 4"]),
    "a wildcard": ("fentry:__x64_sys_get[ps]*id { @[func] = count() }", ("get", 4), ["@[__x64_sys_getpgid]: 4", "@[__x64_sys_getsid]: 4"]),
    "a wildcard and arguments": ("fentry:__x64_sys_get[ps]gid, fentry:__x64_sys_gets?d { @[args.regs.di] = count() }", ("get", 4), ["E|"]),
    "the caller": (f"fentry:vfs_read {READ} {{ @[kstack(3)] = count() }}", ZEROS, ["~@\\[", "~bpf_prog_.*", "~bpf_trampoline_.*", "~vfs_read\\+[0-9]+", "]: 3"]),
    "loops over kept arguments": (f"fentry:vfs_read {READ} {{ $c = args.count; for $i : 0..2 {{ @[$c + $i] = count() }} }}", ZEROS, ["@[4242]: 3", "@[4243]: 3"]),
    "a loop over bytes": (f"fentry:do_filp_open {NAMED} {{ $s = args.pathname.name; for $i : 0..3 {{ @[$i, $s[$i]] = count() }} }}", ABSENTS, ["@[0, 47]: 2", "@[1, 110]: 2", "@[2, 111]: 2"]),
    "a macro of the arguments": (f"macro size(a) {{ a.count }} fentry:vfs_read {READ} {{ @[size(args)] = count() }}", ZEROS, ["@[4242]: 3"]),
    "a cast to a small number": (f"fentry:vfs_read {READ} {{ @[(uint8)args.count, (int16)args.count] = count() }}", ZEROS, [f"@[{BYTES & 0xff}, {BYTES}]: 3"]),
    "signal by kernel memory": (f"fentry:vfs_read {READ} {{ @[buf(args.file.f_path.dentry.d_name.name, 4)] = count() }}", ZEROS, ["@[zero]: 3"]),
    "ksym of a member": (f"fentry:vfs_read {READ} {{ @[ksym(args.file.f_op.read_iter)] = count() }}", ZEROS, ["@[read_iter_zero]: 3"]),
    "a function pointer printed": (f'fentry:vfs_read {READ} {{ printf("%s\\n", ksym((uint64)args.file.f_op.read_iter)) }}', ("zeros", 1), ["read_iter_zero"]),
    "sizeof": (f"fentry:vfs_read {READ} {{ @[sizeof(args.count), sizeof(args.file), sizeof(*args.file) > 100] = count() }}", ZEROS, ["@[8, 8, true]: 3"]),
    "an address of a socket": ("fentry:tcp_v4_connect { $a = (struct sockaddr_in *)args.uaddr; @[bswap($a.sin_port), ntop($a.sin_addr.s_addr), args.addr_len] = count() }", ("connect", 3), ["@[4660, 127.0.0.1, 16]: 3"]),
    "a socket": ("fentry:tcp_v4_connect { @[args.sk.__sk_common.skc_family, args.sk.sk_protocol, args->sk->sk_type] = count() }", ("connect", 3), ["@[2, 6, 1]: 3"]),
    "an upcast": ("fentry:tcp_v4_connect { $t = (struct tcp_sock *)args.sk; @[$t.inet_conn.icsk_inet.sk.sk_protocol, ((struct inet_sock *)args.sk).sk.sk_type] = count() }", ("connect", 3), ["@[6, 1]: 3"]),
    "a bit field": ("fentry:tcp_v4_connect { @[args.sk.sk_kern_sock, args.sk.sk_no_check_tx, ((struct tcp_sock *)args.sk).nonagle] = count() }", ("connect", 3), ["@[0, 0, 0]: 3"]),
    "a namespace": ("fentry:tcp_v4_connect { @[args.sk.__sk_common.skc_net.net.ns.inum > 1000] = count() }", ("connect", 3), ["@[true]: 3"]),
    "the file system's name": (f"fentry:vfs_read {READ} {{ @[str(args.file.f_inode.i_sb.s_type.name), args.file.f_inode.i_sb.s_id] = count() }}", ZEROS, ["@[devtmpfs, devtmpfs]: 3"]),
    "an inode's mode": (f"fentry:vfs_read {READ} {{ @[args.file.f_inode.i_mode & 0170000 == 0020000, args.file.f_inode.i_mode & 0170000] = count() }}", ZEROS, ["~.*8192\\]: 3"]),
    "what a pointer to a number points to": (f"fentry:vfs_read {READ} {{ @[*args.pos] = count() }}", ZEROS, ["@[0]: 3"]),
    "an argument of type int": ("fentry:ns_capable { @[args.cap] = count(); @n[args.cap == 21] = count(); @u[args.ns.ns.inum > 0] = count() }", ("hostname", 5), ["@[21]: 5", "@n[true]: 5", "@u[true]: 5"]),
    "an enumerator": ("fentry:ns_capable /args.cap < 40/ { @[sizeof(struct file) > 100, AF_INET] = count() }", ("hostname", 5), ["~.*"]),
    "strings joined": (f'fentry:do_filp_open {NAMED} {{ printf("%s %s %d\\n", comm, str(args.pathname.name), strlen(str(args.pathname.name))) }}', ("absent", 1), [f"caller {ABSENT} {len(ABSENT)}"]),
    "struct as a value": (f'fentry:do_filp_open {NAMED} {{ $o = *args.op; @[$o.open_flag & 3, $o.acc_mode & 4] = count() }}', ABSENTS, ["@[0, 4]: 2"]),
    "struct printed": (f'fentry:do_filp_open {NAMED} {{ print(*args.op) }}', ("absent", 1), [r"~\{ \.open_flag = .*\}"]),
    "string in if": (f'fentry:do_filp_open {{ if (str(args.pathname.name) == "{ABSENT}") {{ @yes = count() }} else {{ @no = count() }} }}', ABSENTS, ["@yes: 2"]),
    "map of strings": (f'fentry:do_filp_open {NAMED} {{ @n[tid] = str(args.pathname.name) }} fexit:do_filp_open /@n[tid] != ""/ {{ @[@n[tid], is_err(retval)] = count(); delete(@n, tid) }}', ABSENTS, [f"@[{ABSENT}, true]: 2"]),
    "args of a list": ("fentry:__x64_sys_getsid, fentry:__x64_sys_getpgid { @[args.regs.orig_ax] = count() }", ("get", 4), ["@[121]: 4", "@[124]: 4"]),
    "args of a wildcard": ("fentry:__x64_sys_gets[i]d { @[args.regs.di] = count() }", ("get", 4), ["@[0]: 4"]),
    "container_of": (f"fentry:vfs_read {READ} {{ $d = args.file.f_path.dentry; @[container_of(&$d.d_name, struct dentry, d_name) == $d] = count() }}", ZEROS, ["E|"]),
}

FEXIT: dict[str, Row] = {
    "a result": (f"fexit:vfs_read {READ} {{ @[retval] = count() }}", ZEROS, ["@[4242]: 3"]),
    "by its short name": (f"fr:vfs_read {READ} {{ @[retval] = count() }}", ZEROS, ["@[4242]: 3"]),
    "by its old name": (f"kretfunc:vfs_read {READ} {{ @[probe] = count() }}", ZEROS, ["@[fexit:vmlinux:vfs_read]: 3"]),
    "a negative result": (f"fexit:vfs_read {LISTED} {{ @[retval] = count() }}", FOLDER, ["@[-21]: 3"]),
    "a negative result printed": (f'fexit:vfs_read {LISTED} {{ printf("%d %ld %s\\n", retval, retval, strerror(-retval)) }}', ("folder", 1), ["-21 -21 Is a directory"]),
    "a negative result compared": (f"fexit:vfs_read /retval < 0 && args.count == {EMPTY}/ {{ @ = min(retval); @s = stats(retval) }}", FOLDER, ["@: -21", "@s: { .count = 3, .average = -21, .total = -63 }"]),
    "a negative result in a hist": (f"fexit:vfs_read {LISTED} {{ @ = hist(retval) }}", FOLDER, ["@:", "(..., 0)               3 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@|"]),
    "a negative result in an lhist": (f"fexit:vfs_read {LISTED} {{ @ = lhist(retval, -30, 30, 10) }}", FOLDER, ["@:", "[-30, -20)             3 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@|"]),
    "a result of type bool": ("fexit:ns_capable { @[retval] = count() }", ("hostname", 5), ["@[true]: 5"]),
    "a result of type bool printed": ('fexit:ns_capable /args.cap == 21/ { printf("%d %s\\n", retval, retval) }', ("hostname", 1), ["1 true"]),
    "a result of type bool in a predicate": ("fexit:ns_capable /retval/ { @ = count() } fexit:ns_capable /!retval/ { @no = count() }", ("hostname", 5), ["@: 5"]),
    "a result of type int": ('fexit:security_file_open /str(args.file.f_path.dentry.d_name.name) == "null"/ { @[retval] = count() }', ("open", 3), ["@[0]: 3"]),
    "a pointer": ('fexit:do_filp_open /str(args.pathname.name) == "/dev/null"/ { @[str(retval.f_path.dentry.d_name.name), is_err(retval)] = count() }', ("open", 3), ["@[null, false]: 3"]),
    "an error for a pointer": (f"fexit:do_filp_open {NAMED} {{ @[is_err(retval), (int64)retval] = count() }}", ABSENTS, ["@[true, -2]: 2"]),
    "a pointer cast": ('fexit:do_filp_open /str(args.pathname.name) == "/dev/null"/ { $f = (struct file *)retval; @[$f.f_flags & 3] = count() }', ("open", 3), ["@[2]: 3"]),
    "nothing returned": ("fexit:putname { @ = count() }", ("absent", 3), ["@: 3"]),
    "what returns nothing": ("fexit:putname { print(retval) }", ZEROS, ["E|returns nothing"]),
    "arguments and result": (f"fexit:vfs_read /retval == args.count && args.count == {BYTES}/ {{ @ = count() }}", ZEROS, ["@: 3"]),
    "arguments by number": (f"fexit:vfs_read /arg2 == {BYTES}/ {{ @[retval] = count() }}", ZEROS, ["@[4242]: 3"]),
    "entry and return": (f"fentry:vfs_read {READ} {{ @s[tid] = nsecs }} fexit:vfs_read /@s[tid]/ {{ @[nsecs > @s[tid]] = count(); delete(@s, tid) }}", ZEROS, ["@[true]: 3"]),
    "two probes at one place": (f"fexit:vfs_read {READ} {{ print(1) }} fexit:vfs_read {READ} {{ print(2) }}", ("zeros", 2), ["1", "2", "1", "2"]),
    "a list of two kinds": (f"fentry:vfs_read, fexit:vfs_read {READ} {{ @[probe] = count() }}", ZEROS, ["@[fentry:vmlinux:vfs_read]: 3", "@[fexit:vmlinux:vfs_read]: 3"]),
    "retval in fentry": ("fentry:vfs_read { print(retval) }", ZEROS, ["E|retval does not exist in a probe of kind fentry"]),
    "an int result of a wildcard": ("fexit:__x64_sys_get[ps]*id { @[func, retval >= 0] = count() }", ("get", 4), ["@[__x64_sys_getpgid, true]: 4", "@[__x64_sys_getsid, true]: 4"]),
}

KPROBE: dict[str, Row] = {
    "a call": (f"kprobe:vfs_read {READ2} {{ @ = count() }}", ZEROS, ["@: 3"]),
    "by its short name": (f"k:vfs_read {READ2} {{ @[probe, probetype, func] = count() }}", ZEROS, ["@[kprobe:vfs_read, kprobe, vfs_read]: 3"]),
    "registers": (f'kprobe:vfs_read /reg("dx") == {BYTES}/ {{ @[reg("di") == arg0, arg2] = count() }}', ZEROS, ["@[true, 4242]: 3"]),
    "a cast of an argument": (f"kprobe:vfs_read {READ2} {{ $f = (struct file *)arg0; @[str($f->f_path.dentry->d_name.name)] = count() }}", ZEROS, ["@[zero]: 3"]),
    "a cast of an argument, with registers": (f'kprobe:vfs_read /arg2 == {BYTES} && reg("sp") != 0/ {{ @[str(((struct file *)arg0)->f_path.dentry->d_name.name)] = count() }}', ZEROS, ["@[zero]: 3"]),
    "kstack": (f"kprobe:vfs_read {READ2} {{ @[kstack(1)] = count() }}", ZEROS, ["~@\\[", "~vfs_read\\+[0-9]+", "]: 3"]),
    "kstack by fields": (f"kprobe:vfs_read {READ2} {{ @[kstack(raw, 2)] = count() }}", ZEROS, ["~@\\[", "~ffffffff[0-9a-f]{8}", "~ffffffff[0-9a-f]{8}", "]: 3"]),
    "ctx": (f"kprobe:vfs_read {READ2} {{ @[((struct pt_regs *)ctx).dx] = count() }}", ZEROS, ["@[4242]: 3"]),
    "result": (f"kretprobe:vfs_read /retval == {BYTES}/ {{ @[probe, probetype, func] = count() }}", ZEROS, ["@[kretprobe:vfs_read, kretprobe, vfs_read]: 3"]),
    "result by registers": (f'kr:vfs_read /retval == {BYTES} && reg("sp") != 0/ {{ @[reg("ax")] = count() }}', ZEROS, ["@[4242]: 3"]),
    "a negative result": (f"kprobe:vfs_read /arg2 == {EMPTY}/ {{ @r[tid] = 1 }} kretprobe:vfs_read /@r[tid]/ {{ @[(int32)retval] = count(); delete(@r, tid) }}", FOLDER, ["@[-21]: 3"]),
    "entry and return in one probe": ("kprobe:__x64_sys_getsid, kretprobe:__x64_sys_getsid { @[probe] = count() }", ("get", 4), ["@[kprobe:__x64_sys_getsid]: 4", "@[kretprobe:__x64_sys_getsid]: 4"]),
    "several kinds in one probe": ("kprobe:__x64_sys_getsid, tracepoint:syscalls:sys_enter_getsid, fexit:__x64_sys_getsid, END { @[probe] = count() }", ("get", 4), ["@[end]: 1", "@[fexit:vmlinux:__x64_sys_getsid]: 4", "@[kprobe:__x64_sys_getsid]: 4", "@[tracepoint:syscalls:sys_enter_getsid]: 4"]),
    "two probes at one place": (f"kprobe:vfs_read {READ2} {{ print(1) }} kprobe:vfs_read {READ2} {{ print(2) }} kprobe:vfs_read {READ2} {{ print(3) }}", ("zeros", 2), ["1", "2", "3", "1", "2", "3"]),
    "two probes with registers": (f'kprobe:vfs_read {READ2} {{ print((1, reg("dx"))) }} kprobe:vfs_read {READ2} {{ print((2, reg("dx"))) }}', ("zeros", 2), ["(1, 4242)", "(2, 4242)", "(1, 4242)", "(2, 4242)"]),
    "two wildcards": (f"kprobe:vfs_rea[d] {READ2} {{ print(1) }} kprobe:vfs_rea* {READ2} {{ print(2) }}", ("zeros", 2), ["1", "2", "1", "2"]),
    "two probes at one return": (f"kretprobe:vfs_read /retval == {BYTES}/ {{ print(1) }} kretprobe:vfs_read /retval == {BYTES}/ {{ print(2) }}", ("zeros", 2), ["1", "2", "1", "2"]),
    "a wildcard and kstack": (f"kprobe:vfs_rea[d] {READ2} {{ @[kstack(1), probe] = count() }}", ZEROS, ["~@\\[", "~vfs_read\\+[0-9]+", ", kprobe:vfs_read]: 3"]),
    "a wildcard of returns": ("kretprobe:__x64_sys_get[ps]*id { @[probe] = count() }", ("get", 4), ["@[kretprobe:__x64_sys_getpgid]: 4", "@[kretprobe:__x64_sys_getsid]: 4"]),
    "arguments in a map": (f"kprobe:vfs_read {READ2} {{ @f[tid] = arg0; @n[tid] = arg2 }} kretprobe:vfs_read /@f[tid]/ {{ $f = (struct file *)@f[tid]; @[str($f.f_path.dentry.d_name.name), retval == @n[tid]] = count(); delete(@f, tid); delete(@n, tid) }}", ZEROS, ["@[zero, true]: 3"]),
    "a hist of an argument": (f"kprobe:vfs_read {READ2} {{ @ = lhist(arg2, 0, 10000, 1000) }}", ZEROS, ["@:", "[4000, 5000)           3 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@|"]),
    "a user's string": (f'kprobe:do_sys_openat2 /str(uptr(arg1)) == "{ABSENT}"/ {{ @ = count() }}', ABSENTS, ["@: 2"]),
    "arguments of a call": ("kprobe:__x64_sys_getpgid { @[((struct pt_regs *)arg0).orig_ax] = count() }", ("get", 4), ["@[121]: 4"]),
    "too many arguments": ("kprobe:vfs_read { print(arg6) }", ZEROS, ["E|there is no arg6"]),
    "retval at entry": ("kprobe:vfs_read { print(retval) }", ZEROS, ["E|retval does not exist in a probe of kind kprobe"]),
    "args at return": ("kretprobe:vfs_read { print(arg0) }", ZEROS, ["E|arg0 does not exist in a probe of kind kretprobe"]),
    "args in a loop": ("kprobe:vfs_read { for $i : 0..2 { print(arg0) } }", ZEROS, ["E|arg0 cannot be used in the body of a for loop"]),
    "args of fentry in a loop": ("fentry:vfs_read { for $i : 0..2 { print(args.count) } }", ZEROS, ["E|args cannot be used in the body of a for loop"]),
    "retval in a loop": ("kretprobe:vfs_read { for $i : 0..2 { print(retval) } }", ZEROS, ["E|retval cannot be used in the body of a for loop"]),
    "no such argument": ("fentry:vfs_read { print(args.nope) }", ZEROS, ["E|vfs_read has no field 'nope'"]),
    "too many arguments of fentry": ("fentry:vfs_read { print(arg4) }", ZEROS, ["E|vfs_read has 4 arguments"]),
    "a missing function is a warning": ("config = { missing_probes = \"warn\" } kprobe:nope_nope { } kprobe:__x64_sys_getsid { @ = count() }", ("get", 4), ["@: 4"]),
    "a missing function is nothing": ("config = { missing_probes = \"ignore\" } kprobe:nope_nope, kprobe:__x64_sys_getsid { @ = count() }", ("get", 4), ["@: 4"]),
    "an offset with a predicate": ("kprobe:__x64_sys_getsid+0 { @[probe] = count() }", ("get", 4), ["@[kprobe:__x64_sys_getsid]: 4"]),
    "a raw tracepoint, typed": (f'rt:sys_enter /args.id == 110/ {{ @[args.regs.orig_ax] = count() }}', ("parent", 4), ["@[110]: 4"]),
    "a context in place": (f"kprobe:vfs_read {READ2} {{ $r = (struct pt_regs *)ctx; print($r.dx) }}", ZEROS, ["E|is no value of its own"]),
    "an address of a socket": (f"kprobe:tcp_v4_connect {{ $a = (struct sockaddr_in *)arg1; @[bswap($a.sin_port), ntop($a.sin_addr.s_addr), $a->sin_family] = count() }}", ("connect", 3), ["@[4660, 127.0.0.1, 2]: 3"]),
    "a socket": (f"kprobe:tcp_v4_connect {{ $s = (struct sock *)arg0; @[$s.__sk_common.skc_family, $s.sk_protocol, $s.sk_type] = count() }}", ("connect", 3), ["@[2, 6, 1]: 3"]),
    "a result without a sign": ("kretprobe:tcp_v4_connect { @[(int32)retval < 0] = count() }", ("connect", 3), ["~.*3"]),
    "kprobe and its registers in script order": (f'kprobe:vfs_read {READ2} {{ print(1) }} kprobe:vfs_read {READ2} {{ print((2, reg("dx"))) }} kprobe:vfs_read {READ2} {{ print(3) }}', ("zeros", 2), ["1", "(2, 4242)", "3", "1", "(2, 4242)", "3"]),
    "a wildcard and one of it in script order": (f'kprobe:vfs_rea[d] {READ2} {{ print(1) }} kprobe:vfs_read {READ2} {{ print(2) }}', ("zeros", 1), ["1", "2"]),
    "one and a wildcard in script order": (f'kprobe:vfs_read {READ2} {{ print(1) }} kprobe:vfs_rea[d] {READ2} {{ print(2) }}', ("zeros", 1), ["1", "2"]),
    "wildcards of returns in script order": (f'kretprobe:vfs_rea[d] /retval == {BYTES}/ {{ print(1) }} kretprobe:vfs_rea[d] /retval == {BYTES}/ {{ print(2) }}', ("zeros", 2), ["1", "2", "1", "2"]),
    "returns with registers in script order": (f'kretprobe:vfs_read /retval == {BYTES}/ {{ print((1, reg("ax"))) }} kretprobe:vfs_read /retval == {BYTES}/ {{ print((2, reg("ax"))) }}', ("zeros", 2), ["(1, 4242)", "(2, 4242)", "(1, 4242)", "(2, 4242)"]),
    "fentry before kprobe": (f'fentry:vfs_read {READ} {{ print(1) }} kprobe:vfs_read {READ2} {{ print(2) }}', ("zeros", 1), ["1", "2"]),
    "kprobe before fentry": (f'kprobe:vfs_read {READ2} {{ print(1) }} fentry:vfs_read {READ} {{ print(2) }}', ("zeros", 1), ["1", "2"]),
    "kretprobe before fexit": (f'kretprobe:vfs_read /retval == {BYTES}/ {{ print(1) }} fexit:vfs_read {READ} {{ print(2) }}', ("zeros", 1), ["1", "2"]),
    "retval in a hist": (f"kretprobe:vfs_read /retval == {BYTES}/ {{ @ = hist(retval); @s = sum(retval) }}", ZEROS, ["@:", "[4K, 8K)               3 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@|", "@s: 12726"]),
    "a raw tracepoint too": ("rt:sys_enter, kprobe:__x64_sys_getsid { @[probetype] = count() } END { print(@[\"kprobe\"]); clear(@) }", ("get", 4), ["4"]),
}
ROWS = {f"{name}: {row}": found for name, rows in (("fentry", FENTRY), ("fexit", FEXIT), ("kprobe", KPROBE)) for row, found in rows.items()}


@pytest.mark.parametrize("name", ROWS)
def test_calls(name: str, process: Caller) -> None:
    script, (what, count), expected = ROWS[name]
    if expected[0].startswith("E|"):
        with pytest.raises(DiagnosticsError) as caught:
            run_script(script)
        assert expected[0][2:] in caught.value.diagnostics[0].message
        return
    ran = run_script(script, lambda: process.do(what, count), filter=TaskFilter(process.pid))
    lines = [line.strip() for line in ran.output.splitlines() if line.strip()]
    assert len(lines) == len(expected), lines
    for line, one in zip(lines, expected, strict=True):
        assert re.fullmatch(one[1:], line) if one[0] == "~" else line == one, lines
