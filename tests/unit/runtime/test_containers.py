"""Whose container a cgroup is, by the names that runtimes give."""

from __future__ import annotations

from pathlib import Path

import pytest

from seismo.kernel.cgroups import CgroupError
from seismo.kernel.live import LiveKernel
from seismo.runtime.containers import container_of_cgroup, find_container

ID, OTHER = "3f2a" + "0123456789ab" * 5, "3f2b" + "ba9876543210" * 5
POD = "0b5ff3e2-5a1c-4f0e-9d6b-0123456789ab"


@pytest.mark.parametrize(
    "path",
    [
        f"/system.slice/docker-{ID}.scope",
        f"/docker/{ID}",
        f"/docker/{OTHER}/docker/{ID}",
        f"/docker/{ID}/init.scope",
        f"/machine.slice/libpod-{ID}.scope",
        f"/machine.slice/libpod-{ID}.scope/container",
        f"/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-{ID}.scope",
        f"/libpod_parent/libpod-{ID}",
        f"/kubepods.slice/kubepods-burstable.slice/kubepods-pod{POD.replace('-', '_')}.slice"
        f"/cri-containerd-{ID}.scope",
        f"/kubepods.slice/kubepods-pod1.slice/crio-{ID}.scope",
        f"/kubepods/burstable/pod{POD}/{ID}",
        f"/kubepods-pod1.slice:cri-containerd:{ID}",
        f"/ecs/0123456789abcdef0123456789abcdef/{ID}",
    ],
)
def test_the_id(path: str) -> None:
    assert container_of_cgroup(path) == ID


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "/init.scope",
        "/user.slice/user-1000.slice/session-3.scope",
        f"/kubepods/burstable/pod{POD}",
        f"/machine.slice/libpod-conmon-{ID}.scope",
        f"/kubepods/pod1/crio-conmon-{ID}",
        "/system.slice/docker.service",
        "/system.slice/session-123456789012.scope",
        f"/docker/{ID}0",
    ],
)
def test_no_container(path: str) -> None:
    assert container_of_cgroup(path) == ""


def test_a_short_id_behind_the_name_of_a_runtime() -> None:
    assert container_of_cgroup("/system.slice/docker-0123456789ab.scope") == "0123456789ab"


class OtherMounts(LiveKernel):
    """A kernel whose hierarchy of cgroups is a directory of the test's."""

    def __init__(self, root: Path) -> None:
        super().__init__()
        self._root = root

    def read_file(self, path: str) -> bytes:
        assert path == "/proc/self/mountinfo"
        return f"24 1 0:22 / {self._root} rw - cgroup2 cgroup2 rw\n".encode()


@pytest.fixture
def kernel(tmp_path: Path) -> LiveKernel:
    """One with two containers, the first with a cgroup of its own inside, and a monitor."""
    (tmp_path / f"libpod-{ID}.scope" / "container").mkdir(parents=True)
    (tmp_path / f"libpod-conmon-{ID}.scope").mkdir()
    (tmp_path / "docker" / OTHER).mkdir(parents=True)
    return OtherMounts(tmp_path)


@pytest.mark.parametrize("length", [4, 12, 64])
def test_a_container_by_the_beginning_of_its_id(
    length: int, kernel: LiveKernel, tmp_path: Path
) -> None:
    assert find_container(kernel, ID[:length]) == f"{tmp_path}/libpod-{ID}.scope"
    assert find_container(kernel, OTHER[:length]) == f"{tmp_path}/docker/{OTHER}"


@pytest.mark.parametrize(
    ("prefix", "message"),
    [
        ("3f2", f"several containers have ids like '3f2': {ID[:12]}, {OTHER[:12]}$"),
        ("abc", f"there is no container 'abc'\nhint: there are {ID[:12]}, {OTHER[:12]}$"),
    ],
)
def test_no_container_or_several(prefix: str, message: str, kernel: LiveKernel) -> None:
    with pytest.raises(CgroupError, match=message):
        find_container(kernel, prefix)


def test_a_machine_without_containers(tmp_path: Path) -> None:
    with pytest.raises(CgroupError, match="hint: no cgroup of version 2 is a container's"):
        find_container(OtherMounts(tmp_path), "abc")
