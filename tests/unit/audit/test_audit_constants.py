"""Constants of system calls: their values, and values as text."""

from __future__ import annotations

import socket

import pytest

import gen_audit_constants
from seismo.audit.catalog.build import shipped_catalog
from seismo.audit.catalog.constant_values import VALUES
from seismo.audit.catalog.constants import (
    UnknownConstant,
    capability_names,
    constant_table,
    constant_tables,
    errno_name,
    parse_flags,
    show_enum,
    show_flags,
    signal_name,
    value_of,
)
from seismo.audit.catalog.context import argument_table, table_of
from seismo.audit.catalog.model import FieldKind
from seismo.audit.catalog.structs import STRUCTS


@pytest.mark.parametrize(
    ("table", "value", "text"),
    [
        ("open", 0, "O_RDONLY"),
        ("open", 0o2000101, "O_WRONLY|O_CREAT|O_CLOEXEC"),
        ("open", 0o2204000, "O_RDONLY|O_NONBLOCK|O_CLOEXEC|O_DIRECTORY"),
        ("open", 0o20200002, "O_RDWR|O_TMPFILE"),
        ("open", 0o4010001, "O_WRONLY|O_SYNC"),
        ("open", 0o10001, "O_WRONLY|O_DSYNC"),
        ("open", 1 << 30, "O_RDONLY|0x40000000"),
        ("prot", 0, "PROT_NONE"),
        ("prot", 5, "PROT_READ|PROT_EXEC"),
        ("map", 0x22, "MAP_PRIVATE|MAP_ANONYMOUS"),
        ("map", 0x812, "MAP_PRIVATE|MAP_FIXED|MAP_DENYWRITE"),
        ("clone_call", 0x1200011, "CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLD"),
        ("clone", 0x40000000, "CLONE_NEWNET"),
        ("clone", 0x80, "CLONE_NEWTIME"),
        ("socket", 0x80801, "SOCK_STREAM|SOCK_CLOEXEC|SOCK_NONBLOCK"),
        ("futex", 0x189, "FUTEX_WAIT_BITSET|FUTEX_PRIVATE_FLAG|FUTEX_CLOCK_REALTIME"),
        ("futex", 0, "FUTEX_WAIT"),
        ("wait", 0, "0"),
        ("wait", 0x40000001, "WNOHANG|__WALL"),
        ("access", 0, "F_OK"),
        ("access", 6, "R_OK|W_OK"),
        ("mount", 0xC0ED0001, "MS_MGC_VAL|MS_RDONLY"),
        ("mount", 0x44000, "MS_REC|MS_PRIVATE"),
        ("st_mode", 0o100644, "S_IFREG|0644"),
        ("st_mode", 0o41777, "S_IFDIR|01777"),
        ("ipc_get", 0o1600, "IPC_CREAT|0600"),
        ("quotactl", 0x80000100, "QCMD(Q_SYNC, 0)"),
        ("sigset", 0x10004, "SIGQUIT|SIGCHLD"),
        ("ptrace", 16, "PTRACE_ATTACH"),
        ("ptrace", 0x9999, "0x9999"),
        ("bpf", 5, "BPF_PROG_LOAD"),
        ("prctl", 0x59616D61, "PR_SET_PTRACER"),
        ("reboot_magic", 0xFEE1DEAD, "LINUX_REBOOT_MAGIC1"),
        ("reboot_magic", 0xFEE1DEAD - (1 << 32), "LINUX_REBOOT_MAGIC1"),
        ("dirfd", -100, "AT_FDCWD"),
        ("dirfd", (1 << 32) - 100, "AT_FDCWD"),
        ("dirfd", -3, "-3"),
        ("signal", 9, "SIGKILL"),
        ("signal", 35, "SIGRT_3"),
        ("signal", 0, "0"),
        ("family", 10, "AF_INET6"),
        ("family", 99, "0x63"),
        ("rlim", (1 << 64) - 1, "RLIM_INFINITY"),
        ("statx", 0xFFF, "STATX_ALL"),
        ("statx", 0x7FF, "STATX_BASIC_STATS"),
        ("none", 3, "0x3"),
        ("pipe", 0o2004000, "O_NONBLOCK|O_CLOEXEC"),
        ("at_stat", 0x1000, "AT_EMPTY_PATH"),
        ("at_statx", 0x1000, "AT_STATX_SYNC_AS_STAT|AT_EMPTY_PATH"),
        ("mount_attr", 0x1, "MOUNT_ATTR_RDONLY"),
        ("mount_attr", 0x11, "MOUNT_ATTR_NOATIME|MOUNT_ATTR_RDONLY"),
    ],
)
def test_values_are_shown_in_the_constants_names(table: str, value: int, text: str) -> None:
    assert show_flags(table, value) == text
    assert show_enum(table, value) == text


