"""`nstrace`: who makes which namespaces, who enters which, and what became of it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from seismo.tools.namespaces import NAMESPACES
from tool_runs import tool_rows, tool_text

pytestmark = pytest.mark.kernel

LETTERS = dict(zip([name for name, _ in NAMESPACES], "MCUIUPN", strict=False))

# Each step is done by a child of its own. It tells the inodes that it has then, and what it was.
CHILDREN = """
import ctypes, os, signal, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
CLONE, CLONE3 = 56, 435
def child(step, *arguments):
    pid = os.fork()
    if not pid:
        step(*arguments)
        os._exit(0)
    os.waitpid(pid, 0)
def inode(name):
    return os.stat(f"/proc/self/ns/{name}").st_ino
def tell(name):
    print("inode", name, inode(name), flush=True)
def unshare(flag, name):
    before = inode(name)
    if libc.unshare(flag) == 0:
        print("unshare", name, before, inode(name), flush=True)
def ended(pid):
    if pid == 0:
        os._exit(0)
    if pid > 0:
        os.waitpid(pid, 0)
def clone(flags):
    ended(libc.syscall(CLONE, flags | signal.SIGCHLD, 0, 0, 0, 0))
def clone3(flags):
    arguments = struct.pack("8Q", flags, 0, 0, 0, signal.SIGCHLD, 0, 0, 0)
    ended(libc.syscall(CLONE3, arguments, len(arguments)))
"""


def run(tmp_path: Path, body: str, *options: str) -> tuple[list[dict[str, Any]], list[list[str]]]:
    """The rows about such a program, and the lines that it wrote."""
    path = tmp_path / "children.py"
    path.write_text(CHILDREN + body)
    done: list[str] = []

    def act() -> None:
        command = [sys.executable, "-I", "-S", str(path)]
        done.append(subprocess.run(command, check=True, capture_output=True, text=True).stdout)

    rows = tool_rows("nstrace", *options, "-p", str(os.getpid()), "--tree", act=act)
    return rows, [line.split() for line in done[0].splitlines()]


def test_unshare_of_every_kind(tmp_path: Path) -> None:
    """The inodes are those that the process finds itself, before and after."""
    kinds = [one for one in NAMESPACES if one[0] in os.listdir("/proc/self/ns")]
    own = {"pid": "pid_for_children", "time": "time_for_children"}
    steps = [f"child(unshare, {flag}, {own.get(name, name)!r})" for name, flag in kinds]
    rows, lines = run(tmp_path, "\n".join(steps))
    # Nobody has been the first process of the new namespace, so it cannot be seen yet.
    told = {one[1].removesuffix("_for_children"): one[2:] for one in lines}
    assert [(one["call"], one["namespaces"], one["err"]) for one in rows] == [
        ("unshare", name, None) for name, _ in kinds
    ]
    for row, (name, _) in zip(rows, kinds, strict=True):
        assert row["kinds"] == "".join(
            letter if kind == name else "-" for kind, letter in LETTERS.items()
        )
        if name in told:
            assert row["changed"] == f"{name}:{told[name][0]}>{told[name][1]}"
        assert row["changed"].startswith(f"{name}:{os.stat(f'/proc/self/ns/{name}').st_ino}>")
        assert (row["fd"], row["child"], row["clone"]) == (-1, 0, None)
        assert row["level"] == (1 if name == "user" else 0)


def test_a_user_namespace(tmp_path: Path) -> None:
    """Its level, owner and group, and the inode of the one around it."""
    body = "os.setresgid(31, 31, 31); os.setresuid(21, 21, 21)\nunshare(0x10020000, 'user')"
    (row,), lines = run(tmp_path, body)
    outer = os.stat("/proc/self/ns/user").st_ino
    assert (row["kinds"], row["namespaces"]) == ("M---U--", "mnt,user")
    assert (row["level"], row["owner"], row["group"], row["parent"]) == (1, 21, 31, outer)
    assert f"user:{lines[0][2]}>{lines[0][3]}" in row["changed"]


def test_clones(tmp_path: Path) -> None:
    """By both system calls; a plain one is shown by --all alone."""
    body = """
for _ in range(3):
    clone(0x08000000)
clone3(0x44000000)
clone3(0x10000200)
clone(0)
"""
    rows, _ = run(tmp_path, body)
    dashes = ["--"] * 15
    shares_directories = "|".join(["--", "FS", *dashes[2:]])
    names = ("call", "kinds", "namespaces", "err", "clone")
    assert [tuple(one[name] for name in names) for one in rows] == [
        *[("clone", "---I---", "ipc", None, "|".join(dashes))] * 3,
        ("clone3", "--U---N", "uts,net", None, "|".join(dashes)),
        ("clone3", "----U--", "user", "EINVAL", shares_directories),
    ]
    assert [one["changed"] is not None for one in rows] == [True] * 4 + [False]
    assert [one["child"] > 0 for one in rows] == [True] * 4 + [False]
    assert len({one["child"] for one in rows}) == 5
    plain, _ = run(tmp_path, "clone(0)", "--all")
    assert plain[-1]["namespaces"] is None
    assert plain[-1]["call"] == "clone"


def test_setns(tmp_path: Path) -> None:
    """By a namespace's descriptor, whose kind need not be said, and by a process's."""
    body = """
files = {name: os.open(f"/proc/self/ns/{name}", os.O_RDONLY) for name in ("uts", "ipc", "net")}
me = os.pidfd_open(os.getpid())
def enter():
    libc.unshare(0x4c000000)
    for fd in files.values():
        libc.setns(fd, 0)
def enter_all():
    libc.unshare(0x0c000000)
    libc.setns(me, 0x0c000000)
child(enter)
child(enter_all)
libc.setns(files["uts"], 0x08000000)
libc.setns(99, 0)
"""
    rows, _ = run(tmp_path, body)
    inodes = {name: os.stat(f"/proc/self/ns/{name}").st_ino for name in ("uts", "ipc", "net")}
    entered = [one for one in rows if one["call"] == "setns"]
    assert [(one["namespaces"], one["err"]) for one in entered] == [
        *[("uts", None), ("ipc", None), ("net", None)],
        ("uts,ipc", None),
        *[("ipc", "EINVAL"), (None, "EBADF")],
    ]
    for row, name in zip(entered, inodes, strict=False):
        assert row["changed"].startswith(f"{name}:")
        assert row["changed"].endswith(f">{inodes[name]}")
    back = dict(part.split(":") for part in entered[3]["changed"].split(","))
    assert {name: int(change.split(">")[1]) for name, change in back.items()} == {
        name: inodes[name] for name in ("uts", "ipc")
    }
    assert [one["fd"] for one in entered[-2:]] == [entered[0]["fd"], 99]


def test_failures_alone_as_text(tmp_path: Path) -> None:
    path = tmp_path / "children.py"
    path.write_text(CHILDREN + "libc.setns(99, 0)\nchild(unshare, 0x04000000, 'uts')")
    text = tool_text("nstrace", "-x", "-c", f"{sys.executable} -I -S {path}")
    assert "unshare uts" in text  # what the program writes
    heading, line = [one for one in text.splitlines() if not one.startswith("unshare")]
    assert " ".join(heading.split()) == (
        "PID COMM CALL FD CHILD ERR KINDS NAMESPACES LEVEL OWNER GROUP PARENT CHANGED CLONE"
    )
    words = line[heading.index("CALL") :].split()
    assert words == ["setns", "99", "0", "EBADF", "-------", "-", "0", "0", "0", "0", "-", "-"]
