"""Writes the archive a kernel unpacks as its first root: cpio in the `newc` form.

Source: Documentation/driver-api/early-userspace/buffer-format.rst.

>>> archive([Entry.directory("bin"), Entry.file("init", b"#!/bin/sh\\n", mode=0o755)])[:6]
b'070701'
"""

from __future__ import annotations

import stat
from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ("Entry", "archive")

_TRAILER = "TRAILER!!!"


@dataclass(frozen=True, slots=True)
class Entry:
    """One member: `mode` holds the file type as well, `content` is a symlink's target."""

    name: str
    mode: int
    content: bytes = b""

    @classmethod
    def directory(cls, name: str) -> Entry:
        """A directory; its parents must come before it."""
        return cls(name, stat.S_IFDIR | 0o755)

    @classmethod
    def file(cls, name: str, content: bytes, mode: int = 0o644) -> Entry:
        """A regular file with these permission bits."""
        return cls(name, stat.S_IFREG | mode, content)


def archive(entries: Iterable[Entry]) -> bytes:
    """The whole archive; equal entries give equal bytes (owner root, time 0)."""
    members = [_member(inode, entry) for inode, entry in enumerate(entries, start=1)]
    return b"".join([*members, _member(0, Entry(_TRAILER, 0))])


def _member(inode: int, entry: Entry) -> bytes:
    name = entry.name.encode() + b"\0"
    links = 2 if stat.S_ISDIR(entry.mode) else 1
    # ino mode uid gid nlink mtime filesize devmajor devminor rdevmajor rdevminor namesize check
    fields = (inode, entry.mode, 0, 0, links, 0, len(entry.content), 0, 0, 0, 0, len(name), 0)
    header = b"070701" + b"".join(b"%08X" % field for field in fields)
    return _padded(header + name) + _padded(entry.content)


def _padded(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % 4)
