"""Structs behind arguments: where gcc puts their members, and what they hold."""

from __future__ import annotations

import re
import struct
import subprocess
from pathlib import Path

import pytest

from seismo.audit.catalog.c_types import argument_integer, argument_value, integer_of
from seismo.audit.catalog.model import EventField, FieldKind
from seismo.audit.catalog.structs import STRUCTS, decode_struct, variant_of

HEADERS = """
time.h sys/stat.h sys/statfs.h sys/time.h sys/timex.h sys/times.h sys/resource.h sys/sysinfo.h
sys/epoll.h poll.h sys/utsname.h mqueue.h utime.h sys/sem.h signal.h sched.h fcntl.h
linux/openat2.h linux/capability.h linux/landlock.h linux/perf_event.h linux/bpf.h linux/io_uring.h
linux/mount.h linux/sched.h linux/stat.h
"""
# Our name, C's, and members that are called otherwise there; '' is not compared.
IN_C = {
    "timespec": ("struct timespec", {}),
    "timeval": ("struct timeval", {}),
    "utimbuf": ("struct utimbuf", {}),
    "itimerspec": (
        "struct itimerspec",
        {
            "interval_sec": "it_interval.tv_sec",
            "interval_nsec": "it_interval.tv_nsec",
            "value_sec": "it_value.tv_sec",
            "value_nsec": "it_value.tv_nsec",
        },
    ),
    "tms": ("struct tms", {one: f"tms_{one}" for one in ("utime", "stime", "cutime", "cstime")}),
    "timex": ("struct timex", {"time_sec": "time.tv_sec", "time_usec": "time.tv_usec"}),
    "open_how": ("struct open_how", {}),
    "stat": (
        "struct stat",
        {
            **{f"st_{one}time": f"st_{one}tim.tv_sec" for one in "amc"},
            **{f"st_{one}time_nsec": f"st_{one}tim.tv_nsec" for one in "amc"},
        },
    ),
    "statfs": ("struct statfs", {}),
    "mount_attr": ("struct mount_attr", {}),
    "epoll_event": ("struct epoll_event", {}),
    "pollfd": ("struct pollfd", {}),
    "clone_args": ("struct clone_args", {}),
    "rlimit": ("struct rlimit", {}),
    "rusage": (
        "struct rusage",
        {
            **{f"{one}_sec": f"ru_{one}.tv_sec" for one in ("utime", "stime")},
            **{f"{one}_usec": f"ru_{one}.tv_usec" for one in ("utime", "stime")},
            **{
                one: f"ru_{one}"
                for one in (
                    *("maxrss", "ixrss", "idrss", "isrss", "minflt", "majflt", "nswap"),
                    *("inblock", "oublock", "msgsnd", "msgrcv", "nsignals", "nvcsw", "nivcsw"),
                )
            },
        },
    ),
    "cap_header": ("struct __user_cap_header_struct", {}),
    "stack": ("stack_t", {}),
    "sched_param": ("struct sched_param", {}),
    "sysinfo": (
        "struct sysinfo",
        {"load1": "loads[0]", "load5": "loads[1]", "load15": "loads[2]"},
    ),
    "sembuf": ("struct sembuf", {}),
    "io_uring_params": ("struct io_uring_params", {}),
    "siginfo": (
        "siginfo_t",
        {
            **{one: f"si_{one}" for one in ("signo", "errno", "code", "pid", "uid", "status")},
        },
    ),
}
# What is longer in C than what is recorded of it: members at their offsets, but not the size.
CUT = {
    "utsname": ("struct utsname", {}),
    "landlock_ruleset": ("struct landlock_ruleset_attr", {}),
    "perf_event_attr": ("struct perf_event_attr", {"bits": "", "bp_type": "bp_type"}),
    "bpf_map_create": ("union bpf_attr", {}),
    "bpf_map_elem": ("union bpf_attr", {}),
    "bpf_prog_load": ("union bpf_attr", {"prog_type": "", "attach_prog_fd": "attach_prog_fd"}),
    "bpf_obj": ("union bpf_attr", {"path_fd": ""}),
    "bpf_prog_attach": ("union bpf_attr", {}),
    "bpf_get_id": ("union bpf_attr", {"id": "prog_id"}),
    "bpf_info": ("union bpf_attr", {one: f"info.{one}" for one in ("bpf_fd", "info_len", "info")}),
    "bpf_raw_tracepoint": (
        "union bpf_attr",
        {"name": "raw_tracepoint.name", "prog_fd": "raw_tracepoint.prog_fd"},
    ),
    "bpf_btf_load": ("union bpf_attr", {"btf_log_level": ""}),
    "bpf_link_create": (
        "union bpf_attr",
        {one: f"link_create.{one}" for one in ("prog_fd", "target_fd", "attach_type", "flags")},
    ),
    "statx": ("struct statx", {"stx_mnt_id": ""}),
}
STATX = {
    f"stx_{one}time{part}": f"stx_{one}time.tv_{part.strip('_') or 'sec'}"
    for one in "abcm"
    for part in ("", "_nsec")
}


