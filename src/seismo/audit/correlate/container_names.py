"""Names of containers and pods, where files of this machine say them; nobody is asked.

/var/lib/docker/containers/<id>/config.v2.json                 Docker: its name
/var/log/containers/<pod>_<namespace>_<container>-<id>.log     Kubernetes: all three
/var/log/pods/<namespace>_<pod>_<uid>/                         Kubernetes: the pod's, by its uid
/var/lib/containers/storage/overlay-containers/containers.json Podman: its name
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator

from seismo.audit.correlate.containers import Container
from seismo.base.dataclass import dataclass

__all__ = ("ContainerName", "ContainerNames")

_DOCKER = "var/lib/docker/containers"
_LOGS = "var/log/containers"
_PODS = "var/log/pods"
_PODMAN = "var/lib/containers/storage/overlay-containers/containers.json"
_LOG = re.compile(r"([^_]+)_([^_]+)_(.+)-([0-9a-f]{64})\.log")
_POD = re.compile(r"([^_]+)_([^_]+)_(.+)")
_MOST = 10_000
_FILE_BYTES = 8 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerName:
    """What a container, its pod and the pod's namespace are called; '' for what no file says."""

    name: str = ""
    pod: str = ""
    namespace: str = ""


_UNNAMED = ContainerName()


class ContainerNames:
    """Names by container, looked up once each; at most 10,000 are kept.

    `root` is where this machine's files are.
    """

    def __init__(self, root: str = "/") -> None:
        self._root = root.rstrip("/")
        self._known: dict[tuple[str, str], ContainerName] = {}

    def of(self, container: Container) -> ContainerName:
        """What the files say of a container, or of none."""
        if not (container.id or container.pod):
            return _UNNAMED
        key = container.id, container.pod
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= _MOST:
                self._known.clear()
            found = self._known[key] = self._look_up(container)
        return found

    def _look_up(self, container: Container) -> ContainerName:
        for name in self._listed(_LOGS):
            match = _LOG.fullmatch(name)
            if match and match[4] == container.id:
                return ContainerName(name=match[3], pod=match[1], namespace=match[2])
        pod = namespace = ""
        uid = container.pod.replace("-", "")  # those of static pods are written without
        for name in self._listed(_PODS):
            match = _POD.fullmatch(name)
            if match and match[3].replace("-", "") == uid:
                namespace, pod = match[1], match[2]
        return ContainerName(name=self._own_name(container.id), pod=pod, namespace=namespace)

    def _own_name(self, id: str) -> str:
        """By the files of Docker and of Podman."""
        if not re.fullmatch("[0-9a-f]{64}", id):
            return id  # lxc and nspawn name their machines
        config = self._json(f"{_DOCKER}/{id}/config.v2.json")
        if isinstance(config, dict) and isinstance(config.get("Name"), str):
            return str(config["Name"]).lstrip("/")
        for one in _dictionaries(self._json(_PODMAN)):
            names = one.get("names")
            if one.get("id") == id and isinstance(names, list) and names:
                return str(names[0])
        return ""

    def _listed(self, folder: str) -> list[str]:
        try:
            return os.listdir(f"{self._root}/{folder}")
        except OSError:
            return []

    def _json(self, path: str) -> object:
        try:
            with open(f"{self._root}/{path}", encoding="utf-8") as file:
                found: object = json.loads(file.read(_FILE_BYTES))
                return found
        except (OSError, ValueError):
            return None  # there is none, or it is written just now


def _dictionaries(value: object) -> Iterator[dict[str, object]]:
    if isinstance(value, list):
        yield from (one for one in value if isinstance(one, dict))