def test_open_flags_are_those_of_the_machine() -> None:
    assert show_flags("open", 0o40000) == "O_RDONLY|O_DIRECT"
    assert show_flags("open", 0o40000, "aarch64") == "O_RDONLY|O_DIRECTORY"


def test_a_table_that_is_not_there_is_an_error() -> None:
    with pytest.raises(KeyError):
        show_flags("opne", 1)


@pytest.mark.parametrize(
    ("table", "text", "value"),
    [
        ("open", "O_WRONLY|O_CREAT", 0o101),
        ("open", " O_RDWR | 0x80000 ", 0o2000002),
        ("open", "0644", 0o644),
        ("socket", "SOCK_STREAM|SOCK_CLOEXEC", 0x80001),
        ("clone_call", "CLONE_VM|SIGCHLD", 0x111),
    ],
)
def test_names_are_read(table: str, text: str, value: int) -> None:
    assert parse_flags(table, text) == value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "O_RDWR|O_CREATE",
            "'O_CREATE' is none of the constants 'open'\nhint: did you mean 'O_CREAT'?",
        ),
        ("", "'' is none of the constants 'open'"),
        ("08", "'08' is none of the constants 'open'\nhint: a number is 12, 0x1f or 0644"),
    ],
)
def test_a_word_that_is_no_constant_is_refused(text: str, message: str) -> None:
    with pytest.raises(UnknownConstant) as raised:
        parse_flags("open", text)
    assert str(raised.value) == message


@pytest.mark.parametrize(
    ("number", "name"),
    [
        *((-2, "ENOENT"), (2, "ENOENT"), (-11, "EAGAIN"), (-35, "EDEADLK"), (-95, "EOPNOTSUPP")),
        *((-133, "EHWPOISON"), (-512, "ERESTARTSYS"), (-516, "ERESTART_RESTARTBLOCK")),
        *((0, ""), (-4000, "")),
    ],
)
def test_errors_have_names(number: int, name: str) -> None:
    assert errno_name(number) == name


def test_signals_have_names() -> None:
    numbers = (1, 31, 32, 33, 64, 65, 0)
    shown = ["SIGHUP", "SIGSYS", "SIGRTMIN", "SIGRT_1", "SIGRT_32", "65", "0"]
    assert [signal_name(one) for one in numbers] == shown


def test_capabilities_have_names() -> None:
    assert capability_names(0) == ()
    assert capability_names(1 << 21 | 1 << 39 | 1) == ("CAP_CHOWN", "CAP_SYS_ADMIN", "CAP_BPF")
    assert capability_names(1 << 50) == ("CAP_50",)
    assert capability_names((1 << 41) - 1)[-1] == "CAP_CHECKPOINT_RESTORE"


def test_every_table_that_a_field_names_is_there() -> None:
    shown = (FieldKind.FLAGS, FieldKind.ENUM)
    types = shipped_catalog().types
    named = {field.table for one in types for field in one.fields if field.kind in shown}
    named |= {one.table for it in STRUCTS.values() for one in it.members if one.kind in shown}
    assert named <= set(constant_tables())
    assert "" not in named


