"""Names in filters to the numbers that the kernel knows: users, groups, cgroups, containers, and
which bit of `facts.path_mask` a directory has.

Asks the system through `Places` only, when a tracer starts: a directory made later is not known by
its inode, a cgroup made later below a known one is.
"""

from __future__ import annotations

import grp
import os
import pwd
from collections.abc import Sequence
from struct import pack
from typing import Protocol

from seismo.audit.config.filter import (
    AllOf,
    AnyOf,
    Compare,
    Filter,
    FilterField,
    InCgroup,
    InContainer,
    Not,
    Under,
)
from seismo.audit.config.filter_meaning import LONGEST_TEXT
from seismo.base.dataclass import dataclass, replace
from seismo.base.errors import BpfError
from seismo.kernel.cgroups import CgroupError, cgroup_id, cgroup_root, find_cgroup
from seismo.kernel.mounts import file_identity
from seismo.kernel.protocol import Kernel
from seismo.runtime.containers import find_container

__all__ = (
    "MOST_PREFIXES",
    "FileId",
    "LivePlaces",
    "Places",
    "UnresolvedFilter",
    "prefix_entries",
    "resolve",
)

MOST_PREFIXES = 64
"""Bits of `facts.path_mask`, and entries of the map `path_prefixes`."""


class UnresolvedFilter(BpfError):
    """A filter names something that this system does not have; nothing was loaded."""


@dataclass(frozen=True, slots=True)
class FileId:
    """A file as `path_prefixes` has it: its inode's number, and its device as the kernel's stat(2)
    has it in 32 bits (new_encode_dev, include/linux/kdev_t.h)."""

    inode: int
    device: int

    @property
    def key(self) -> bytes:
        """The key in the map: u64, u32, and four bytes of nothing."""
        return pack("<QII", self.inode, self.device, 0)


class Places(Protocol):
    """What of the system filters may name. Each raises BpfError for what is not there."""

    def user(self, name: str) -> int:
        """A user's number."""

    def group(self, name: str) -> int:
        """A group's number."""

    def cgroup(self, path: str) -> tuple[int, int]:
        """(id, level) of a cgroup of version 2; the root's level is 0."""

    def container(self, prefix: str) -> str:
        """The path of a container's cgroup, from the root of the hierarchy."""

    def file(self, path: str) -> FileId | None:
        """What a path leads to, links followed; None where it leads nowhere."""


class LivePlaces:
    """This system."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel

    def user(self, name: str) -> int:
        try:
            return pwd.getpwnam(name).pw_uid
        except KeyError:
            raise UnresolvedFilter(f"there is no user '{name}'") from None

    def group(self, name: str) -> int:
        try:
            return grp.getgrnam(name).gr_gid
        except KeyError:
            raise UnresolvedFilter(f"there is no group '{name}'") from None

    def cgroup(self, path: str) -> tuple[int, int]:
        found = find_cgroup(self._kernel, path)
        inside = os.path.relpath(found, cgroup_root(self._kernel))
        return cgroup_id(found), 0 if inside == "." else inside.count("/") + 1

    def container(self, prefix: str) -> str:
        found = find_container(self._kernel, prefix)
        return "/" + os.path.relpath(found, cgroup_root(self._kernel))

    def file(self, path: str) -> FileId | None:
        try:
            return FileId(*file_identity(path))
        except OSError:
            return None


def resolve(one: Filter, places: Places, prefixes: list[str]) -> Filter:
    """The filter with numbers for names. `prefixes` are the directories by their bits; further ones
    are added to it. UnresolvedFilter."""
    match one:
        case AllOf(parts):
            return AllOf(tuple(resolve(part, places, prefixes) for part in parts))
        case AnyOf(parts):
            return AnyOf(tuple(resolve(part, places, prefixes) for part in parts))
        case Not(part):
            return Not(resolve(part, places, prefixes))
        case Compare(field, operator, str(name)):
            ask = places.user if field is FilterField.UID else places.group
            try:
                return Compare(field, operator, ask(name))
            except UnresolvedFilter as error:
                raise UnresolvedFilter(f"filter '{one}': {error}") from None
        case InCgroup(path):
            return InCgroup(path, *_cgroup(one, path, places))
        case InContainer(prefix):
            try:
                path = places.container(prefix)
            except CgroupError as error:
                raise UnresolvedFilter(f"filter '{one}': {error}") from error
            return InCgroup(path, *_cgroup(one, path, places))
        case Under(path):
            return replace(one, bit=_bit(path, places, prefixes))
    return one


def _cgroup(one: Filter, path: str, places: Places) -> tuple[int, int]:
    try:
        return places.cgroup(path)
    except CgroupError as error:
        raise UnresolvedFilter(f"filter '{one}': {error}") from error


def _bit(path: str, places: Places, prefixes: list[str]) -> int:
    if path not in prefixes:
        if len(path.encode()) > LONGEST_TEXT and places.file(path) is None:
            raise UnresolvedFilter(
                f"filter: '{path}' does not exist, and is too long to be compared as text\n"
                f"hint: at most {LONGEST_TEXT} bytes, or what exists when tracing begins"
            )
        if len(prefixes) == MOST_PREFIXES:
            raise UnresolvedFilter(
                f"filter: '{path}' is one more than the {MOST_PREFIXES} paths of all filters\n"
                "hint: name directories that hold several of them"
            )
        prefixes.append(path)
    return prefixes.index(path)


def prefix_entries(prefixes: Sequence[str], places: Places) -> dict[bytes, bytes]:
    """Keys and values of the map `path_prefixes`: of directories that exist, their bits."""
    bits: dict[bytes, int] = {}
    for bit, path in enumerate(prefixes):
        if found := places.file(path):
            bits[found.key] = bits.get(found.key, 0) | 1 << bit
    return {key: pack("<Q", mask) for key, mask in bits.items()}
