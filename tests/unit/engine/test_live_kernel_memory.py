"""`KernelMemory`, `task_memory`: records of tasks, laid out as this kernel has them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from seismo.btf.layout import resolve, size_of
from seismo.btf.spec import Btf
from seismo.btf.types import Kind
from seismo.engine.live.kernel_memory import KernelMemory, task_address
from seismo.engine.live.task_records import task_memory
from seismo.engine.live.tracee import Tracee

VMLINUX = "/sys/kernel/btf/vmlinux"
SIGNAL_GROUP_EXIT = 4

pytestmark = pytest.mark.skipif(not os.access(VMLINUX, os.R_OK), reason="there are no types")


@pytest.fixture(scope="module")
def types() -> Btf:
    return Btf.open(VMLINUX)


def member(types: Btf, memory: KernelMemory, record: str, address: int, path: str) -> int:
    place = resolve(types, types.find(record, Kind.STRUCT), path)
    data = memory.read(address + place.offset, size_of(types, place.type))
    return int.from_bytes(data, "little")


Read = Callable[[str, int, str], int]


@pytest.fixture
def read(types: Btf) -> Read:
    memory = task_memory({})
    return lambda record, address, path: member(types, memory, record, address, path)


@contextmanager
def directory(path: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(path)
    try:
        yield
    finally:
        os.chdir(before)


def test_text_is_read_without_knowing_how_long_it_is(types: Btf) -> None:
    place = resolve(types, types.find("task_struct", Kind.STRUCT), "comm")
    comm = Path("/proc/self/comm").read_bytes().rstrip(b"\n")
    data = task_memory({}).read(task_address(os.getpid()) + place.offset, 64)
    assert data == comm.ljust(64, b"\0")


def test_a_task_is_what_proc_says(read: Read) -> None:
    me = task_address(os.getpid())
    assert read("task_struct", me, "pid") == read("task_struct", me, "tgid") == os.getpid()
    assert read("task_struct", me, "real_parent") == task_address(os.getppid())
    assert read("task_struct", me, "group_leader") == me
    comm = Path("/proc/self/comm").read_bytes().rstrip(b"\n").ljust(16, b"\0")
    assert read("task_struct", me, "comm") == int.from_bytes(comm, "little")
    cred = read("task_struct", me, "cred")
    ids = [read("cred", cred, f"{one}.val") for one in ("uid", "euid", "suid", "fsgid")]
    assert ids == [*os.getresuid(), os.getegid()]


def test_the_arguments_lie_where_the_process_has_them(read: Read) -> None:
    mm = read("task_struct", task_address(os.getpid()), "mm")
    start, end = read("mm_struct", mm, "arg_start"), read("mm_struct", mm, "arg_end")
    with open("/proc/self/mem", "rb", buffering=0) as file:
        file.seek(start)
        assert file.read(end - start) == Path("/proc/self/cmdline").read_bytes()


def test_a_directory_is_its_names(types: Btf, tmp_path: Path) -> None:
    memory = task_memory({})

    def look(record: str, address: int, path: str) -> int:
        return member(types, memory, record, address, path)

    with directory(tmp_path):
        places = look("task_struct", task_address(os.getpid()), "fs")
        dentry, names = look("fs_struct", places, "pwd.dentry"), []
    while (parent := look("dentry", dentry, "d_parent")) != dentry:
        length = look("dentry", dentry, "d_name.len")
        names.append(memory.read(look("dentry", dentry, "d_name.name"), length).decode())
        dentry = parent
    assert "/" + "/".join(reversed(names)) == str(tmp_path)


def test_descriptors_are_those_that_are_open(types: Btf) -> None:
    memory = task_memory({})

    def look(record: str, address: int, path: str) -> int:
        return member(types, memory, record, address, path)

    table = look("files_struct", look("task_struct", task_address(os.getpid()), "files"), "fdt")
    entries = look("fdtable", table, "fd")
    with open(VMLINUX, "rb") as file:
        number = file.fileno()
        assert number < look("fdtable", table, "max_fds")
        opened = int.from_bytes(memory.read(entries + 8 * number, 8), "little")
        inode = look("file", opened, "f_inode")
        assert look("inode", inode, "i_ino") == os.fstat(number).st_ino
    assert memory.read(entries + 8 * number, 8) == bytes(8)


def test_how_a_process_ends_is_what_its_tracer_saw(types: Btf) -> None:
    leader, other = Tracee(7, 7), Tracee(8, 7)
    memory = task_memory({7: leader, 8: other})
    process = memory.address("signal_struct", 7)
    leader.has_left, leader.exit_code = True, 5 << 8
    assert member(types, memory, "signal_struct", process, "live.counter") == 1
    assert member(types, memory, "signal_struct", process, "flags") == 0
    other.has_left = other.ends_process = True
    other.exit_code = 9
    assert member(types, memory, "signal_struct", process, "live.counter") == 0
    assert member(types, memory, "signal_struct", process, "flags") == SIGNAL_GROUP_EXIT
    assert member(types, memory, "signal_struct", process, "group_exit_code") == 9
    assert member(types, memory, "task_struct", task_address(7), "exit_code") == 5 << 8


def test_what_was_forgotten_leads_nowhere() -> None:
    memory = task_memory({})
    text = memory.address("text", 0, "/first")
    assert memory.read(text, 6) == b"first\0"
    for number in range(20_000):
        memory.address("text", 0, f"/{number}")
    memory.trim()
    with pytest.raises(OSError, match="nothing"):
        memory.read(text, 6)
    again = memory.address("text", 0, "/first")
    assert again != text
    assert memory.read(again, 6) == b"first\0"


def test_what_nobody_knows_cannot_be_read(read: Read) -> None:
    me = task_address(os.getpid())
    for record, address, path in (
        ("task_struct", me, "on_cpu"),
        ("task_struct", me, "exit_code"),
        ("task_struct", task_address((1 << 22) - 1), "tgid"),
        ("task_struct", 0, "pid"),
        ("cred", 0xFFFF_C000_0100_0000, "uid.val"),
    ):
        with pytest.raises(OSError, match=r"known|sees|nothing|No such"):
            read(record, address, path)
