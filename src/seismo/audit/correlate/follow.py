"""Where a path leads below some root: links followed as open(2) would, but for a root not our own.

Only lstat(2), stat(2) and readlink(2) are used: nothing is opened, no device or pipe is touched.
"""

from __future__ import annotations

import os
import stat

from seismo.base.dataclass import dataclass

__all__ = ("Place", "Unresolved", "follow")

_MAX_LINKS = 40  # fs/namei.c: MAXSYMLINKS
_MAX_NAMES = 4096


class Unresolved(OSError):
    """The path leads nowhere now: it is gone, too long, a circle, or not ours to see."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where it led: the `path` below the root without links, and whose inode it is.

    `links` is how many symbolic links were followed.
    """

    path: str
    inode: int
    device: int
    links: int


def follow(path: str, root: str = "") -> Place:
    """Follow an absolute path below `root` ('' for our own). Raises Unresolved."""
    waiting = _names(path)
    done: list[str] = []
    links = walked = 0
    try:
        while waiting:
            name = waiting.pop()
            walked += 1
            if walked > _MAX_NAMES:
                raise Unresolved(f"{path} has too many names")
            if name == "..":
                del done[-1:]
                continue
            here = f"{root}/{'/'.join([*done, name])}"
            if not stat.S_ISLNK(os.lstat(here).st_mode):
                done.append(name)
                continue
            links += 1
            if links > _MAX_LINKS:
                raise Unresolved(f"{path} has too many symbolic links")
            target = os.readlink(here)
            if target.startswith("/"):
                done = []
            elif _is_magic(here, target):
                found = os.stat(here)
                return Place(target, found.st_ino, found.st_dev, links)
            waiting += _names(target)
        end = f"/{'/'.join(done)}"
        found = os.lstat(f"{root}{end}")
    except Unresolved:
        raise
    except (OSError, ValueError) as error:
        raise Unresolved(str(error)) from None
    return Place(end, found.st_ino, found.st_dev, links)


def _names(path: str) -> list[str]:
    """The names of a path that say something, the first of them last."""
    return [name for name in reversed(path.split("/")) if name not in ("", ".")]


def _is_magic(link: str, target: str) -> bool:
    """Whether it is a link of /proc to what has no path: `pipe:[7]`, `anon_inode:…`."""
    return "/proc/" in link and ":" in target.partition("/")[0]
