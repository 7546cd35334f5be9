"""What the machine knows: symbols and users of given files, the clocks and cgroups of this one."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from seismo.base.source import Source
from seismo.builtin.options import LowerOptions
from seismo.compiler import compile_script
from seismo.events.stack import Frame
from seismo.kernel.live import LiveKernel
from seismo.plan import Plan
from seismo.runtime.resolve import LiveResolver, shows_user_symbols
from seismo.views import RecordedView

VIEW = RecordedView(Path(__file__).resolve().parents[2] / "recorded" / "6.18")

KALLSYMS = b"""\
ffffffff81000000 T _text
ffffffff81000010 T vfs_read
ffffffff81000080 t helper\t[ext4]
"""
HIDDEN = b"0000000000000000 T vfs_read\n"
PASSWD = b"root:x:0:0:root:/root:/bin/sh\n\nbroken\ntoor:x:0:0::/:/bin/sh\nme:x:1000:1000::/:\n"
NEAR_NS = 100_000_000


class FilesKernel(LiveKernel):
    """The running kernel, but for files whose contents are given; counts what is read."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        super().__init__()
        self.files = files
        self.reads: list[str] = []

    def read_file(self, path: str) -> bytes:
        self.reads.append(path)
        return self.files[path] if path in self.files else super().read_file(path)


@pytest.mark.parametrize(
    ("address", "name"),
    [
        (0xFFFFFFFF81000010, "vfs_read"),
        (0xFFFFFFFF81000013, "vfs_read"),
        (0xFFFFFFFF81000080, "helper"),
        (0xFFFFFFFF80FFFFFF, "0xffffffff80ffffff"),
        (0x7FFF00000000, "0x7fff00000000"),
        (0, "0"),
    ],
)
def test_kernel_symbols_have_no_offset(address: int, name: str) -> None:
    resolver = LiveResolver(FilesKernel({"/proc/kallsyms": KALLSYMS}))
    assert resolver.kernel_symbol(address) == name


def test_hidden_symbols_are_addresses() -> None:
    resolver = LiveResolver(FilesKernel({"/proc/kallsyms": HIDDEN}))
    assert resolver.kernel_symbol(0xFFFFFFFF81000010) == "0xffffffff81000010"


def test_files_are_read_once_and_only_when_they_are_needed() -> None:
    kernel = FilesKernel({"/proc/kallsyms": KALLSYMS, "/etc/passwd": PASSWD})
    resolver = LiveResolver(kernel)
    assert kernel.reads == []
    for _ in range(2):
        resolver.kernel_symbol(0xFFFFFFFF81000010)
        resolver.kernel_symbol(0xFFFFFFFF81000020)
        resolver.user_name(0)
    assert kernel.reads == ["/proc/kallsyms", "/etc/passwd"]


@pytest.mark.parametrize(("uid", "name"), [(0, "root"), (1000, "me"), (7, "")])
def test_user_names_are_those_of_passwd(uid: int, name: str) -> None:
    assert LiveResolver(FilesKernel({"/etc/passwd": PASSWD})).user_name(uid) == name


@pytest.mark.parametrize(
    ("clock", "number"),
    [
        ("boot", time.CLOCK_BOOTTIME),
        ("monotonic", time.CLOCK_MONOTONIC),
        ("tai", time.CLOCK_TAI),
        ("sw_tai", time.CLOCK_TAI),
    ],
)
def test_every_clock_is_put_on_the_wall_clock(clock: str, number: int) -> None:
    wall = LiveResolver(LiveKernel()).wall_ns(clock, time.clock_gettime_ns(number))
    assert abs(wall - time.time_ns()) < NEAR_NS


def test_the_offset_of_a_clock_is_measured_once() -> None:
    resolver = LiveResolver(LiveKernel())
    assert resolver.wall_ns("boot", 5) - resolver.wall_ns("boot", 0) == 5


def mounts_of(tmp_path: Path) -> LiveResolver:
    """Three hierarchies of plain directories: only inodes matter."""
    for name in ("v2/a/b", "memory/a", "cpu"):
        (tmp_path / name).mkdir(parents=True)
    lines = [
        f"cgroup {tmp_path}/memory cgroup rw 0 0",
        f"cgroup {tmp_path}/cpu cgroup rw 0 0",
        f"cgroup2 {tmp_path}/v2 cgroup2 rw 0 0",
        f"tmpfs {tmp_path} tmpfs rw 0 0",
    ]
    return LiveResolver(FilesKernel({"/proc/mounts": "\n".join(lines).encode()}))


