"""The formats of system calls without a tracefs."""

from __future__ import annotations

import pytest

from seismo.base.errors import NotSupported
from seismo.engine.places import Places, system_call_places
from seismo.engine.syscall_table import system_call_names
from seismo.lang.syscall_names import SYSCALLS
from seismo.probes.format import FormatField


def shown(places: Places, name: str) -> list[tuple[str, str, int, int, bool]]:
    fields = places.tracepoints[name].fields
    return [(one.name, one.c_type, one.offset, one.size, one.signed) for one in fields]


X86_64 = system_call_places("x86_64")
AARCH64 = system_call_places("aarch64")
NUMBER = ("__syscall_nr", "int", 8, 4, True)


def test_entry_of_a_system_call() -> None:
    assert shown(X86_64, "syscalls:sys_enter_openat") == [
        NUMBER,
        ("dfd", "int", 16, 8, False),
        ("filename", "const char *", 24, 8, False),
        ("flags", "int", 32, 8, False),
        ("mode", "umode_t", 40, 8, False),
    ]


def test_exit_of_a_system_call() -> None:
    assert shown(X86_64, "syscalls:sys_exit_openat") == [NUMBER, ("ret", "long", 16, 8, True)]


def test_system_call_without_arguments() -> None:
    assert shown(X86_64, "syscalls:sys_enter_getpid") == [NUMBER]


def test_event_that_is_no_system_call() -> None:
    assert shown(X86_64, "sched:sched_process_exit") == [
        ("comm", "char[16]", 8, 16, False),
        ("pid", "pid_t", 24, 4, True),
        ("prio", "int", 28, 4, True),
        ("group_dead", "bool", 32, 1, False),
    ]
    found = X86_64.tracepoints["raw_syscalls:sys_enter"]
    assert (found.category, found.name) == ("raw_syscalls", "sys_enter")
    assert found.fields[1] == FormatField(
        name="args", c_type="unsigned long[6]", offset=16, size=48, signed=False
    )


def test_a_name_that_is_no_place() -> None:
    assert "sched:sched_switch" not in X86_64.tracepoints
    with pytest.raises(KeyError):
        X86_64.tracepoints["syscalls:sys_enter_uname"]


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_all_formats_are_read(machine: str) -> None:
    places = system_call_places(machine, cpus=3)
    names = list(places.tracepoints)
    assert names == sorted(names)
    assert len(names) == len(set(names)) == len(places.tracepoints)
    assert (places.machine, places.cpus) == (machine, 3)
    for name in names:
        found = places.tracepoints[name]
        assert f"{found.category}:{found.name}" == name
        ends = [8, *[one.offset + one.size for one in found.fields]]
        assert all(one.offset >= end for one, end in zip(found.fields, ends, strict=False))


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_each_name_has_both_ends(machine: str) -> None:
    calls = {one for one in system_call_places(machine).tracepoints if one.startswith("syscalls:")}
    names = system_call_names(machine).values()
    wanted = {f"syscalls:sys_{end}_{one}" for one in names for end in ("enter", "exit")}
    assert calls == wanted


def test_a_machine_has_its_own_system_calls() -> None:
    only = set(X86_64.tracepoints) - set(AARCH64.tracepoints)
    assert {"syscalls:sys_enter_open", "syscalls:sys_exit_fork"} < only
    assert "syscalls:sys_enter_fadvise64_64" in AARCH64.tracepoints
    assert [one.name for one in X86_64.tracepoints["syscalls:sys_enter_clone"].fields[4:]] == [
        "child_tidptr",
        "tls",
    ]
    assert [one.name for one in AARCH64.tracepoints["syscalls:sys_enter_clone"].fields[4:]] == [
        "tls",
        "child_tidptr",
    ]


def test_names_of_tracepoints_by_number() -> None:
    x86_64, aarch64 = system_call_names("x86_64"), system_call_names("aarch64")
    assert [x86_64[number] for number in (0, 4, 40, 63, 166, 257)] == [
        *("read", "newstat", "sendfile64", "newuname", "umount", "openat"),
    ]
    assert [aarch64[number] for number in (56, 92, 223)] == [
        *("openat", "arm64_personality", "fadvise64_64"),
    ]


@pytest.mark.parametrize(
    ("machine", "gone"),
    [
        (
            "x86_64",
            "_sysctl afs_syscall create_module epoll_ctl_old epoll_wait_old get_kernel_syms"
            " get_thread_area getpmsg lookup_dcookie nfsservctl putpmsg query_module security"
            " set_thread_area tuxcall vserver",
        ),
        ("aarch64", "lookup_dcookie nfsservctl"),
    ],
)
def test_only_what_no_kernel_has_is_left_out(machine: str, gone: str) -> None:
    numbers = system_call_names(machine)
    named = [(number, name) for number, name in enumerate(SYSCALLS[machine]) if name]
    assert sorted(name for number, name in named if number not in numbers) == gone.split()


def test_other_machines_are_refused() -> None:
    with pytest.raises(NotSupported, match="those of riscv64 are not known"):
        system_call_places("riscv64")
    with pytest.raises(NotSupported, match="those of riscv64 are not known"):
        system_call_names("riscv64")
