"""Paths of descriptors and of relative arguments, as the kernel has them."""

from __future__ import annotations

import ctypes
import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from audit_rig import Record, Rig, fields, names_of, plan
from seismo.audit.record.layout import (
    FIXED_FILE,
    NO_ARGUMENT,
    Capture,
    Counter,
    Section,
    SectionFlag,
    Setting,
)

pytestmark = pytest.mark.kernel

CLOSE, LSEEK, OPENAT, MKDIR, UNLINKAT = 3, 8, 257, 83, 263
PLANS = {
    CLOSE: plan((0, Capture.FD, 1)),
    LSEEK: plan((0, Capture.FD)),
    OPENAT: plan((1, Capture.PATH_AT, 0), returned=Capture.FD_RETURNED),
    MKDIR: plan((0, Capture.PATH)),
    UNLINKAT: plan((1, Capture.PATH_AT, 0)),
}
LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNS, MS_BIND, MS_REC, MS_PRIVATE = 0x20000, 4096, 16384, 1 << 18


def _seek(fd: int) -> None:
    """lseek(2), which any descriptor may refuse."""
    LIBC.lseek(fd, ctypes.c_long(0), 1)


def _records(
    action: Callable[[], object], number: int, flags: int = Setting.FD_PATHS
) -> list[Record]:
    with Rig(PLANS, flags=flags) as rig:
        rig.run(action)
        return rig.calls(number)


def _opened(record: Record) -> str:
    return names_of(record.part(Section.PATH, NO_ARGUMENT))


def _memfd() -> int:
    return os.memfd_create("a name")


def _deleted() -> int:
    name = f"audit-{os.getpid()}"
    fd = os.open(name, os.O_CREAT | os.O_RDWR)
    os.unlink(name)
    return fd


KINDS: dict[str, Callable[[], int]] = {
    "file": lambda: os.open("/sys/kernel/btf/vmlinux", os.O_RDONLY),
    "root": lambda: os.open("/", os.O_RDONLY),
    "pipe": lambda: os.pipe()[0],
    "socket": lambda: socket.socket(socket.AF_INET).detach(),
    "unix": lambda: socket.socketpair()[0].detach(),
    "epoll": lambda: int(LIBC.epoll_create1(0)),
    "eventfd": lambda: os.eventfd(0),
    "memfd": _memfd,
    "deleted": _deleted,
    "temporary": lambda: os.open(".", os.O_TMPFILE | os.O_RDWR),
    "namespace": lambda: os.open("/proc/self/ns/net", os.O_RDONLY),
    "pidfd": lambda: os.pidfd_open(os.getpid()),
    "proc": lambda: os.open("/proc/self/status", os.O_RDONLY),
    "device": lambda: os.open("/dev/null", os.O_RDWR),
}


@pytest.mark.parametrize("kind", KINDS)
def test_descriptor_as_proc_shows_it(kind: str) -> None:
    told = os.pipe()

    def act() -> None:
        os.chdir("/dev/shm")  # of a file system with one device, unlike overlayfs
        fd = KINDS[kind]()
        _seek(fd)
        stat = os.fstat(fd)
        shown = os.readlink(f"/proc/self/fd/{fd}")
        facts = (fd, stat.st_ino, stat.st_dev, stat.st_mode & 0o7777, stat.st_nlink)
        os.write(told[1], f"{shown}\0{' '.join(map(str, facts))}".encode())

    (record,) = _records(act, LSEEK)
    shown, _, facts = os.read(told[0], 4096).decode().partition("\0")
    assert names_of(record.part(Section.PATH)) == shown
    file = fields(FIXED_FILE, record.part(Section.FILE).data)
    found = [int(str(file[one])) for one in ("fd", "inode", "device", "mode", "links")]
    found[3] &= 0o7777  # fstat(2) has no type for some
    assert found == [int(one) for one in facts.split()]


def test_dup_inherited_and_shared_descriptors() -> None:
    fd = os.open("/etc/passwd", os.O_RDONLY)

    def act() -> None:
        _seek(os.dup(fd))
        os.dup2(fd, 77)
        thread = threading.Thread(target=_seek, args=(77,))
        thread.start()
        thread.join()

    found = _records(act, LSEEK)
    assert [names_of(one.part(Section.PATH)) for one in found] == ["/etc/passwd"] * 2
    assert fields(FIXED_FILE, found[1].part(Section.FILE).data)["fd"] == 77


def test_closed_file_was_read_at_the_entry(tmp_path: Path) -> None:
    def act() -> None:
        for _ in range(3):
            fd = os.open(tmp_path / "file", os.O_CREAT | os.O_RDWR)
            os.close(fd)

    found = _records(act, CLOSE)
    assert [names_of(one.part(Section.PATH)) for one in found] == [f"{tmp_path}/file"] * 3
    assert [one.ret for one in found] == [0] * 3


def test_closed_descriptor_that_is_none() -> None:
    def act() -> None:
        assert LIBC.close(900) == -1

    (record,) = _records(act, CLOSE)
    assert record.parts == ()


def test_descriptors_have_no_paths_where_they_are_not_asked_for() -> None:
    def act() -> None:
        _seek(os.open("/etc/passwd", os.O_RDONLY))

    with Rig(PLANS, flags=0) as rig:
        rig.run(act)
        opened, sought = rig.records()
    assert _opened(opened) == "/etc/passwd"
    assert sought.parts == ()


