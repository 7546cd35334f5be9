"""What the flags of clone(2) mean, for all of them."""

from __future__ import annotations

from itertools import product

import pytest

from seismo.tools.namespaces import (
    NAMESPACES,
    clone_letters,
    namespace_changes,
    namespace_letters,
    namespace_names,
)

# include/uapi/linux/sched.h, by the letters
FLAGS = {
    "M": 0x0002_0000,  # CLONE_NEWNS
    "C": 0x0200_0000,  # CLONE_NEWCGROUP
    "UTS": 0x0400_0000,
    "I": 0x0800_0000,  # CLONE_NEWIPC
    "USER": 0x1000_0000,
    "P": 0x2000_0000,  # CLONE_NEWPID
    "N": 0x4000_0000,  # CLONE_NEWNET
}
NAMES = ("mnt", "cgroup", "uts", "ipc", "user", "pid", "net")
NEWTIME, THREAD, IO = 0x80, 0x0001_0000, 0x8000_0000


@pytest.mark.parametrize("chosen", list(product((False, True), repeat=7)))
def test_all_kinds(chosen: tuple[bool, ...]) -> None:
    """Each kind has its own place in the letters, and its own name."""
    flags = sum(flag for flag, is_set in zip(FLAGS.values(), chosen, strict=True) if is_set)
    letters = [kind[0] if is_set else "-" for kind, is_set in zip(FLAGS, chosen, strict=True)]
    names = [name for name, is_set in zip(NAMES, chosen, strict=True) if is_set]
    assert namespace_letters(flags) == "".join(letters)
    assert namespace_names(flags) == (",".join(names) or None)
    assert namespace_letters(flags | THREAD | IO) == "".join(letters)
    assert namespace_names(flags | NEWTIME) == ",".join([*names, "time"])


def test_flags_of_a_thread() -> None:
    """Those of pthread_create(3), as the talk that this form comes from shows them."""
    assert clone_letters(0x003D_0F00) == "VM|FS|FL|SH|--|--|--|TH|SV|ST|PS|CC|--|--|--"


def test_flags_one_by_one() -> None:
    """Every flag has two letters of its own; namespaces have none."""
    none = clone_letters(0).split("|")
    assert set(none) == {"--"}
    seen = []
    for bit in range(32):
        letters = clone_letters(1 << bit).split("|")
        assert len(letters) == len(none)
        seen += [(bit, at, one) for at, one in enumerate(letters) if one != "--"]
    assert [bit for bit, _, _ in seen] == [8, 9, 10, 11, *range(13, 17), *range(18, 25)]
    assert [at for _, at, _ in seen] == list(range(len(none)))
    assert len({one for _, _, one in seen}) == len(none)
    assert clone_letters(sum(flag for _, flag in NAMESPACES)) == clone_letters(0)


def test_changes() -> None:
    before = (1, 2, 3, 4, 5, 6, 7, 8)
    assert namespace_changes((before, before)) is None
    assert namespace_changes((before, (1, 2, 3, 4, 5, 6, 7, 9))) == "time:8>9"
    assert namespace_changes((before, (11, 2, 13, 4, 5, 6, 7, 8))) == "mnt:1>11,uts:3>13"