def _wanted() -> list[tuple[str, str, str, str]]:
    """(our struct, our member, C's struct, C's member)."""
    rows: list[tuple[str, str, str, str]] = []
    for name, (c_name, others) in (IN_C | CUT).items():
        others = others | (STATX if name == "statx" else {})
        for field in STRUCTS[name].layout.fields:
            member = others.get(field.name, field.name)
            if member and not (name == "landlock_ruleset" and field.offset):
                rows.append((name, field.name, c_name, member))
    return rows


def test_members_are_where_the_compiler_puts_them(tmp_path: Path) -> None:
    rows = _wanted()
    prints = [
        f'printf("{name}.{ours} %zu %zu\\n", offsetof({c_name}, {member}), '
        f"sizeof((({c_name} *)0)->{member}));"
        for name, ours, c_name, member in rows
    ]
    prints += [
        f'printf("{name} %zu 0\\n", sizeof({c_name}));' for name, (c_name, _) in IN_C.items()
    ]
    includes = "".join(f"#include <{one}>\n" for one in ["stdio.h", "stddef.h", *HEADERS.split()])
    text = f"{includes}\nint main(void) {{ {' '.join(prints)} return 0; }}\n"
    program = tmp_path / "program"
    command = ["gcc", "-D_GNU_SOURCE", "-w", "-x", "c", "-", "-o", str(program)]
    done = subprocess.run(command, input=text, capture_output=True, text=True)
    assert done.returncode == 0, re.findall(r"error: .*", done.stderr)
    output = subprocess.run([program], capture_output=True, text=True, check=True).stdout
    said = {name: (int(at), int(size)) for name, at, size in map(str.split, output.splitlines())}
    ours: dict[str, tuple[int, int]] = {}
    for name, member, _, _ in rows:
        field = STRUCTS[name].layout.field(member)
        ours[f"{name}.{member}"] = (field.offset, field.type.size)
    ours |= {name: (STRUCTS[name].layout.size, 0) for name in IN_C}
    assert ours == said


def test_what_is_recorded_of_a_struct_fits_into_a_plan() -> None:
    assert all(one.layout.size <= 248 for one in STRUCTS.values())


def test_members_are_decoded() -> None:
    data = struct.pack("=IIQ", 4, 0, 0)
    assert decode_struct("timespec", struct.pack("=qq", -1, 500)) == {"tv_sec": -1, "tv_nsec": 500}
    assert decode_struct("epoll_event", data) == {"events": 4, "data": 0}
    assert STRUCTS["epoll_event"].member("events").table == "epoll"


