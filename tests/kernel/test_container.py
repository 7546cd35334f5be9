"""The container that a process is in, by cgroups that are called as runtimes call them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from script_runs import run_script
from seismo.runtime.containers import container_of_cgroup

pytestmark = pytest.mark.kernel

ID = "0123456789abcdef" * 4
GROUPS = (
    f"docker-{ID}.scope",
    f"libpod-{ID}.scope/container",
    f"kubepods-burstable.slice/kubepods-pod1.slice/cri-containerd-{ID}.scope",
    f"kubepods/burstable/pod01234567-89ab-cdef-0123-456789abcdef/{ID[::-1]}",
    f"kubepods-pod1.slice:cri-containerd:{ID}",
    f"docker-{ID}.scope/system.slice/service",
    f"outer/{ID[::-1]}/docker/{ID}/init",
    "crio-0123456789ab",
    "nerdctl-0123456789ab0123.scope",
    f"libpod-conmon-{ID}.scope",
    "docker-0123456789a.scope",
    "docker-0123456789ag.scope",
    "service-0123456789ab.scope",
    f"0{ID}",
    ID[:63],
    "f" * 255,
    "user.slice/user-1000.slice/session-1.scope",
    f"x{ID}.scope",
)


@pytest.fixture
def unified(tmp_path: Path) -> Iterator[Path]:
    """A cgroup (version 2) without processes."""
    mounted = tmp_path / "cgroup"
    mounted.mkdir()
    done = subprocess.run(["mount", "-t", "cgroup2", "cgroup2", mounted], check=False)
    if done.returncode:
        pytest.skip("needs cgroup version 2")
    own = mounted / f"seismo-test-{os.getpid()}"
    try:
        own.mkdir()
        yield own
    finally:
        for path, _, _ in os.walk(own, topdown=False):
            os.rmdir(path)
        subprocess.run(["umount", mounted], check=True)


def test_the_container_of_each(unified: Path) -> None:
    """One that is gone when its event is read: the cgroups are removed before that."""
    for name in GROUPS:
        (unified / name).mkdir(parents=True)
    script = (
        "tracepoint:sched:sched_process_exec\n"
        f'/curtask.real_parent.tgid == {os.getpid()} && comm == "true"/ {{\n'
        '    printf("<%s>\\n", container); if (container != "") { @[container] = count(); }\n'
        "}"
    )

    def act() -> None:
        for name in GROUPS:
            join = f"echo $$ > {unified / name}/cgroup.procs && exec true"
            subprocess.run(["sh", "-c", join], check=True)
        for path, _, _ in os.walk(unified, topdown=False):
            if path != str(unified):
                os.rmdir(path)

    ran = run_script(script, act)
    ids = [container_of_cgroup(f"/{name}")[:12] for name in GROUPS]
    assert ids.count("") == 9
    shown = [line for line in ran.output.splitlines() if line]
    assert shown[: len(GROUPS)] == [f"<{one}>" for one in ids]
    counts = {one: ids.count(one) for one in ids if one}
    assert sorted(shown[len(GROUPS) :]) == sorted(f"@[{id}]: {n}" for id, n in counts.items())
    assert ran.errors == ""


def test_this_process_is_in_none_of_them() -> None:
    path = next(
        line.removeprefix("0::").strip()
        for line in Path("/proc/self/cgroup").read_text().splitlines()
        if line.startswith("0::")
    )
    shown = run_script('BEGIN { printf("<%s>\\n", container); }').output.strip()
    assert shown == f"<{container_of_cgroup(path)[:12]}>"
