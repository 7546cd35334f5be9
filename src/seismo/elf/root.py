"""Paths as a process in another mount namespace has them, opened from here: `/proc/PID/root`.

>>> inside("/proc/4321/root", "/lib/libc.so.6")
'/proc/4321/root/usr/lib/libc.so.6'

The kernel would follow a symbolic link such as `/lib -> /usr/lib` from our own root, so links are
followed here, and none of them leads out of the root.
"""

from __future__ import annotations

import os

from seismo.elf.errors import BinaryNotFound

__all__ = ("inside", "root_of")

_MAX_LINKS = 40
"""As many as the kernel follows (MAXSYMLINKS)."""


def inside(root: str, path: str) -> str:
    """The path from here of what is `path` below `root`; as it is if `root` is ''.

    A path that begins with the root already is taken as such. What is not there has a path, too.
    Raises `BinaryNotFound` when links go round in a circle.
    """
    root = root.rstrip("/")
    if not root:
        return path
    left = path.removeprefix(f"{root}/").split("/")[::-1]
    done: list[str] = []
    links = 0
    while left:
        part = left.pop()
        if part == "..":
            done = done[:-1]
        elif part not in ("", "."):
            target = _link("/".join((root, *done, part)))
            if not target:
                done.append(part)
                continue
            links += 1
            if links > _MAX_LINKS:
                raise BinaryNotFound(path, "its symbolic links go round in a circle")
            done = [] if target[0] == "/" else done
            left += target.split("/")[::-1]
    return "/".join((root, *done))


def root_of(pid: int) -> str:
    """`/proc/PID/root` of a process that sees other files than this one does, '' if it does not.

    A mount namespace may have other files behind the same `/`. OSError if the process is gone.
    """
    root = f"/proc/{pid}/root"
    own, other = "/proc/self/ns/mnt", f"/proc/{pid}/ns/mnt"
    is_ours = os.path.samefile(own, other) and os.path.samefile("/", f"{root}/")
    return "" if is_ours else root


def _link(path: str) -> str:
    """What a symbolic link says; '' if it is none, or nothing is there."""
    try:
        return os.readlink(path)
    except OSError:
        return ""
