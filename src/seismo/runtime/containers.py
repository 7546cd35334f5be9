"""Containers by their cgroups: runtimes name a container's cgroup by its id.

/system.slice/docker-<id>.scope                                 Docker, by systemd
/docker/<id>                                                    Docker, by itself
/machine.slice/libpod-<id>.scope/container                      Podman
/kubepods.slice/kubepods-pod<uid>.slice/cri-containerd-<id>.scope
/kubepods/burstable/pod<uid>/<id>                               Kubernetes, without systemd
"""

from __future__ import annotations

import re

from seismo.kernel.cgroups import CgroupError, cgroups
from seismo.kernel.protocol import Kernel

__all__ = ("container_of_cgroup", "find_container")

_RUNTIME = r"(?:docker|libpod|crio|cri-containerd|nerdctl|buildkit)"
# A shorter id only behind the name of a runtime: pods, sessions and users have numbers, too.
_ID = rf"(?:{_RUNTIME}-([0-9a-f]{{12,64}})|(?:.*[-:])?([0-9a-f]{{64}}))(?:\.scope)?"
_MONITOR = "-conmon-"
_SHOWN, _SHOWN_DIGITS = 8, 12


def container_of_cgroup(path: str) -> str:
    """The id of the container that a cgroup belongs to, '' if to none; the innermost of several."""
    for name in reversed(path.split("/")):
        if _MONITOR not in name and (match := re.fullmatch(_ID, name)):
            return match[1] or match[2]
    return ""


def find_container(kernel: Kernel, prefix: str) -> str:
    """The directory of the cgroup (version 2) of the container whose id begins with `prefix`.

    Raises CgroupError where there is none, or more than one.
    """
    found: dict[str, str] = {}
    for path, _ in cgroups(kernel):
        if id := container_of_cgroup(path):
            found.setdefault(id, path)  # parents come first
    meant = [id for id in found if id.startswith(prefix)]
    if len(meant) == 1:
        return found[meant[0]]
    if meant:
        raise CgroupError(f"several containers have ids like '{prefix}': {_listed(meant)}")
    hint = (
        f"there are {_listed(list(found))}" if found else "no cgroup of version 2 is a container's"
    )
    raise CgroupError(f"there is no container '{prefix}'", hint)


def _listed(ids: list[str]) -> str:
    shown = [id[:_SHOWN_DIGITS] for id in sorted(ids)[:_SHOWN]]
    return ", ".join(shown) + (" …" if len(ids) > _SHOWN else "")
