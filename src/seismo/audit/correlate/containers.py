r"""Containers, pods and units of systemd by the path of a cgroup alone: no daemon is asked.

/system.slice/docker-<id>.scope                                   docker
/docker/<id>                                                      docker
/system.slice/cri-containerd-<id>.scope, /k8s.io/<id>             containerd
/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod<uid>.slice/crio-<id>.scope
/kubepods/burstable/pod<uid>/<id>                                 kubernetes, runtime not told
/machine.slice/libpod-<id>.scope/container                        podman
/default/<name or id>, /system.slice/nerdctl-<id>.scope           nerdctl
/system.slice/docker-buildkit-…, /buildkit/<id>                   buildkit
/lxc.payload.<name>, /lxc/<name>                                  lxc
/machine.slice/systemd-nspawn@<name>.service, machine-<name>.scope systemd-nspawn
/machine.slice/machine-qemu\x2d<number>\x2d<name>.scope           none: a virtual machine of libvirt
/user.slice/user-1000.slice/user@1000.service/app.slice/x.service unit and slice
"""

from __future__ import annotations

import os
import re
from functools import lru_cache

from seismo.base.dataclass import dataclass
from seismo.runtime.containers import container_of_cgroup

__all__ = ("NO_CONTAINER", "Container", "container_of", "unescaped_unit")

_SHORT_DIGITS = 12
_PREFIXES = {
    "docker": "docker",
    "libpod": "podman",
    "crio": "crio",
    "cri-containerd": "containerd",
    "nerdctl": "nerdctl",
    "buildkit": "buildkit",
    "podman": "podman",
}
_PARENTS = {
    "docker": "docker",
    "k8s.io": "containerd",
    "containerd": "containerd",
    "moby": "docker",
    "libpod_parent": "podman",
    "buildkit": "buildkit",
    "nerdctl": "nerdctl",
    "default": "nerdctl",
    "crio": "crio",
    "podman": "podman",
}
_POD = re.compile(
    r"(?:.*-)?pod([0-9a-f]{8}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{12}|[0-9a-f]{32})"
    r"(?:\.slice)?"
)
_QOS = re.compile(r"(?:kubepods-)?(burstable|besteffort)(?:\.slice)?")
_LXC = re.compile(r"lxc\.payload\.(.+)")  # who is in lxc.monitor.NAME watches over it
_NSPAWN = re.compile(r"systemd-nspawn@(.+)\.service|machine-(?!qemu\\x2d\d)(.+)\.scope")
_SESSION = re.compile(r"session-(.+)\.scope")
_UNIT = re.compile(r".+\.(?:service|scope|socket|mount|swap)")
_USER = re.compile(r"user@(\d+)\.service|user-(\d+)\.slice")
_ESCAPE = re.compile(rb"\\x([0-9a-f]{2})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """What the path of a cgroup says; '' for each thing that it does not.

    `id` is the whole id, for lxc and nspawn the machine's name; `pod` is Kubernetes' pod uid, with
    dashes; `qos` is burstable, besteffort or guaranteed; `unit` and `slice` are systemd's, the unit
    of a user's own systemd before that of the system; `user` is the number of whose they are.
    """

    id: str = ""
    runtime: str = ""
    pod: str = ""
    qos: str = ""
    unit: str = ""
    slice: str = ""
    session: str = ""
    user: str = ""

    @property
    def short_id(self) -> str:
        """The first twelve digits of an id, a name as it is."""
        is_hex = len(self.id) == 64 and all(digit in "0123456789abcdef" for digit in self.id)
        return self.id[:_SHORT_DIGITS] if is_hex else self.id

    def __bool__(self) -> bool:
        return bool(self.id)

    def __str__(self) -> str:
        return f"{self.runtime}:{self.short_id}" if self.id else self.unit


NO_CONTAINER = Container()


@lru_cache(maxsize=8192)
def container_of(path: str) -> Container:
    """What a cgroup's path (below the root of the hierarchy) says; the innermost of several."""
    # containerd's own driver for systemd puts slice:runtime:id into one name.
    names = [name for name in re.split("[/:]", path) if name]
    id, runtime = _container(path, names)
    pod = _last(_POD, names).replace("_", "-")
    qos = _last(_QOS, names) or ("guaranteed" if pod and _is_kubernetes(names) else "")
    units = [name for name in names if _UNIT.fullmatch(name)]
    slices = [name for name in names if name.endswith(".slice")]
    return Container(
        id=id,
        runtime=runtime,
        pod=_dashed(pod),
        qos=qos,
        unit=unescaped_unit(units[-1]) if units else "",
        slice=unescaped_unit(slices[-1]) if slices else "",
        session=_last(_SESSION, names),
        user=_last(_USER, names),
    )


def unescaped_unit(name: str) -> str:
    r"""A unit's name without systemd's escapes: `a\x2db.service` is `a-b.service`."""
    raw = _ESCAPE.sub(lambda match: bytes([int(match[1], 16)]), os.fsencode(name))
    return os.fsdecode(raw)


def _container(path: str, names: list[str]) -> tuple[str, str]:
    if id := container_of_cgroup(path):
        at = max(i for i, name in enumerate(names) if id in name)
        return id, _runtime(names, at, id)
    for at in range(len(names) - 1, -1, -1):
        name = names[at]
        if match := _LXC.fullmatch(name):
            return match[1], "lxc"
        if match := _NSPAWN.fullmatch(name):
            return unescaped_unit(match[1] or match[2]), "systemd-nspawn"
        if at and names[at - 1] == "lxc":
            return name, "lxc"
    return "", ""


def _runtime(names: list[str], at: int, id: str) -> str:
    """By what stands before the id, by the directory it is in; '' is never: then `unknown`."""
    prefix = names[at].partition(id)[0].rstrip("-")
    if prefix in _PREFIXES:
        return _PREFIXES[prefix]
    for name in reversed(names[:at]):
        if name in _PREFIXES or name in _PARENTS:
            return _PREFIXES.get(name) or _PARENTS[name]
        word = name.partition("-")[0].removesuffix(".slice")
        if word in _PREFIXES:
            return _PREFIXES[word]
    return "kubernetes" if _is_kubernetes(names) else "unknown"


def _is_kubernetes(names: list[str]) -> bool:
    return any(name.startswith("kubepods") or "-kubepods" in name for name in names)


def _last(pattern: re.Pattern[str], names: list[str]) -> str:
    for name in reversed(names):
        if match := pattern.fullmatch(name):
            return next(group for group in match.groups() if group)
    return ""


def _dashed(uid: str) -> str:
    """A pod's uid in its usual form; static pods' are written without dashes."""
    if len(uid) != 32:
        return uid
    return "-".join((uid[:8], uid[8:12], uid[12:16], uid[16:20], uid[20:]))