def test_relative_to_the_working_directory(tmp_path: Path) -> None:
    def act() -> None:
        os.chdir(tmp_path)
        os.mkdir("below")
        os.open("below/file", os.O_CREAT)

    with Rig(PLANS) as rig:
        rig.run(act)
        made, opened = rig.records()
    for record, argument in ((made, 0), (opened, 1)):
        part = record.part(Section.DIRECTORY, argument)
        assert (names_of(part), part.flags) == (str(tmp_path), SectionFlag.ABSOLUTE)
    assert _opened(opened) == f"{tmp_path}/below/file"


def test_relative_to_a_descriptor(tmp_path: Path) -> None:
    def act() -> None:
        directory = os.open(tmp_path, os.O_RDONLY)
        os.chdir("/usr")
        os.open("file", os.O_CREAT, dir_fd=directory)
        os.unlink("file", dir_fd=directory)
        os.open("/etc/passwd", os.O_RDONLY, dir_fd=directory)

    with Rig(PLANS) as rig:
        rig.run(act)
        _, opened, removed, absolute = rig.records()
    assert names_of(opened.part(Section.DIRECTORY, 1)) == str(tmp_path)
    assert names_of(removed.part(Section.DIRECTORY, 1)) == str(tmp_path)
    assert Section.DIRECTORY not in absolute.kinds()
    assert _opened(absolute) == "/etc/passwd"


def test_symbolic_links_are_followed(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/etc")

    def act() -> None:
        os.open(tmp_path / "link" / ".." / "etc" / "passwd", os.O_RDONLY)

    (record,) = _records(act, OPENAT)
    assert _opened(record) == "/etc/passwd"
    assert record.part(Section.STRING, 1).data.decode() == f"{tmp_path}/link/../etc/passwd"


def test_failed_open_has_only_its_name(tmp_path: Path) -> None:
    def act() -> None:
        with pytest.raises(FileNotFoundError):
            os.open(tmp_path / "none", os.O_RDONLY)

    (record,) = _records(act, OPENAT)
    assert (record.ret, record.kinds()) == (-2, [Section.STRING])


def test_paths_end_at_the_root_of_the_process(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "file").touch()

    def act() -> None:
        outside = os.open("/etc/passwd", os.O_RDONLY)
        os.chroot(tmp_path)
        os.chdir("/inner")
        os.open("file", os.O_RDONLY)
        _seek(outside)

    with Rig(PLANS) as rig:
        rig.run(act)
        _, opened, outside = rig.records()
    assert _opened(opened) == "/inner/file"
    assert names_of(opened.part(Section.DIRECTORY, 1)) == "/inner"
    part = outside.part(Section.PATH)
    assert (names_of(part), part.flags) == ("/etc/passwd", SectionFlag.UNREACHABLE)


def test_paths_lead_through_mounts(tmp_path: Path) -> None:
    for name in ("from/deep", "to", "to/sub"):
        (tmp_path / name).mkdir(parents=True, exist_ok=True)
    (tmp_path / "from" / "deep" / "file").touch()

    def act() -> None:
        assert LIBC.unshare(CLONE_NEWNS) == 0
        assert LIBC.mount(None, b"/", None, MS_REC | MS_PRIVATE, None) == 0
        source, target = (os.fsencode(tmp_path / one) for one in ("from", "to"))
        assert LIBC.mount(source, target, None, MS_BIND, None) == 0
        assert LIBC.mount(b"tmpfs", target + b"/deep", b"tmpfs", 0, None) == 0
        os.open(tmp_path / "to" / "deep" / "new", os.O_CREAT)
        os.open(tmp_path / "from" / "deep" / "file", os.O_RDONLY)

    mounted, below = _records(act, OPENAT)
    assert _opened(mounted) == f"{tmp_path}/to/deep/new"
    assert _opened(below) == f"{tmp_path}/from/deep/file"


def test_deep_path_is_complete_and_a_deeper_one_is_cut(tmp_path: Path) -> None:
    def act() -> None:
        os.chdir(tmp_path)
        for _ in range(20):
            os.mkdir("d" * 200)
            os.chdir("d" * 200)
        room = 4000 - len(os.fsencode(tmp_path)) - 19 * 201 - 1
        os.chdir("..")
        os.open("f" * (room - 1), os.O_CREAT)
        os.chdir("d" * 200)
        os.open("g" * 255, os.O_CREAT)

    with Rig(PLANS) as rig:
        rig.run(act)
        whole, cut = rig.calls(OPENAT)
        truncated = rig.counts(OPENAT)[Counter.TRUNCATED.name.lower()]
    text = _opened(whole)
    assert (len(text), text.count("/d"), truncated) == (4000 - 1, 19, 1)
    assert text.startswith(f"{tmp_path}/ddd")
    part = cut.part(Section.PATH, NO_ARGUMENT)
    assert part.flags == SectionFlag.TRUNCATED
    assert names_of(part).startswith("…/ddd")
    assert names_of(part).endswith("g" * 255)


def test_many_short_names(tmp_path: Path) -> None:
    def act() -> None:
        os.chdir(tmp_path)
        for _ in range(900):
            os.mkdir("d")
            os.chdir("d")
        os.open("f", os.O_CREAT)

    try:
        (record,) = _records(act, OPENAT)
    finally:
        _remove_chain(tmp_path)
    assert _opened(record) == f"{tmp_path}{'/d' * 900}/f"


def _remove_chain(top: Path) -> None:
    """What is too deep for shutil's recursion."""
    if os.fork() == 0:
        os.chdir(top)
        depth = 0
        while os.path.isdir("d"):
            os.chdir("d")
            depth += 1
        if os.path.exists("f"):
            os.unlink("f")
        for _ in range(depth):
            os.chdir("..")
            os.rmdir("d")
        os._exit(0)
    os.wait()