def test_values_are_those_of_the_systems_headers() -> None:
    """Of the machine that runs the tests: constants that its headers have, those that a table
    states itself among them."""
    said = gen_audit_constants.words()
    found = gen_audit_constants.values(sorted({name for name, _ in said}))
    assert len(found) > 1200
    for name in ("F_GETLK64", "F_SETLK64", "F_SETLKW64", "O_LARGEFILE"):
        del found[name]  # libc has other numbers of these than the kernel
    ours = {name: int(value, 0) if value else value_of(name) for name, value in said}
    mask = (1 << 32) - 1
    unlike = {name: (ours[name], found[name]) for name in found if ours[name] != found[name]}
    assert {name: one for name, one in unlike.items() if one[0] & mask != one[1] & mask} == {}


def test_what_is_generated_is_up_to_date() -> None:
    names = gen_audit_constants.missing()
    assert sorted(VALUES) == names
    assert gen_audit_constants.values(names) == VALUES


@pytest.mark.parametrize(
    ("table", "value", "name"),
    (
        ("sockopt", 65, "SO_TIMESTAMPING_NEW"),
        ("ipopt", 20, "IP_ORIGDSTADDR"),
        ("ipopt", 80, "SO_ORIGINAL_DST"),
        ("ipv6opt", socket.IPV6_HOPLIMIT, "IPV6_HOPLIMIT"),
        ("ipv6opt", socket.IPV6_JOIN_GROUP, "IPV6_ADD_MEMBERSHIP"),
        ("ipv6opt", socket.IPV6_RTHDR, "IPV6_RTHDR"),
        ("protocol", socket.IPPROTO_DSTOPTS, "IPPROTO_DSTOPTS"),
    ),
)
def test_options_of_sockets(table: str, value: int, name: str) -> None:
    assert show_enum(table, value) == name


@pytest.mark.parametrize(
    ("table", "value", "text"),
    (
        ("map", 0x54040022, "MAP_PRIVATE|MAP_ANONYMOUS|MAP_HUGETLB|21<<MAP_HUGE_SHIFT"),
        ("map", 0x4000022, "MAP_PRIVATE|MAP_ANONYMOUS|MAP_UNINITIALIZED"),
        ("memfd", 0x78000005, "MFD_CLOEXEC|MFD_HUGETLB|30<<MFD_HUGE_SHIFT"),
        ("shm_get", 0x54000BB6, "IPC_CREAT|SHM_HUGETLB|21<<SHM_HUGE_SHIFT|0666"),
    ),
)
def test_huge_pages_have_a_size(table: str, value: int, text: str) -> None:
    """As strace 6.1 shows them."""
    assert show_flags(table, value) == text
    assert parse_flags(table, text) == value


def test_no_value_of_a_table_has_two_names_at_the_same_place() -> None:
    for name in constant_tables():
        names = constant_table(name).names
        values = [value for value, _ in names]
        assert len({one for _, one in names}) == len(names), name
        if constant_table(name).kind == "enum" and name not in ("sem_ctl", "shm_ctl", "ipc_ctl"):
            assert len(set(values)) == len(values), name


def test_options_are_of_the_level_that_is_given() -> None:
    assert table_of("setsockopt", "optname", (3, 1, 2)) == "sockopt"
    assert table_of("setsockopt", "optname", (3, 6, 1)) == "tcpopt"
    assert table_of("compat:getsockopt", "optname", (3, 41, 26)) == "ipv6opt"
    assert table_of("setsockopt", "optname", (3, 270, 1)) == ""
    assert table_of("setsockopt", "level", (3, 1, 2)) == ""
    assert table_of("socket", "protocol", (2, 1, 6)) == "protocol"
    assert table_of("socket", "protocol", (1, 1, 0)) == ""
    assert table_of("prctl", "arg2", (value_of("PR_SET_PDEATHSIG"), 9)) == "signal"
    assert table_of("fcntl", "arg", (3, value_of("F_SETFL"), 0)) == "open"


def test_a_field_has_its_own_table_unless_another_argument_says_otherwise() -> None:
    catalog = shipped_catalog()
    assert argument_table(catalog["openat"], "flags", (0, 0, 0)) == "open"
    assert argument_table(catalog["setsockopt"], "optname", (3, 6, 1)) == "tcpopt"
    assert argument_table(catalog["setsockopt"], "optname", (3, 270, 1)) == "none"
    assert argument_table(catalog["fcntl"], "arg", (3, 1, 0)) == ""
