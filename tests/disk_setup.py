"""Disks and file systems that only a test has: a loop device on a file of its own, and a mount that
only the process which it is for can see.

>>> with disk(tmp_path, "xfs") as device, worker(PROGRAM, place, at=mounted(device, place)) as one:
...     rows = tool_rows("xfsdist", "-p", str(one.pid), act=one.go)
"""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from lab.modules import ModuleTree
from traced_programs import WaitingProgram

__all__ = ("disk", "load_modules", "mounted", "worker")

_ROOT = Path(__file__).resolve().parents[1]
_INIT_MODULE = 175  # x86-64: arch/x86/entry/syscalls/syscall_64.tbl
_MIB = {"": 16, "ext4": 32, "xfs": 320}  # mkfs.xfs makes none below 300
_MAKE = {
    "ext4": ("mkfs.ext4", "-q", "-E", "nodiscard,lazy_itable_init=0,lazy_journal_init=0"),
    "xfs": ("mkfs.xfs", "-q", "-K"),
}
_NEEDS = {"ext4": ("crc32c_generic", "ext4"), "xfs": ("crc32c_generic", "xfs")}
_READY, _DONE = b"ready\n", b"done\n"


@contextmanager
def disk(directory: Path, kind: str = "") -> Iterator[str]:
    """A loop device on a new file in a directory, perhaps with a file system."""
    _load_in_guest("loop", *_NEEDS.get(kind, ()))
    file = directory / f"disk-{len(list(directory.iterdir()))}"
    with file.open("wb") as image:
        image.truncate(_MIB[kind] << 20)
    if kind:
        subprocess.run([*_MAKE[kind], str(file)], check=True)
    find = ["losetup", "--find", "--show", str(file)]
    device = subprocess.run(find, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    try:
        yield device
    finally:
        subprocess.run(["losetup", "--detach", device], check=True)
        file.unlink()


def mounted(device: str, place: Path) -> tuple[str, ...]:
    """The beginning of a command that runs the rest of it where the device is mounted on `place`;
    the mount ends with it."""
    place.mkdir(exist_ok=True)
    script = 'mount "$1" "$2" && shift 2 && exec "$@"'
    unshared = ("unshare", "--mount", "--propagation", "private")
    return (*unshared, "sh", "-c", script, "sh", device, str(place))


@contextmanager
def worker(program: str, *arguments: object, at: Sequence[str] = ()) -> Iterator[WaitingProgram]:
    """A process of Python that has begun, and that `go()` makes run the program, once.

    Beside what the program does it ends a read(2) of a line and a write(2) of one while it runs it.
    """
    text = (
        "import os, sys\n"
        f"sys.stdin.readline(); os.write(1, {_READY!r})\n"
        f"sys.stdin.readline()\n{textwrap.dedent(program)}\n"
        f"os.write(1, {_DONE!r}); sys.stdin.readline()\n"
    )
    command = [*at, sys.executable, "-c", text, *map(str, arguments)]
    with WaitingProgram(command) as process:
        assert process.go() == _READY.decode().strip()
        yield process
        process.end()


def load_modules(*names: str) -> None:
    """Load modules of the guest's kernel, and what they need, unless they are there."""
    release = os.uname().release
    (directory,) = _ROOT.glob(f".lab/*/kernel/lib/modules/{release}")
    syscall = ctypes.CDLL(None, use_errno=True).syscall
    for name, image in ModuleTree(directory).closure(names).items():
        if Path("/sys/module", name).exists():
            continue
        if syscall(_INIT_MODULE, image, ctypes.c_ulong(len(image)), b""):
            raise OSError(ctypes.get_errno(), f"the module {name}")


def _load_in_guest(*names: str) -> None:
    if "SEISMO_LAB_KERNEL" in os.environ:
        load_modules(*names)
