"""Arguments of kernel functions with their types: what a script makes of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from kernel_calls import BAR, Caller, Row, caller, check

pytestmark = [pytest.mark.kernel, pytest.mark.guest]

ROWS: dict[str, Row] = {
    "an unsigned argument": (
        "fentry:vfs_read /args.count == 4242/ { @[args.count] = count() }",
        "zeros 3",
        ["@[4242]: 3"],
    ),
    "by its short name": (
        "f:vfs_read /args.count == 4242/ { @ = count() }",
        "zeros 3",
        ["@: 3"],
    ),
    "by its old name": (
        "kfunc:vfs_read /args.count == 4242/ { @ = count() }",
        "zeros 3",
        ["@: 3"],
    ),
    "by the kernel's name": (
        "fentry:vmlinux:vfs_read /args.count == 4242/ { @[probe] = count() }",
        "zeros 3",
        ["@[fentry:vmlinux:vfs_read]: 3"],
    ),
    "probe": (
        "fentry:vfs_read /args.count == 4242/ { @[probe, probetype, func] = count() }",
        "zeros 3",
        ["@[fentry:vmlinux:vfs_read, fentry, vfs_read]: 3"],
    ),
    "an arrow": (
        "fentry:vfs_read /args->count == 4242/ { @ = count() }",
        "zeros 3",
        ["@: 3"],
    ),
    "a mask of an argument": (
        "fentry:vfs_read /args.count == 4242/ { @[args.count & 0xff] = count() }",
        "zeros 3",
        ["@[146]: 3"],
    ),
    "sums of an argument": (
        "fentry:vfs_read /args.count == 4242/ { @ = sum(args.count); @m = max(args.count + "
        "1); @a = avg(args.count / 2) }",
        "zeros 3",
        ["@: 12726", "@a: 2121", "@m: 4243"],
    ),
    "hist of an argument": (
        "fentry:vfs_read /args.count == 4242/ { @ = hist(args.count) }",
        "zeros 3",
        ["@:", f"[4K, 8K)               3 {BAR}"],
    ),
    "a pointer and null": (
        "fentry:vfs_read /args.count == 4242/ { @[args.file == 0, args.file != 0, args.buf "
        "> 0] = count() }",
        "zeros 3",
        ["@[false, true, true]: 3"],
    ),
    "a pointer in a predicate": (
        "fentry:vfs_read /args.file != 0 && args.count == 4242/ { @ = count() }",
        "zeros 3",
        ["@: 3"],
    ),
    "a pointer alone in a predicate": (
        "fentry:vfs_read /args.file && args.count == 4242/ { @ = count() }",
        "zeros 3",
        ["@: 3"],
    ),
    "not a pointer": (
        "fentry:vfs_read /args.count == 4242/ { if (!args.file) { @n = count() } else { @ "
        "= count() } }",
        "zeros 3",
        ["@: 3"],
    ),
    "bits of a pointer": (
        "fentry:vfs_read /args.count == 4242/ { @[(uint64)args.file >> 56] = count() }",
        "zeros 3",
        ["@[255]: 3"],
    ),
    "a pointer printed by printf": (
        'fentry:vfs_read /args.count == 4242/ { printf("%d %d %x\\n", (uint64)args.file >> '
        "63, args.count, args.count) }",
        "zeros 1",
        ["1 4242 1092"],
    ),
    "printf %p is print": (
        'fentry:vfs_read /args.count == 4242/ { printf("%p ", args.file); print(args.file) }',
        "zeros 1",
        [r"~(0xff[0-9a-f]{14}) \1"],
    ),
    "printf %llx of a pointer": (
        'fentry:vfs_read /args.count == 4242/ { printf("%llx\\n", args.file) }',
        "zeros 1",
        ["~ff[0-9a-f]{14}"],
    ),
    "printf %d of a pointer": (
        'fentry:vfs_read /args.count == 4242/ { printf("%ld\\n", args.file) }',
        "zeros 1",
        ["~-[0-9]+"],
    ),
    "all arguments": (
        "fentry:vfs_read /args.count == 4242/ { print(args) }",
        "zeros 1",
        [
            (
                r"~\{ \.file = 0xff[0-9a-f]{14}, \.buf = 0x[0-9a-f]+, \.count = 4242, "
                r"\.pos = 0x[0-9a-f]+ \}"
            ),
        ],
    ),
    "all arguments by printf": (
        'fentry:vfs_read /args.count == 4242/ { printf("%s\\n", args) }',
        "zeros 1",
        [
            (
                r"~\{ \.file = 0xff[0-9a-f]{14}, \.buf = 0x[0-9a-f]+, \.count = 4242, "
                r"\.pos = 0x[0-9a-f]+ \}"
            ),
        ],
    ),
    "arguments in a map": (
        "fentry:vfs_read /args.count == 4242/ { @f[tid] = args.file; @c = args.count } END "
        "{ print(@c); clear(@f); clear(@c) }",
        "zeros 3",
        ["@c: 4242"],
    ),
    "arguments in a tuple": (
        "fentry:vfs_read /args.count == 4242/ { $t = (args.count, args.file == 0, 5); "
        "@[$t] = count(); }",
        "zeros 3",
        ["@[4242, false, 5]: 3"],
    ),
    "a pointer in a tuple": (
        "fentry:vfs_read /args.count == 4242/ { $t = (args.file, 5); "
        "@[str($t.0.f_path.dentry.d_name.name)] = count(); }",
        "zeros 3",
        ["@[zero]: 3"],
    ),
    "a pointer from a map": (
        "fentry:vfs_read /args.count == 4242/ { @f[tid] = args.file } fexit:vfs_read "
        "/@f[tid]/ { @[str(@f[tid].f_path.dentry.d_name.name)] = count(); delete(@f, tid) }",
        "zeros 3",
        ["@[zero]: 3"],
    ),
    "a pointer in a variable": (
        "fentry:vfs_read /args.count == 4242/ { $f = args.file; $d = $f.f_path.dentry; "
        "@[str($d.d_name.name)] = count(); }",
        "zeros 3",
        ["@[zero]: 3"],
    ),
    "a pointer of a ternary": (
        "fentry:vfs_read /args.count == 4242/ { $f = args.count > 1 ? args.file : "
        "args.file; @[$f == args.file] = count(); }",
        "zeros 3",
        ["@[true]: 3"],
    ),
    "nested members": (
        "fentry:vfs_read /args.count == 4242/ { @[args.file.f_inode.i_rdev, "
        "args->file->f_path.dentry->d_name.len] = count(); }",
        "zeros 3",
        ["@[1048581, 4]: 3"],
    ),
    "the name's length": (
        "fentry:vfs_read /args.count == 4242/ { "
        "@[strlen(str(args.file.f_path.dentry.d_name.name))] = count(); }",
        "zeros 3",
        ["@[4]: 3"],
    ),
    "a struct by value": (
        "fentry:vfs_read /args.count == 4242/ { $p = args.file.f_path; "
        "@[str($p.dentry.d_name.name)] = count(); }",
        "zeros 3",
        ["@[zero]: 3"],
    ),
    "a struct as a key": (
        "fentry:vfs_read /args.count == 4242/ { @[args.file.f_path] = count() } END { "
        "print(len(@)); clear(@) }",
        "zeros 3",
        ["1"],
    ),
    "a pointer's target": (
        "fentry:vfs_read /args.count == 4242/ { $f = *args.file; @[$f.f_mode & 1] = count(); }",
        "zeros 3",
        ["@[1]: 3"],
    ),
    "path where it is allowed": (
        'fentry:security_file_open /str(args.file.f_path.dentry.d_name.name) == "null"/ { '
        "@[path(args.file.f_path)] = count() }",
        "open 3",
        ["@[/dev/null]: 3"],
    ),
    "arrays of characters": (
        "fentry:vfs_read /args.count == 4242/ { $t = curtask; @[$t.comm, comm] = count() }",
        "zeros 3",
        ["@[caller, caller]: 3"],
    ),
    "an array of characters compared": (
        'fentry:vfs_read /args.count == 4242 && curtask.comm == "caller"/ { @ = count() }',
        "zeros 3",
        ["@: 3"],
    ),
    "strings in structs": (
        'fentry:do_filp_open /str(args.pathname.name) == "/no/such/seismograph"/ { '
        "@[args.dfd, str(args.pathname.name), args.op.open_flag & 3] = count() }",
        "absent 2",
        ["@[-100, /no/such/seismograph, 0]: 2"],
    ),
    "the start of a string": (
        'fentry:do_filp_open /str(args.pathname.name) == "/no/such/seismograph"/ { '
        "@[str(args.pathname.name, 4)] = count() }",
        "absent 2",
        ["@[/no/]: 2"],
    ),
    "a string in a predicate": (
        'fentry:do_filp_open /strncmp(str(args.pathname.name), "/no/such", 8) == 0/ { @ = '
        "count() }",
        "absent 2",
        ["@: 2"],
    ),
    "one character": (
        'fentry:do_filp_open /str(args.pathname.name) == "/no/such/seismograph"/ { $s = '
        "args.pathname.name; @[$s[0], *($s + 1)] = count() }",
        "absent 2",
        ["@[47, 110]: 2"],
    ),
    "a signed argument printed": (
        'fentry:do_filp_open /str(args.pathname.name) == "/no/such/seismograph"/ { '
        'printf("%d %u %ld\\n", args.dfd, args.dfd, args.dfd) }',
        "absent 1",
        ["-100 4294967196 -100"],
    ),
    "a signed argument compared": (
        "fentry:do_filp_open /args.dfd < 0/ { if (str(args.pathname.name) == "
        '"/no/such/seismograph") { @ = min(args.dfd) } }',
        "absent 2",
        ["@: -100"],
    ),
    "a signed argument in a hist": (
        'fentry:do_filp_open /str(args.pathname.name) == "/no/such/seismograph"/ { @ = '
        "hist(args.dfd) }",
        "absent 2",
        ["@:", f"(..., 0)               2 {BAR}"],
    ),
    "a string of the process": (
        'fentry:do_sys_openat2 /str(uptr(args.filename)) == "/no/such/seismograph"/ { '
        "@[args.how.flags & 3] = count() }",
        "absent 2",
        ["@[0]: 2"],
    ),
    "the registers of a call": (
        "fentry:__x64_sys_getpgid { @[args.regs.di, args.regs.orig_ax] = count() }",
        "get 4",
        ["@[0, 121]: 4"],
    ),
    "arguments by number": (
        "fentry:vfs_read /arg2 == 4242/ { @[arg0 == (uint64)args.file] = count() }",
        "zeros 3",
        ["@[true]: 3"],
    ),
    "arguments by number, cast": (
        "fentry:vfs_read /args.count == 4242/ { @[str(((struct file "
        "*)arg0).f_path.dentry.d_name.name)] = count() }",
        "zeros 3",
        ["@[zero]: 3"],
    ),
    "two probes at one place": (
        "fentry:vfs_read /args.count == 4242/ { print(1) } fentry:vfs_read /args.count == "
        "4242/ { print(2) } fentry:vfs_read /args.count == 4242/ { print(3) }",
        "zeros 2",
        ["1", "2", "3", "1", "2", "3"],
    ),
    "two places in one probe": (
        "fentry:__x64_sys_getpgid, fentry:__x64_sys_getsid { @[probe] = count() }",
        "get 4",
        ["@[fentry:vmlinux:__x64_sys_getpgid]: 4", "@[fentry:vmlinux:__x64_sys_getsid]: 4"],
    ),
    "a wildcard": (
        "fentry:__x64_sys_get[ps]*id { @[func] = count() }",
        "get 4",
        ["@[__x64_sys_getpgid]: 4", "@[__x64_sys_getsid]: 4"],
    ),
    "the caller": (
        "fentry:vfs_read /args.count == 4242/ { @[kstack(3)] = count() }",
        "zeros 3",
        [r"~@\[", "~bpf_prog_.*", "~bpf_(trampoline|prog)_.*", r"~vfs_read\+[0-9]+", "]: 3"],
    ),
    "loops over kept arguments": (
        "fentry:vfs_read /args.count == 4242/ { $c = args.count; for $i : 0..2 { @[$c + "
        "$i] = count() } }",
        "zeros 3",
        ["@[4242]: 3", "@[4243]: 3"],
    ),
    "a loop over bytes": (
        'fentry:do_filp_open /str(args.pathname.name) == "/no/such/seismograph"/ { $s = '
        "args.pathname.name; for $i : 0..3 { @[$i, $s[$i]] = count() } }",
        "absent 2",
        ["@[0, 47]: 2", "@[1, 110]: 2", "@[2, 111]: 2"],
    ),
    "a macro of the arguments": (
        "macro size(a) { a.count } fentry:vfs_read /args.count == 4242/ { @[size(args)] = "
        "count() }",
        "zeros 3",
        ["@[4242]: 3"],
    ),
    "a cast to a small number": (
        "fentry:vfs_read /args.count == 4242/ { @[(uint8)args.count, (int16)args.count] = "
        "count() }",
        "zeros 3",
        ["@[146, 4242]: 3"],
    ),
    "signal by kernel memory": (
        "fentry:vfs_read /args.count == 4242/ { @[buf(args.file.f_path.dentry.d_name.name, "
        "4)] = count() }",
        "zeros 3",
        ["@[zero]: 3"],
    ),
    "ksym of a member": (
        "fentry:vfs_read /args.count == 4242/ { @[ksym(args.file.f_op.read_iter)] = count() }",
        "zeros 3",
        ["@[read_iter_zero]: 3"],
    ),
    "a function pointer printed": (
        'fentry:vfs_read /args.count == 4242/ { printf("%s\\n", '
        "ksym((uint64)args.file.f_op.read_iter)) }",
        "zeros 1",
        ["read_iter_zero"],
    ),
    "sizeof": (
        "fentry:vfs_read /args.count == 4242/ { @[sizeof(args.count), sizeof(args.file), "
        "sizeof(*args.file) > 100] = count() }",
        "zeros 3",
        ["@[8, 8, true]: 3"],
    ),
    "an address of a socket": (
        "fentry:tcp_v4_connect { $a = (struct sockaddr_in *)args.uaddr; "
        "@[bswap($a.sin_port), ntop($a.sin_addr.s_addr), args.addr_len] = count() }",
        "connect 3",
        ["@[4660, 127.0.0.1, 16]: 3"],
    ),
    "a socket": (
        "fentry:tcp_v4_connect { @[args.sk.__sk_common.skc_family, args.sk.sk_protocol, "
        "args->sk->sk_type] = count() }",
        "connect 3",
        ["@[2, 6, 1]: 3"],
    ),
    "an upcast": (
        "fentry:tcp_v4_connect { $t = (struct tcp_sock *)args.sk; "
        "@[$t.inet_conn.icsk_inet.sk.sk_protocol, ((struct inet_sock "
        "*)args.sk).sk.sk_type] = count() }",
        "connect 3",
        ["@[6, 1]: 3"],
    ),
    "a bit field": (
        "fentry:tcp_v4_connect { @[args.sk.sk_kern_sock, args.sk.sk_no_check_tx, ((struct "
        "tcp_sock *)args.sk).nonagle] = count() }",
        "connect 3",
        ["@[0, 0, 0]: 3"],
    ),
    "a namespace": (
        "fentry:tcp_v4_connect { @[args.sk.__sk_common.skc_net.net.ns.inum > 1000] = count() }",
        "connect 3",
        ["@[true]: 3"],
    ),
    "the file system's name": (
        "fentry:vfs_read /args.count == 4242/ { @[str(args.file.f_inode.i_sb.s_type.name), "
        "args.file.f_inode.i_sb.s_id] = count() }",
        "zeros 3",
        ["@[devtmpfs, devtmpfs]: 3"],
    ),
    "an inode's mode": (
        "fentry:vfs_read /args.count == 4242/ { @[args.file.f_inode.i_mode & 0170000 == "
        "0020000, args.file.f_inode.i_mode & 0170000] = count() }",
        "zeros 3",
        [r"~.*8192\]: 3"],
    ),
    "what a pointer to a number points to": (
        "fentry:vfs_read /args.count == 4242/ { @[*args.pos] = count() }",
        "zeros 3",
        ["@[0]: 3"],
    ),
    "an argument of type int": (
        "fentry:ns_capable { @[args.cap] = count(); @n[args.cap == 21] = count(); "
        "@u[args.ns.ns.inum > 0] = count() }",
        "hostname 5",
        ["@[21]: 5", "@n[true]: 5", "@u[true]: 5"],
    ),
    "an enumerator": (
        "fentry:ns_capable /args.cap < 40/ { @[sizeof(struct file) > 100, AF_INET] = count() }",
        "hostname 5",
        ["~.*"],
    ),
    "strings joined": (
        'fentry:do_filp_open /str(args.pathname.name) == "/no/such/seismograph"/ { '
        'printf("%s %s %d\\n", comm, str(args.pathname.name), '
        "strlen(str(args.pathname.name))) }",
        "absent 1",
        ["caller /no/such/seismograph 20"],
    ),
    "struct as a value": (
        'fentry:do_filp_open /str(args.pathname.name) == "/no/such/seismograph"/ { $o = '
        "*args.op; @[$o.open_flag & 3, $o.acc_mode & 4] = count() }",
        "absent 2",
        ["@[0, 4]: 2"],
    ),
    "struct printed": (
        'fentry:do_filp_open /str(args.pathname.name) == "/no/such/seismograph"/ { '
        "print(*args.op) }",
        "absent 1",
        [r"~\{ \.open_flag = .*\}"],
    ),
    "string in if": (
        'fentry:do_filp_open { if (str(args.pathname.name) == "/no/such/seismograph") { '
        "@yes = count() } else { @no = count() } }",
        "absent 2",
        ["@yes: 2"],
    ),
    "map of strings": (
        'fentry:do_filp_open /str(args.pathname.name) == "/no/such/seismograph"/ { @n[tid] '
        '= str(args.pathname.name) } fexit:do_filp_open /@n[tid] != ""/ { @[@n[tid], '
        "is_err(retval)] = count(); delete(@n, tid) }",
        "absent 2",
        ["@[/no/such/seismograph, true]: 2"],
    ),
    "args of a list": (
        "fentry:__x64_sys_getsid, fentry:__x64_sys_getpgid { @[args.regs.orig_ax] = count() }",
        "get 4",
        ["@[121]: 4", "@[124]: 4"],
    ),
    "args of a wildcard": (
        "fentry:__x64_sys_gets[i]d { @[args.regs.di] = count() }",
        "get 4",
        ["@[0]: 4"],
    ),
}


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caller]:
    with caller(tmp_path_factory.mktemp("caller")) as one:
        yield one


@pytest.mark.parametrize("name", ROWS)
def test_calls(name: str, process: Caller) -> None:
    check(ROWS[name], process)
