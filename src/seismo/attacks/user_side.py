"""A map from the other side: what bpf(2) lets a process do to it."""

from __future__ import annotations

import errno

from seismo.base.dataclass import dataclass
from seismo.vm.errors import Errno
from seismo.vm.maps.vm_map import VmMap

__all__ = ("UserSide",)

_READ_ONLY = 1 << 3  # BPF_F_RDONLY


@dataclass(slots=True, eq=False)
class UserSide:
    """A process that holds a map. `is_frozen` after BPF_MAP_FREEZE (Linux 5.2), which no one takes
    back."""

    map: VmMap
    is_frozen: bool = False

    def update(self, key: bytes, value: bytes) -> None:
        """BPF_MAP_UPDATE_ELEM; Errno (EPERM) where the map is frozen or was made with BPF_F_RDONLY,
        as map_get_sys_perms of kernel/bpf/syscall.c has it."""
        if self.is_frozen or self.map.spec.flags & _READ_ONLY:
            raise Errno(errno.EPERM)
        self.map.update(key, value)

    def freeze(self) -> None:
        """BPF_MAP_FREEZE."""
        self.is_frozen = True
