"""`CgroupNames`: paths of cgroups (version 2) by their ids, kept by events and beyond the end.

The id is the inode number of the cgroup's directory. Paths begin at the root of the hierarchy.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable

from seismo.base.errors import SyscallError
from seismo.kernel.cgroups import CgroupError, cgroup_root, cgroups
from seismo.kernel.protocol import Kernel

__all__ = ("CgroupNames", "cgroups_of")

_WALK_LEAST = 1024


class CgroupNames:
    """Ids to paths. Of removed cgroups the last `removed_limit` are known; `forgotten` counts.

    An id that no event told of is looked for by walking the hierarchy once more, at most every
    `walk_ns` of the events' time. It is walked, too, when twice as many as last time are known:
    their ends are told only where somebody asked for that.
    """

    def __init__(
        self,
        known: Iterable[tuple[str, int]] = (),
        *,
        kernel: Kernel | None = None,
        removed_limit: int = 10_000,
        walk_ns: int = 1_000_000_000,
    ) -> None:
        self.forgotten = 0
        self.now_ns = 0
        self._paths: dict[int, str] = {id: path for path, id in known}
        self._ids: dict[str, int] = {path: id for id, path in self._paths.items()}
        self._removed: OrderedDict[int, str] = OrderedDict()
        self._removed_limit = removed_limit
        self._kernel = kernel
        self._walk_ns = walk_ns
        self._walked_ns = -walk_ns
        self._walk_at = _WALK_LEAST

    def __len__(self) -> int:
        return len(self._paths) + len(self._removed)

    def path(self, id: int) -> str:
        """The path of a cgroup; '' where none is known, and for 0, which is no cgroup."""
        found = self._paths.get(id) or self._removed.get(id)
        if found is None and id:
            if self._kernel is not None and self.now_ns - self._walked_ns >= self._walk_ns:
                self.walk()
            found = self._paths.get(id)
        return found or ""

    def id(self, path: str) -> int:
        """The id of the cgroup that has a path; 0 where none is known."""
        return self._ids.get(path, 0)

    def made(self, id: int, path: str) -> None:
        """There is a new cgroup."""
        if not path:
            return
        self._put(id, path)
        if len(self._paths) > self._walk_at and self._kernel is not None:
            self.walk()

    def gone(self, id: int) -> None:
        """A cgroup was removed; what it was called stays known, within the limit."""
        path = self._paths.pop(id, None)
        if path is None:
            return
        if self._ids.get(path) == id:
            del self._ids[path]
        self._removed[id] = path
        if len(self._removed) > self._removed_limit:
            self._removed.popitem(last=False)
            self.forgotten += 1

    def walk(self) -> None:
        """Read all that are there; those that are gone meanwhile are kept as removed."""
        self._walked_ns = self.now_ns
        found = dict(cgroups_of(self._kernel)) if self._kernel is not None else {}
        ids = set(found.values())
        for id in [id for id in self._paths if id not in ids]:
            self.gone(id)
        for path, id in found.items():
            self._put(id, path)
        self._walk_at = max(_WALK_LEAST, 2 * len(self._paths))

    def _put(self, id: int, path: str) -> None:
        self._removed.pop(id, None)
        self._paths[id] = path
        self._ids[path] = id


def cgroups_of(kernel: Kernel) -> list[tuple[str, int]]:
    """(path below the root, id) of all cgroups of version 2; none where they are not mounted."""
    try:
        root = cgroup_root(kernel)
        return [(path[len(root) :] or "/", id) for path, id in cgroups(kernel)]
    except (CgroupError, SyscallError, OSError):
        return []
