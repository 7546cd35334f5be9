"""Namespaces and the flags of clone(2), in words.

>>> namespace_letters(0x10020000), namespace_names(0x10020000)
('M---U--', 'mnt,user')
>>> clone_letters(0x3D0F00)
'VM|FS|FL|SH|--|--|--|TH|SV|ST|PS|CC|--|--|--'
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = (
    "NAMESPACES",
    "clone_letters",
    "namespace_changes",
    "namespace_letters",
    "namespace_names",
)

NAMESPACES = (
    ("mnt", 0x0002_0000),
    ("cgroup", 0x0200_0000),
    ("uts", 0x0400_0000),
    ("ipc", 0x0800_0000),
    ("user", 0x1000_0000),
    ("pid", 0x2000_0000),
    ("net", 0x4000_0000),
    ("time", 0x0000_0080),
)
"""The kinds of namespaces, called as in /proc/PID/ns, with the flags that mean them
(include/uapi/linux/sched.h: CLONE_NEWNS, CLONE_NEWCGROUP ...)."""

# uts and user share a letter; time came later, and has none
_LETTERS = "MCUIUPN"

# include/uapi/linux/sched.h, without the namespaces: VM FS FILES SIGHAND PTRACE VFORK PARENT THREAD
# SYSVSEM SETTLS PARENT_SETTID CHILD_CLEARTID DETACHED UNTRACED CHILD_SETTID
_CLONE_FLAGS = {
    "VM": 0x0000_0100,
    "FS": 0x0000_0200,
    "FL": 0x0000_0400,
    "SH": 0x0000_0800,
    "PT": 0x0000_2000,
    "VF": 0x0000_4000,
    "PA": 0x0000_8000,
    "TH": 0x0001_0000,
    "SV": 0x0004_0000,
    "ST": 0x0008_0000,
    "PS": 0x0010_0000,
    "CC": 0x0020_0000,
    "DE": 0x0040_0000,
    "UN": 0x0080_0000,
    "CS": 0x0100_0000,
}


def namespace_letters(flags: int) -> str:
    """A letter for each kind that the flags mean, of MCUIUPN, and a dash for each other."""
    kinds = zip(_LETTERS, NAMESPACES, strict=False)
    return "".join(letter if flags & flag else "-" for letter, (_, flag) in kinds)


def namespace_names(flags: int) -> str | None:
    """The kinds that the flags mean: `mnt,user`; nothing of none."""
    return ",".join(name for name, flag in NAMESPACES if flags & flag) or None


def namespace_changes(inodes: tuple[Sequence[int], Sequence[int]]) -> str | None:
    """What became another namespace, of the inodes of all kinds before and after:
    `uts:4026531838>4026532208`; nothing if all are the same."""
    pairs = zip(NAMESPACES, *inodes, strict=True)
    changes = [f"{name}:{old}>{new}" for (name, _), old, new in pairs if old != new]
    return ",".join(changes) or None


def clone_letters(flags: int) -> str:
    """Two letters for each flag of clone(2) but those of namespaces, and dashes for each other."""
    return "|".join(name if flags & flag else "--" for name, flag in _CLONE_FLAGS.items())
