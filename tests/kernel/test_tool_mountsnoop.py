"""`mountsnoop`: every mount and unmount as a call in C; of a process with mounts of its own."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest

from tool_runs import tool_rows, tool_text

pytestmark = pytest.mark.kernel

_CHILD = """
import ctypes, os, sys
libc = ctypes.CDLL(None)
os.chdir(sys.argv[1])
attributes = (ctypes.c_uint64 * 4)(1 | 8, 0, 1 << 18, 0)
text = lambda name: ctypes.c_char_p(name)
assert libc.unshare(0x20000) == 0
assert libc.mount(b"none", b"/", None, 1 << 14 | 1 << 18, None) == 0
print(os.stat("/proc/self/ns/mnt").st_ino, flush=True)
assert libc.mount(b"my tmpfs", b"mnt", b"tmpfs", 0xC0ED0000 | 2 | 4, b'size=1m,mode=700') == 0
assert libc.mount(b"mnt", b"other", None, 1 << 12, None) == 0
assert libc.mount(b'a"b', b"none", b"tmpfs", 0, None) == -1
assert libc.umount2(b"other", 2 | 8) == 0
context = libc.syscall(430, b"tmpfs", 1)
assert libc.syscall(431, context, 1, b"size", b"1m", 0) == 0
assert libc.syscall(431, context, 0, b"ro", None, 0) == 0
assert libc.syscall(431, context, 6, None, None, 0) == 0
mount = libc.syscall(432, context, 1, 2 | 0x10)
assert libc.syscall(429, mount, b"", -100, b"other", 4) == 0
tree = libc.syscall(428, -100, b"other", 0o2000001)
assert libc.syscall(433, -100, b"other", 1) > 0
assert libc.syscall(442, mount, b"", 0x1000, attributes, 32) == 0
assert libc.syscall(155, b"mnt", b"gone") == -1
"""


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="pivot_root has another number")
def test_every_call_is_a_row(tmp_path: Path) -> None:
    for name in ("mnt", "other"):
        (tmp_path / name).mkdir()
    program = tmp_path / "mounts.py"
    program.write_text(_CHILD)
    inode = tmp_path / "inode"
    command = f"sh -c '{sys.executable} -I -S {program} {tmp_path} > {inode}'"
    rows = tool_rows("mountsnoop", "-c", command)
    calls = [re.sub(r"\b(\d+), FSCONFIG", "FD, FSCONFIG", one["call"]) for one in rows]
    at = f'"{tmp_path}'
    assert calls[:5] == [
        'mount("none", "/", "", MS_REC|MS_PRIVATE, "") = 0',
        f'mount("my tmpfs", {at}/mnt", "tmpfs", MS_NOSUID|MS_NODEV, "size=1m,mode=700") = 0',
        f'mount("mnt", {at}/other", "", MS_BIND, "") = 0',
        f'mount("a\\"b", {at}/none", "tmpfs", 0, "") = -ENOENT',
        f'umount({at}/other", MNT_DETACH|UMOUNT_NOFOLLOW) = 0',
    ]
    fd = int(calls[5].rpartition(" = ")[2])
    assert calls[5:] == [
        f'fsopen("tmpfs", FSOPEN_CLOEXEC) = {fd}',
        'fsconfig(FD, FSCONFIG_SET_STRING, "size", "1m", 0) = 0',
        'fsconfig(FD, FSCONFIG_SET_FLAG, "ro", "", 0) = 0',
        'fsconfig(FD, FSCONFIG_CMD_CREATE, "", "", 0) = 0',
        f"fsmount({fd}, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID|MOUNT_ATTR_NOATIME) = {fd + 1}",
        f'move_mount({fd + 1}, "", {at}/other", MOVE_MOUNT_F_EMPTY_PATH) = 0',
        f'open_tree({at}/other", OPEN_TREE_CLONE|OPEN_TREE_CLOEXEC) = {fd + 2}',
        f'fspick({at}/other", FSPICK_CLOEXEC) = {fd + 3}',
        f'mount_setattr({at}/other", AT_EMPTY_PATH, '
        "attr_set=MOUNT_ATTR_RDONLY|MOUNT_ATTR_NOEXEC, attr_clr=0, propagation=MS_PRIVATE) = 0",
        'pivot_root("mnt", "gone") = -ENOENT',
    ]
    assert [one["err"] for one in rows] == [*[None] * 3, "ENOENT", *[None] * 10, "ENOENT"]
    assert {one["mnt_ns"] for one in rows} == {int(inode.read_text())}
    assert len({one["pid"] for one in rows}) == 1


def test_the_text_is_aligned(tmp_path: Path) -> None:
    shell = f"unshare -m --propagation unchanged sh -c 'umount -i {tmp_path} 2>&-; exit 0'"
    heading, line = tool_text("mountsnoop", "-c", shell).splitlines()
    assert heading == "PID     COMM             MNT_NS     ERR      CALL"
    assert line[8:25] == "umount           " and line[25:36].strip().isdecimal()
    assert line[36:] == f'EINVAL   umount("{tmp_path}", 0) = -EINVAL'
