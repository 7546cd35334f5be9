"""Queues and stacks: values without keys."""

from __future__ import annotations

import errno
from collections import deque

from seismo.isa.map_types import MapType
from seismo.spec.types import MapSpec
from seismo.vm.errors import Errno
from seismo.vm.maps.vm_map import ANY, EXIST, NOEXIST, VmMap

__all__ = ("QueueMap",)


class QueueMap(VmMap):
    """QUEUE and STACK: with `BPF_EXIST` a full one drops its oldest value for the new one."""

    def __init__(self, spec: MapSpec, cpus: int = 1) -> None:
        super().__init__(spec, cpus)
        self._values: deque[bytes] = deque()
        self._is_stack = spec.type == MapType.STACK

    def push(self, value: bytes, flags: int = ANY) -> None:
        self._check_sizes(b"", value)
        if flags & NOEXIST or flags > EXIST:
            raise Errno(errno.EINVAL)
        if len(self._values) == self.spec.max_entries:
            if not flags & EXIST:
                raise Errno(errno.E2BIG)
            self._values.popleft()
        self._values.append(bytes(value))

    def pop(self) -> bytes:
        if not self._values:
            raise Errno(errno.ENOENT)
        return self._values.pop() if self._is_stack else self._values.popleft()

    def peek(self, value: bytes = b"") -> bytes:
        if not self._values:
            raise Errno(errno.ENOENT)
        return self._values[-1 if self._is_stack else 0]

    def lookup(self, key: bytes, cpu: int = 0) -> bytearray | None:
        return None

    def update(self, key: bytes, value: bytes, flags: int = ANY, cpu: int = 0) -> None:
        raise Errno(errno.EINVAL)

    def delete(self, key: bytes) -> None:
        raise Errno(errno.EINVAL)