def test_a_cgroup_is_found_by_its_inode(tmp_path: Path) -> None:
    resolver = mounts_of(tmp_path)
    assert resolver.cgroup_path(os.stat(tmp_path / "v2/a/b").st_ino, "") == "unified:/a/b"
    assert resolver.cgroup_path(os.stat(tmp_path / "v2").st_ino, "*") == "unified:/"
    assert resolver.cgroup_path(os.stat(tmp_path / "memory/a").st_ino, "*") == "memory:/a"


def test_only_the_wanted_hierarchies_are_searched(tmp_path: Path) -> None:
    resolver = mounts_of(tmp_path)
    number = os.stat(tmp_path / "memory/a").st_ino
    assert resolver.cgroup_path(number, "mem*") == "memory:/a"
    assert resolver.cgroup_path(number, "unified") == ""
    assert resolver.cgroup_path(1, "*") == ""


def test_the_unified_hierarchy_comes_first_then_the_others_by_name(tmp_path: Path) -> None:
    """The roots of all hierarchies have one id; here one directory is all their roots."""
    root = tmp_path / "one"
    root.mkdir()
    (tmp_path / "pids").symlink_to(root)
    lines = [f"c {tmp_path}/pids cgroup rw 0 0", f"c {root} cgroup rw", f"c {root} cgroup2 rw"]
    resolver = LiveResolver(FilesKernel({"/proc/mounts": "\n".join(lines).encode()}))
    assert resolver.cgroup_path(root.stat().st_ino, "*") == "unified:/,one:/,pids:/"


def test_frames_of_the_kernel_have_offsets_and_modules() -> None:
    kernel = FilesKernel({"/proc/kallsyms": KALLSYMS})
    resolver = LiveResolver(kernel)
    assert resolver.kernel_frames([0xFFFFFFFF81000013, 0xFFFFFFFF81000080, 7, 1 << 63]) == [
        Frame(0xFFFFFFFF81000013, "vfs_read", 3, "[kernel.kallsyms]"),
        Frame(0xFFFFFFFF81000080, "helper", 0, "[ext4]"),
        Frame(7),
        Frame(1 << 63),
    ]
    assert kernel.reads == ["/proc/kallsyms"]


def test_what_was_loaded_meanwhile_is_found_a_second_later(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = FilesKernel({"/proc/kallsyms": KALLSYMS})
    resolver, address = LiveResolver(kernel), 0xFFFFFFFFC0000004
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now)
    assert resolver.kernel_frames([address]) == [Frame(address)]
    kernel.files = {"/proc/kallsyms": KALLSYMS + b"ffffffffc0000000 t bpf_prog_1_x\t[bpf]\n"}
    assert resolver.kernel_frames([address]) == [Frame(address)]
    now += 1
    assert resolver.kernel_frames([address]) == [Frame(address, "bpf_prog_1_x", 4, "[bpf]")]


def plan_of(body: str) -> Plan:
    """The plan of a script of one probe."""
    source = Source("case.bt", f"BEGIN {{ {body} }}")
    return compile_script(source, VIEW, LowerOptions(possible_cpus=2)).plan


@pytest.mark.parametrize(
    "body",
    [
        "print(ustack)",
        'printf("%d %s", 1, usym(1))',
        "@[ustack(perf, 2)] = count()",
        "@[1, (2, usym(1))] = count()",
        "@ = ustack",
        "print((1, dw_ustack(raw)))",
    ],
)
def test_scripts_that_show_symbols_of_processes(body: str) -> None:
    assert shows_user_symbols(plan_of(body))


@pytest.mark.parametrize(
    "body",
    ["print(kstack)", "@[kstack] = ksym(1)", "@[ustack(raw)] = count()", "$a = ustack; print(1)"],
)
def test_scripts_that_need_no_symbols_of_processes(body: str) -> None:
    plan, kernel = plan_of(body), FilesKernel({})
    assert not shows_user_symbols(plan)
    resolver = LiveResolver.of(plan, kernel)
    assert (resolver.fds, resolver.trouble, kernel.reads) == ((), "", [])
    assert resolver.user_frames([5], 1) == [Frame(5)]
    assert resolver.user_symbol(5, 1) == "0x5"
