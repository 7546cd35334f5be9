"""Functions on addresses, symbols, names, and what is known at compile time, on the running kernel:
body of a BEGIN probe, what it prints."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from pathlib import Path

import pytest

from script_runs import complaints, output_of, run_script
from seismo.btf.spec import Btf
from seismo.btf.types import Kind

pytestmark = pytest.mark.kernel

NAME = "(int8 *)((uint64)curtask + offsetof(struct task_struct, comm))"
"""A char * to the name of this thread, which is `python` here."""


@pytest.fixture(autouse=True)
def is_called_python() -> Iterator[None]:
    """The thread has the same name however the tests are run."""
    comm = Path("/proc/self/comm")
    before = comm.read_text().removesuffix("\n")
    comm.write_text("python")
    yield
    comm.write_text(before)


PRINTS = {
    "ntop of a number": ('printf("%s %s\\n", ntop(0x0100007f), ntop(2, 1))', "127.0.0.1 1.0.0.0"),
    "ntop of bytes": (
        'printf("%s %s %s\\n", ntop(pton("10.1.2.3")), ntop(pton("::1")), '
        'ntop(10, pton("2001:db8::1:0:0:5")))',
        "10.1.2.3 ::1 2001:db8::1:0:0:5",
    ),
    "ntop of a pointer": (
        f'printf("%s %s\\n", ntop(2, {NAME}), ntop(10, {NAME}))',
        "112.121.116.104 7079:7468:6f6e::",
    ),
    "ntop of a family that runs": (
        '$af = (uint64)nsecs > 0 ? 10 : 2; printf("%s\\n", ntop($af, pton("::5")))',
        "::5",
    ),
    "ntop as a key": (
        "@[ntop(0x0100007f)] = 1; @[ntop(0x0100007f)] += 1; print(@)",
        "@[127.0.0.1]: 2",
    ),
    "pton": (
        '$a = pton("1.2.3.4"); printf("%d %d %d %d\\n", $a[0], $a[3], $a == pton("1.2.3.4"), '
        '$a == pton("1.2.3.5"))',
        "1 4 1 0",
    ),
    "pton of IPv6": (
        '$a = pton("1:203::f"); printf("%d %d %d %d\\n", $a[1], $a[2], $a[3], $a[15])',
        "1 2 3 15",
    ),
    "macaddr": (
        "$m = (uint8[8])0x0200110aac4202;"
        'printf("%s\\n", macaddr($m)); @[macaddr($m)] = 1; print(@)',
        "02:42:AC:0A:11:00\n@[02:42:AC:0A:11:00]: 1",
    ),
    "macaddr of a pointer": (f'printf("%s\\n", macaddr({NAME}))', "70:79:74:68:6F:6E"),
    "strerror": (
        'printf("%s|%s|%s|%s|%s\\n", strerror(2), strerror(-1), strerror(0), strerror(4096), '
        "strerror(41))",
        "No such file or directory|Operation not permitted|Success|Unknown error|Unknown error",
    ),
    "signal_name": (
        'printf("%s|%s|%s|%s|%s\\n", signal_name(9), signal_name(2), signal_name(64), '
        "signal_name(65), signal_name(-1))",
        "Killed|Interrupt|Real-time signal 30|N/A|N/A",
    ),
    "syscall_name of none": (
        'printf("%s|%s|%s\\n", syscall_name(400), syscall_name(100000), syscall_name(-1))',
        "Unknown syscall|Unknown syscall|Unknown syscall",
    ),
    "names are strings": (
        "$e = strerror(1); @[$e] = 1; print(@);"
        'printf("%d %d\\n", $e == "Operation not permitted", strlen($e))',
        "@[Operation not permitted]: 1\n1 23",
    ),
    "names in a loop": (
        'for $i : 1..3 { printf("%s,", signal_name($i)); }',
        "Hangup,Interrupt,",
    ),
    "values side by side": (
        'print((strstr("ab", "b"), strerror(1), buf("x", 1), ntop(1)))',
        "(1, Operation not permitted, x, 1.0.0.0)",
    ),
    "kaddr and ksym": (
        'printf("%s %s %d\\n", ksym(kaddr("vfs_read")), ksym(kaddr("vfs_read") + 4), '
        'kaddr("vfs_read") == kaddr("vfs_read"))',
        "vfs_read vfs_read 1",
    ),
    "questions": (
        'printf("%d%d%d%d%d%d\\n", is_literal(1), is_literal(pid), is_str("a"), is_ptr(curtask), '
        'is_integer(pid), is_array(pton("::1")))',
        "101111",
    ),
    "getopt": (
        'printf("%d %s %d\\n", getopt("n", 10, "how many"), getopt("s", "text"), getopt("b"))',
        "10 text 0",
    ),
    "static_assert": ('static_assert(sizeof(pid) == 4, "no"); print("ok")', "ok"),
}


@pytest.mark.parametrize("name", PRINTS)
def test_prints(name: str) -> None:
    body, expected = PRINTS[name]
    assert output_of(body) == expected


@pytest.mark.skipif(platform.machine() != "x86_64", reason="numbers of x86-64")
def test_syscall_name() -> None:
    printed = output_of(
        'printf("%s|%s|%s\\n", syscall_name(0), syscall_name(59), syscall_name(257))'
    )
    assert printed == "read|execve|openat"


def test_kfunc_exist_knows_the_running_kernel() -> None:
    names = {name for _, name in Btf.open("/sys/kernel/btf/vmlinux").names(Kind.FUNC)}
    body = 'printf("%d %d", kfunc_exist("bpf_task_acquire"), kfunc_exist("no_such_function"))'
    assert output_of(body) == f"{int('bpf_task_acquire' in names)} 0"


def test_kaddr_is_the_kernels() -> None:
    with open("/proc/kallsyms", encoding="utf-8") as file:
        address = next(line.split()[0] for line in file if line.split()[2] == "vfs_read")
    assert output_of('printf("%016lx\\n", kaddr("vfs_read"))') == address


def test_no_such_symbol() -> None:
    with pytest.raises(Exception, match="no kernel symbol 'vfs_reed'"):
        output_of('@ = kaddr("vfs_reed")')


def unified_directory() -> Path | None:
    """Where cgroup version 2 is mounted."""
    for line in Path("/proc/mounts").read_text().splitlines():
        _, directory, kind, *_ = line.split()
        if kind == "cgroup2":
            return Path(directory)
    return None


@pytest.mark.skipif(unified_directory() is None, reason="needs cgroup version 2")
def test_cgroupid_is_the_directorys_inode() -> None:
    directory = unified_directory()
    assert directory is not None
    printed = output_of(f'printf("%lu\\n", cgroupid("{directory}"))')
    assert int(printed) == os.stat(directory).st_ino


@pytest.mark.skipif(unified_directory() is None, reason="needs cgroup version 2")
def test_cgroup_path_is_found_again() -> None:
    printed = output_of(
        f'printf("%s\\n", cgroup_path(cgroupid("{unified_directory()}"), "unified"))'
    )
    assert printed == "unified:/"


def test_cgroupid_of_no_directory() -> None:
    with pytest.raises(Exception, match="no control group '/no/such': No such file or directory"):
        output_of('@ = cgroupid("/no/such")')


def test_write_user_compiles() -> None:
    assert complaints('write_user(uptr(0), "text", 4)', is_unsafe=True) == []


def test_the_tables_are_shared() -> None:
    script = "BEGIN { @a = strerror(1); @b = strerror(2); } END { @c = strerror(3); }"
    printed = run_script(script).output
    assert "@a: Operation not permitted" in printed
    assert "@c: No such process" in printed
