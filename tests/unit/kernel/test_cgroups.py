"""Cgroups by path and id, in a hierarchy that is a directory of the test's."""

from __future__ import annotations

from pathlib import Path

import pytest

from seismo.kernel.cgroups import CgroupError, cgroup_root, cgroups, find_cgroup, open_cgroup
from seismo.kernel.live import LiveKernel


class OtherMounts(LiveKernel):
    """A kernel that has other mounts."""

    def __init__(self, mounts: str) -> None:
        super().__init__()
        self._mounts = mounts

    def read_file(self, path: str) -> bytes:
        assert path == "/proc/self/mountinfo"
        return self._mounts.encode()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A mount point with a blank, beside a hierarchy of version 1."""
    root = tmp_path / "a b"
    for name in ("", "web", "web/worker", "db"):
        (root / name).mkdir(parents=True)
        (root / name / "cgroup.controllers").touch()
        (root / name / "cgroup.procs").touch()
    (tmp_path / "memory" / "web").mkdir(parents=True)
    (tmp_path / "memory" / "web" / "cgroup.procs").touch()
    return root


@pytest.fixture
def kernel(root: Path) -> LiveKernel:
    """A kernel with both."""
    mounts = (
        f"30 1 0:20 / {root.parent}/memory rw,relatime shared:9 - cgroup cgroup rw,memory\n"
        f"31 1 0:21 / {str(root).replace(' ', chr(92) + '040')} rw shared:10 - cgroup2 none rw\n"
    )
    return OtherMounts(mounts)


def test_where_it_is_mounted(kernel: LiveKernel, root: Path) -> None:
    assert cgroup_root(kernel) == str(root)
    with pytest.raises(CgroupError, match="hint: mount -t cgroup2 none DIR"):
        cgroup_root(OtherMounts("1 0 8:1 / / rw - ext4 /dev/sda1 rw\n"))


def test_parents_come_first(kernel: LiveKernel, root: Path) -> None:
    found = [path for path, _ in cgroups(kernel)]
    assert sorted(found) == [str(root / name) for name in ("", "db", "web", "web/worker")]
    assert found.index(str(root / "web")) < found.index(str(root / "web/worker"))
    assert dict(cgroups(kernel)) == {path: Path(path).stat().st_ino for path in found}


@pytest.mark.parametrize("form", ["{root}/web/worker", "web/worker", "/web/worker", "web/worker/"])
def test_by_path(form: str, kernel: LiveKernel, root: Path) -> None:
    assert find_cgroup(kernel, form.format(root=root)) == str(root / "web/worker")


def test_by_id(kernel: LiveKernel, root: Path) -> None:
    number = (root / "web/worker").stat().st_ino
    assert find_cgroup(kernel, str(number)) == str(root / "web/worker")
    assert find_cgroup(kernel, "/") == str(root)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("wob", "there is no cgroup 'wob'\nhint: did you mean 'web'\\?"),
        ("web/warker", "there is no cgroup 'web/warker'\nhint: did you mean 'worker'"),
        ("nothing/like/it", "hint: all are below {root}$"),
        ("{root}/../memory/web", "is a cgroup of version 1\nhint: .* these are below {root}$"),
        ("{root}/..", "' is no cgroup\nhint: those of version 2 are below {root}$"),
        (
            "18446744073709551615",
            "no cgroup has the id 18446744073709551615\nhint: it is the inode",
        ),
    ],
)
def test_mistakes(text: str, message: str, kernel: LiveKernel, root: Path) -> None:
    with pytest.raises(CgroupError, match=message.format(root=root)):
        find_cgroup(kernel, text.format(root=root))


def test_an_open_cgroup_is_closed(kernel: LiveKernel, root: Path) -> None:
    with open_cgroup(kernel, str(root)) as fd:
        assert fd.is_open and fd.kind == "cgroup"
    assert not fd.is_open