def test_texts_end_at_their_nul() -> None:
    data = (
        b"Linux".ljust(65, b"\0") + b"host\0rubbish".ljust(65, b"\0") + b"6.18.44".ljust(65, b"\0")
    )
    assert decode_struct("utsname", data) == {
        "sysname": "Linux",
        "nodename": "host",
        "release": "6.18.44",
    }


def test_a_shorter_struct_has_fewer_members() -> None:
    data = struct.pack("=QQQ", 0o101, 0o644, 8)
    assert decode_struct("open_how", data[:20]) == {"flags": 0o101, "mode": 0o644}
    assert decode_struct("open_how", data, 8) == {"flags": 0o101}
    assert decode_struct("open_how", data) == {"flags": 0o101, "mode": 0o644, "resolve": 8}
    assert decode_struct("open_how", b"") == {}


def test_what_a_union_is_depends_on_the_command() -> None:
    assert variant_of("bpf_attr", 5) == "bpf_prog_load"
    assert variant_of("bpf_attr", 0) == "bpf_map_create"
    assert variant_of("bpf_attr", 36) == "bpf_attr"
    assert variant_of("timespec", 5) == "timespec"
    data = struct.pack("=IIQQ", 6, 2, 0xAAAA, 0xBBBB)
    assert decode_struct("bpf_prog_load", data) == {
        "prog_type": 6,
        "insn_cnt": 2,
        "insns": 0xAAAA,
        "license": 0xBBBB,
    }


@pytest.mark.parametrize(
    ("c_type", "is_compat", "integer"),
    [
        *(("int", False, (4, True)), ("unsigned int", False, (4, False))),
        *(("umode_t", False, (2, False)), ("size_t", False, (8, False))),
        *(("size_t", True, (4, False)), ("long", True, (4, True)), ("loff_t", True, (8, True))),
        *(("const char *", False, (8, False)), ("const char *", True, (4, False))),
        *(("const clockid_t", False, (4, True)), ("const cap_user_data_t", False, (8, False))),
        *(("const enum landlock_rule_type", False, (4, False)), ("what", False, (8, False))),
        ("old_uid_t", True, (2, False)),
    ],
)
def test_types_of_arguments_have_their_widths(
    c_type: str, is_compat: bool, integer: tuple[int, bool]
) -> None:
    assert integer_of(c_type, is_compat) == integer


@pytest.mark.parametrize(
    ("kind", "c_type", "raw", "value"),
    [
        (FieldKind.INT, "int", 0xFFFF_FFFF_FFFF_FFFE, -2),
        (FieldKind.INT, "int", 0x1_0000_0003, 3),
        (FieldKind.UINT, "unsigned int", 0xFFFF_FFFF, 0xFFFF_FFFF),
        (FieldKind.FD, "unsigned int", 0xFFFF_FFFF, -1),
        (FieldKind.FD, "unsigned long", 0xFFFF_FFFF_FFFF_FFFF, -1),
        (FieldKind.FLAGS, "int", 0xFFFF_FFFF_8000_0000, 0x8000_0000),
        (FieldKind.MODE, "umode_t", 0xFFFF_01A4, 0o644),
        (FieldKind.PID, "long", 0xFFFF_FFFF, -1),
        (FieldKind.INT, "loff_t", 1 << 63, -(1 << 63)),
        (FieldKind.POINTER, "void *", (1 << 64) - 1, (1 << 64) - 1),
    ],
)
def test_registers_are_read_as_arguments(
    kind: FieldKind, c_type: str, raw: int, value: int
) -> None:
    field = EventField(name="it", kind=kind, c_type=c_type, argument=0)
    assert argument_value(field, raw) == value


def test_a_long_of_a_32_bit_program_is_its_lower_half() -> None:
    field = EventField(name="it", kind=FieldKind.INT, c_type="long", argument=0)
    assert argument_value(field, 0xFFFF_FFFF, is_compat=True) == -1
    assert argument_integer(field, is_compat=True) == (4, True)
