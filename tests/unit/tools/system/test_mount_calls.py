"""Calls about mounts as C has them, by the names of the kernel's headers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from seismo.tools.system.mount_calls import mount_call

_HEADER = Path("/usr/include/linux/mount.h")
_DEFINITION = re.compile(r"#define ((?:MS|MOUNT_ATTR)_\w+)\s+(?:(0x[0-9a-fA-F]+|\d+)|\(1<<(\d+)\))")
_NOT_OURS = ("MS_VERBOSE", "MOUNT_ATTR__ATIME", "MOUNT_ATTR_RELATIME", "MOUNT_ATTR_SIZE_VER0")


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (("mount", "none", "/p", "proc", 0, "", 0), 'mount("none", "/p", "proc", 0, "") = 0'),
        (
            ("mount", "", "/", "", 0xC0ED0000 | 1, "", -16),
            'mount("", "/", "", MS_RDONLY, "") = -EBUSY',
        ),
        (("umount", '/a\n"b\\', 2, 0), r'umount("/a\n\"b\\", MNT_DETACH) = 0'),
        (("umount", "/", 3, 0), 'umount("/", MNT_FORCE|MNT_DETACH) = 0'),
        (("umount", "/", 1 << 20 | 1, 0), 'umount("/", MNT_FORCE|0x100000) = 0'),
        (("fsopen", "xfs", 1 << 8, 3), 'fsopen("xfs", 0x100) = 3'),
        (
            ("fsconfig", 3, 7, "", "", 0, 0),
            'fsconfig(3, FSCONFIG_CMD_RECONFIGURE, "", "", 0) = 0',
        ),
        (("fsconfig", 3, 99, "", "", 0, -22), 'fsconfig(3, 99, "", "", 0) = -EINVAL'),
        (("open_tree", "/", 0x8001, 5), 'open_tree("/", OPEN_TREE_CLONE|AT_RECURSIVE) = 5'),
        (
            ("mount_setattr", "/", 0x8000, 1, 0x20, 1 << 20, 0),
            'mount_setattr("/", AT_RECURSIVE, attr_set=MOUNT_ATTR_RDONLY, '
            "attr_clr=MOUNT_ATTR_STRICTATIME, propagation=MS_SHARED) = 0",
        ),
    ],
)
def test_calls(call: tuple[object, ...], text: str) -> None:
    assert mount_call(call) == text


@pytest.mark.skipif(not _HEADER.exists(), reason="there are no kernel headers")
def test_flags_are_those_of_the_header() -> None:
    """The kernel's own, from 1 << 26 on, are no user's to give."""
    found = 0
    for name, number, shift in _DEFINITION.findall(_HEADER.read_text()):
        flag = 1 << int(shift) if shift else int(number, 0)
        if name in _NOT_OURS or (name.startswith("MS_") and flag >= 1 << 26):
            continue
        found += 1
        call = (
            ("mount", "", "", "", flag, "", 0)
            if name.startswith("MS_")
            else ("fsmount", 3, 0, flag, 4)
        )
        assert name in mount_call(call)
    assert found >= 30
