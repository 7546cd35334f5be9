"""Results of kernel functions with their types: negative, of type bool, pointers, none."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from kernel_calls import BAR, Caller, Row, caller, check

pytestmark = [pytest.mark.kernel, pytest.mark.guest]

ROWS: dict[str, Row] = {
    "a result": (
        "fexit:vfs_read /args.count == 4242/ { @[retval] = count() }",
        "zeros 3",
        ["@[4242]: 3"],
    ),
    "by its short name": (
        "fr:vfs_read /args.count == 4242/ { @[retval] = count() }",
        "zeros 3",
        ["@[4242]: 3"],
    ),
    "by its old name": (
        "kretfunc:vfs_read /args.count == 4242/ { @[probe] = count() }",
        "zeros 3",
        ["@[fexit:vmlinux:vfs_read]: 3"],
    ),
    "a negative result": (
        "fexit:vfs_read /args.count == 77/ { @[retval] = count() }",
        "folder 3",
        ["@[-21]: 3"],
    ),
    "a negative result printed": (
        'fexit:vfs_read /args.count == 77/ { printf("%d %ld %s\\n", retval, retval, '
        "strerror(-retval)) }",
        "folder 1",
        ["-21 -21 Is a directory"],
    ),
    "a negative result compared": (
        "fexit:vfs_read /retval < 0 && args.count == 77/ { @ = min(retval); @s = stats(retval) }",
        "folder 3",
        ["@: -21", "@s: { .count = 3, .average = -21, .total = -63 }"],
    ),
    "a negative result in a hist": (
        "fexit:vfs_read /args.count == 77/ { @ = hist(retval) }",
        "folder 3",
        ["@:", f"(..., 0)               3 {BAR}"],
    ),
    "a negative result in an lhist": (
        "fexit:vfs_read /args.count == 77/ { @ = lhist(retval, -30, 30, 10) }",
        "folder 3",
        ["@:", f"[-30, -20)             3 {BAR}"],
    ),
    "a result of type bool": (
        "fexit:ns_capable { @[retval] = count() }",
        "hostname 5",
        ["@[true]: 5"],
    ),
    "a result of type bool printed": (
        'fexit:ns_capable /args.cap == 21/ { printf("%d %s\\n", retval, retval) }',
        "hostname 1",
        ["1 true"],
    ),
    "a result of type bool in a predicate": (
        "fexit:ns_capable /retval/ { @ = count() } fexit:ns_capable /!retval/ { @no = count() }",
        "hostname 5",
        ["@: 5"],
    ),
    "a result of type int": (
        'fexit:security_file_open /str(args.file.f_path.dentry.d_name.name) == "null"/ { '
        "@[retval] = count() }",
        "open 3",
        ["@[0]: 3"],
    ),
    "a pointer": (
        'fexit:do_filp_open /str(args.pathname.name) == "/dev/null"/ { '
        "@[str(retval.f_path.dentry.d_name.name), is_err(retval)] = count() }",
        "open 3",
        ["@[null, false]: 3"],
    ),
    "an error for a pointer": (
        'fexit:do_filp_open /str(args.pathname.name) == "/no/such/seismograph"/ { '
        "@[is_err(retval), (int64)retval] = count() }",
        "absent 2",
        ["@[true, -2]: 2"],
    ),
    "a pointer cast": (
        'fexit:do_filp_open /str(args.pathname.name) == "/dev/null"/ { $f = (struct file '
        "*)retval; @[$f.f_flags & 3] = count() }",
        "open 3",
        ["@[2]: 3"],
    ),
    "nothing returned": (
        "fexit:putname { @ = count() }",
        "absent 3",
        ["@: 3"],
    ),
    "arguments and result": (
        "fexit:vfs_read /retval == args.count && args.count == 4242/ { @ = count() }",
        "zeros 3",
        ["@: 3"],
    ),
    "arguments by number": (
        "fexit:vfs_read /arg2 == 4242/ { @[retval] = count() }",
        "zeros 3",
        ["@[4242]: 3"],
    ),
    "entry and return": (
        "fentry:vfs_read /args.count == 4242/ { @s[tid] = nsecs } fexit:vfs_read /@s[tid]/ "
        "{ @[nsecs > @s[tid]] = count(); delete(@s, tid) }",
        "zeros 3",
        ["@[true]: 3"],
    ),
    "two probes at one place": (
        "fexit:vfs_read /args.count == 4242/ { print(1) } fexit:vfs_read /args.count == "
        "4242/ { print(2) }",
        "zeros 2",
        ["1", "2", "1", "2"],
    ),
    "a list of two kinds": (
        "fentry:vfs_read, fexit:vfs_read /args.count == 4242/ { @[probe] = count() }",
        "zeros 3",
        ["@[fentry:vmlinux:vfs_read]: 3", "@[fexit:vmlinux:vfs_read]: 3"],
    ),
    "an int result of a wildcard": (
        "fexit:__x64_sys_get[ps]*id { @[func, retval >= 0] = count() }",
        "get 4",
        ["@[__x64_sys_getpgid, true]: 4", "@[__x64_sys_getsid, true]: 4"],
    ),
}


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caller]:
    with caller(tmp_path_factory.mktemp("caller")) as one:
        yield one


@pytest.mark.parametrize("name", ROWS)
def test_calls(name: str, process: Caller) -> None:
    check(ROWS[name], process)
