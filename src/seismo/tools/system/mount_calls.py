"""What a call about mounts looks like in C: `mount_call`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from seismo.output.printable import printable
from seismo.tools.words import errno_name

__all__ = ("mount_call",)

_Names: TypeAlias = Mapping[int, str]

# include/uapi/linux/mount.h
_MOUNT: _Names = {
    1 << 0: "MS_RDONLY",
    1 << 1: "MS_NOSUID",
    1 << 2: "MS_NODEV",
    1 << 3: "MS_NOEXEC",
    1 << 4: "MS_SYNCHRONOUS",
    1 << 5: "MS_REMOUNT",
    1 << 6: "MS_MANDLOCK",
    1 << 7: "MS_DIRSYNC",
    1 << 8: "MS_NOSYMFOLLOW",
    1 << 10: "MS_NOATIME",
    1 << 11: "MS_NODIRATIME",
    1 << 12: "MS_BIND",
    1 << 13: "MS_MOVE",
    1 << 14: "MS_REC",
    1 << 15: "MS_SILENT",
    1 << 16: "MS_POSIXACL",
    1 << 17: "MS_UNBINDABLE",
    1 << 18: "MS_PRIVATE",
    1 << 19: "MS_SLAVE",
    1 << 20: "MS_SHARED",
    1 << 21: "MS_RELATIME",
    1 << 22: "MS_KERNMOUNT",
    1 << 23: "MS_I_VERSION",
    1 << 24: "MS_STRICTATIME",
    1 << 25: "MS_LAZYTIME",
}
_MAGIC, _MAGIC_MASK = 0xC0ED0000, 0xFFFF0000
"""What programs had to give before Linux 2.4: who still does has no other flags than the low 16."""

_ATTRIBUTES: _Names = {
    0x1: "MOUNT_ATTR_RDONLY",
    0x2: "MOUNT_ATTR_NOSUID",
    0x4: "MOUNT_ATTR_NODEV",
    0x8: "MOUNT_ATTR_NOEXEC",
    0x10: "MOUNT_ATTR_NOATIME",
    0x20: "MOUNT_ATTR_STRICTATIME",
    0x80: "MOUNT_ATTR_NODIRATIME",
    0x100000: "MOUNT_ATTR_IDMAP",
    0x200000: "MOUNT_ATTR_NOSYMFOLLOW",
}
_MOVE: _Names = {
    0x1: "MOVE_MOUNT_F_SYMLINKS",
    0x2: "MOVE_MOUNT_F_AUTOMOUNTS",
    0x4: "MOVE_MOUNT_F_EMPTY_PATH",
    0x10: "MOVE_MOUNT_T_SYMLINKS",
    0x20: "MOVE_MOUNT_T_AUTOMOUNTS",
    0x40: "MOVE_MOUNT_T_EMPTY_PATH",
    0x100: "MOVE_MOUNT_SET_GROUP",
    0x200: "MOVE_MOUNT_BENEATH",
}
_FSOPEN: _Names = {1: "FSOPEN_CLOEXEC"}
_FSMOUNT: _Names = {1: "FSMOUNT_CLOEXEC"}
_FSPICK: _Names = {
    1: "FSPICK_CLOEXEC",
    2: "FSPICK_SYMLINK_NOFOLLOW",
    4: "FSPICK_NO_AUTOMOUNT",
    8: "FSPICK_EMPTY_PATH",
}
_FSCONFIG = (
    "FSCONFIG_SET_FLAG",
    "FSCONFIG_SET_STRING",
    "FSCONFIG_SET_BINARY",
    "FSCONFIG_SET_PATH",
    "FSCONFIG_SET_PATH_EMPTY",
    "FSCONFIG_SET_FD",
    "FSCONFIG_CMD_CREATE",
    "FSCONFIG_CMD_RECONFIGURE",
    "FSCONFIG_CMD_CREATE_EXCL",
)
_AT_FDCWD = -100  # include/uapi/linux/fcntl.h
_AT: _Names = {
    0x100: "AT_SYMLINK_NOFOLLOW",
    0x800: "AT_NO_AUTOMOUNT",
    0x1000: "AT_EMPTY_PATH",
    0x8000: "AT_RECURSIVE",
}
_OPEN_TREE: _Names = {1: "OPEN_TREE_CLONE", 0o2000000: "OPEN_TREE_CLOEXEC", **_AT}
_UMOUNT: _Names = {
    1: "MNT_FORCE",
    2: "MNT_DETACH",
    4: "MNT_EXPIRE",
    8: "UMOUNT_NOFOLLOW",
}  # include/linux/fs.h, as umount(2) has them


def mount_call(call: Sequence[Any]) -> str:
    """The call of (its name, its arguments ..., its result): `umount("/mnt", MNT_DETACH) = 0`."""
    name, *arguments, result = call
    texts = [write(one) for write, one in zip(_WRITERS[name], arguments, strict=True)]
    outcome = f"-{errno_name(result)}" if result < 0 else str(result)
    return f"{name}({', '.join(texts)}) = {outcome}"


def _string(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{printable(escaped)}"'


def _directory(fd: int) -> str:
    return "AT_FDCWD" if fd == _AT_FDCWD else str(fd)


def _flags(names: _Names) -> Callable[[int], str]:
    def write(flags: int) -> str:
        known = [name for bit, name in names.items() if flags & bit]
        rest = flags & ~sum(names)
        return "|".join([*known, hex(rest)] if rest else known) or "0"

    return write


def _member(name: str, names: _Names) -> Callable[[int], str]:
    """Of the call's `struct mount_attr`."""
    write = _flags(names)
    return lambda flags: f"{name}={write(flags)}"


def _mount_flags(flags: int) -> str:
    is_marked = flags & _MAGIC_MASK == _MAGIC
    return _flags(_MOUNT)(flags & 0xFFFF if is_marked else flags)


def _command(number: int) -> str:
    return _FSCONFIG[number] if 0 <= number < len(_FSCONFIG) else str(number)


_WRITERS: Mapping[str, tuple[Callable[[Any], str], ...]] = {
    "mount": (_string, _string, _string, _mount_flags, _string),
    "umount": (_string, _flags(_UMOUNT)),
    "pivot_root": (_string, _string),
    "fsopen": (_string, _flags(_FSOPEN)),
    "fspick": (_string, _flags(_FSPICK)),
    "fsconfig": (str, _command, _string, _string, str),
    "fsmount": (str, _flags(_FSMOUNT), _flags(_ATTRIBUTES)),
    "move_mount": (_directory, _string, _string, _flags(_MOVE)),
    "open_tree": (_string, _flags(_OPEN_TREE)),
    "mount_setattr": (
        _string,
        _flags(_AT),
        _member("attr_set", _ATTRIBUTES),
        _member("attr_clr", _ATTRIBUTES),
        _member("propagation", _MOUNT),
    ),
}
