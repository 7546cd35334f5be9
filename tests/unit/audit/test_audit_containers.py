"""Containers, pods and units by the path of a cgroup; names of cgroups by their ids."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from seismo.audit.correlate.cgroup_names import CgroupNames
from seismo.audit.correlate.container_names import ContainerName, ContainerNames
from seismo.audit.correlate.containers import NO_CONTAINER, container_of, unescaped_unit
from seismo.audit.correlate.process import CgroupOf
from seismo.kernel.live import LiveKernel

ID = "3f2a9c1e44d0b5a6978812345678901234567890abcdefabcdefabcdef012345"
POD = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
UNDER = POD.replace("-", "_")


@pytest.mark.parametrize(
    ("path", "runtime", "id", "pod"),
    [
        (f"/system.slice/docker-{ID}.scope", "docker", ID, ""),
        (f"/docker/{ID}", "docker", ID, ""),
        (f"/docker/{ID}/init.scope/x", "docker", ID, ""),
        (f"/machine.slice/libpod-{ID}.scope/container", "podman", ID, ""),
        (f"/user.slice/user-1000.slice/user@1000.service/libpod-{ID}.scope", "podman", ID, ""),
        (f"/system.slice/cri-containerd-{ID}.scope", "containerd", ID, ""),
        (f"/k8s.io/{ID}", "containerd", ID, ""),
        (f"/default/{ID}", "nerdctl", ID, ""),
        (f"/system.slice/nerdctl-{ID}.scope", "nerdctl", ID, ""),
        (f"/buildkit/{ID}", "buildkit", ID, ""),
        (f"/kubepods/burstable/pod{POD}/{ID}", "kubernetes", ID, POD),
        (
            f"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{UNDER}.slice"
            f"/crio-{ID}.scope",
            "crio",
            ID,
            POD,
        ),
        (
            f"/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod{UNDER}.slice"
            f"/cri-containerd-{ID}.scope",
            "containerd",
            ID,
            POD,
        ),
        (
            f"/system.slice/containerd.service/kubepods-burstable-pod{UNDER}.slice"
            f":cri-containerd:{ID}",
            "containerd",
            ID,
            POD,
        ),
        ("/lxc.payload.web/init.scope", "lxc", "web", ""),
        ("/lxc/web", "lxc", "web", ""),
        ("/machine.slice/systemd-nspawn@deb\\x2d12.service", "systemd-nspawn", "deb-12", ""),
        # The innermost of two: docker in docker.
        (f"/docker/{'a' * 64}/docker/{ID}", "docker", ID, ""),
        (f"/machine.slice/libpod-conmon-{ID}.scope", "", "", ""),
        ("/lxc.monitor.web", "", "", ""),
        ("/machine.slice/machine-deb\\x2d12.scope", "systemd-nspawn", "deb-12", ""),
        ("/machine.slice/machine-qemu\\x2d3\\x2dvm.scope/libvirt/emulator", "", "", ""),
        ("/user.slice/user-1000.slice/session-3.scope", "", "", ""),
        ("/", "", "", ""),
    ],
)
def test_runtimes(path: str, runtime: str, id: str, pod: str) -> None:
    found = container_of(path)
    assert (found.runtime, found.id, found.pod) == (runtime, id, pod)
    assert bool(found) is bool(id)


def test_quality_of_service_unit_slice_session_and_user() -> None:
    found = container_of(f"/kubepods/burstable/pod{POD}/{ID}")
    assert found.qos == "burstable"
    assert container_of(f"/kubepods/pod{POD}/{ID}").qos == "guaranteed"
    assert container_of(f"/docker/{ID}").qos == ""
    found = container_of("/user.slice/user-1000.slice/user@1000.service/app.slice/a\\x2db.service")
    assert (found.unit, found.slice, found.user) == ("a-b.service", "app.slice", "1000")
    found = container_of("/user.slice/user-1000.slice/session-3.scope")
    assert (found.session, found.unit, found.user) == ("3", "session-3.scope", "1000")
    assert container_of("/system.slice/ssh.service").unit == "ssh.service"
    assert str(container_of(f"/docker/{ID}")) == f"docker:{ID[:12]}"
    assert str(container_of("/system.slice/ssh.service")) == "ssh.service"
    assert unescaped_unit("a\\x2fb") == "a/b"
    assert unescaped_unit("caf\\xc3\\xa9.service") == "café.service"


def test_a_static_pod_has_a_uid_without_dashes() -> None:
    assert container_of(f"/kubepods/besteffort/pod{POD.replace('-', '')}/{ID}").pod == POD


def test_hierarchies_of_version_1_are_asked_where_the_other_says_nothing() -> None:
    group = CgroupOf(id=1, path="/", others=("/user.slice", f"/docker/{ID}"))
    assert group.container.id == ID
    assert CgroupOf(id=1, path="/", others=("/user.slice",)).container.slice == ""
    assert CgroupOf(id=1, path="/").container == NO_CONTAINER


def test_names_are_those_that_files_say(tmp_path: Path) -> None:
    other = "b" * 64
    for folder in (f"var/lib/docker/containers/{ID}", "var/log/containers"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / f"var/lib/docker/containers/{ID}/config.v2.json").write_text('{"Name": "/web"}')
    (tmp_path / f"var/log/containers/api-7_prod_main-{other}.log").write_text("")
    (tmp_path / f"var/log/pods/prod_api-8_{POD}").mkdir(parents=True)
    (tmp_path / f"var/log/pods/kube-system_etcd_{'5' * 32}").mkdir()
    storage = tmp_path / "var/lib/containers/storage/overlay-containers"
    storage.mkdir(parents=True)
    (storage / "containers.json").write_text(json.dumps([{"id": "c" * 64, "names": ["db"]}]))
    names = ContainerNames(str(tmp_path))
    assert names.of(container_of(f"/docker/{ID}")) == ContainerName(name="web")
    found = names.of(container_of(f"/kubepods/pod{POD}/{other}"))
    assert found == ContainerName(name="main", pod="api-7", namespace="prod")
    found = names.of(container_of(f"/kubepods/pod{POD}/{'d' * 64}"))
    assert found == ContainerName(pod="api-8", namespace="prod")
    found = names.of(container_of(f"/kubepods/pod{'5' * 32}/{'e' * 64}"))
    assert found == ContainerName(pod="etcd", namespace="kube-system")
    assert names.of(container_of(f"/machine.slice/libpod-{'c' * 64}.scope")).name == "db"
    assert names.of(container_of("/lxc/web")).name == "web"
    assert names.of(container_of("/system.slice/x.service")) == ContainerName()
    assert ContainerNames(str(tmp_path / "none")).of(container_of(f"/docker/{ID}")).name == ""


def test_names_of_cgroups_outlive_them_within_a_bound() -> None:
    names = CgroupNames([("/", 1), ("/a", 2)], removed_limit=2)
    names.made(3, "/a/b")
    assert [names.path(id) for id in (1, 2, 3, 4, 0)] == ["/", "/a", "/a/b", "", ""]
    assert (names.id("/a/b"), names.id("/x")) == (3, 0)
    names.gone(3)
    names.gone(3)
    assert (names.path(3), names.id("/a/b")) == ("/a/b", 0)
    names.made(5, "/a/b")
    assert (names.path(3), names.path(5), names.id("/a/b")) == ("/a/b", "/a/b", 5)
    names.gone(5)
    names.gone(2)
    assert names.path(3) == ""
    assert names.forgotten == 1
    assert len(names) == 3


def test_cgroups_whose_end_nobody_tells_of_are_bounded() -> None:
    """Where only programs' beginnings are recorded, each may be in a cgroup that is soon gone."""
    kernel = LiveKernel()
    names = CgroupNames(kernel=kernel, removed_limit=100)
    names.walk()
    there = len(names)
    for at in range(10_000):
        names.made(10**15 + at, f"/run-{at}.scope")
    assert names.path(10**15 + 9_999) == "/run-9999.scope"
    assert len(names) <= 100 + max(1024, 2 * there) + 1
