"""`VmMap`: what all maps of the machine have in common.

An operation that fails raises Errno with the kernel's errno. Values are buffers that the map and
programs share: what `lookup` gives is the value itself, and stays valid after the key is gone.
"""

from __future__ import annotations

import errno
from collections.abc import Sequence

from seismo.base.bits import U32_MAX
from seismo.spec.types import MapSpec
from seismo.vm.errors import Errno

__all__ = ("ANY", "EXIST", "NOEXIST", "VmMap", "array_index", "check_flags")

ANY, NOEXIST, EXIST = 0, 1, 2
"""`BPF_ANY`, `BPF_NOEXIST`, `BPF_EXIST`: which keys an update takes."""


_READ_ONLY = 1 << 7  # BPF_F_RDONLY_PROG


class VmMap:
    """A map that refuses everything; each kind says what it can. `cpus` is how many there are;
    `value_name` is what faults call its values, `is_writable` whether programs may write those."""

    def __init__(self, spec: MapSpec, cpus: int = 1) -> None:
        self.spec = spec
        self.cpus = cpus
        self.value_name = f"value of {spec.name}"
        self.is_writable = not spec.flags & _READ_ONLY

    def lookup(self, key: bytes, cpu: int = 0) -> bytearray | None:
        """The value itself, of one processor where each has its own; None where there is no key."""
        raise Errno(errno.EOPNOTSUPP)

    def update(self, key: bytes, value: bytes, flags: int = ANY, cpu: int = 0) -> None:
        """Put a value in; `flags` are `BPF_ANY`, `BPF_NOEXIST`, `BPF_EXIST`."""
        raise Errno(errno.EOPNOTSUPP)

    def delete(self, key: bytes) -> None:
        """Take a key out."""
        raise Errno(errno.EOPNOTSUPP)

    def all_keys(self) -> Sequence[bytes]:
        """All keys as they are now."""
        raise Errno(errno.EOPNOTSUPP)

    def push(self, value: bytes, flags: int = ANY) -> None:
        """Add a value to a queue, a stack, or a filter."""
        raise Errno(errno.EOPNOTSUPP)

    def pop(self) -> bytes:
        """Take the next value out of a queue or stack."""
        raise Errno(errno.EOPNOTSUPP)

    def peek(self, value: bytes) -> bytes:
        """The next value of a queue or stack; of a filter `value` if that may be in it."""
        raise Errno(errno.EOPNOTSUPP)

    def value(self, key: bytes, cpu: int = 0) -> bytes:
        """A copy of a value, as user space reads it; Errno (ENOENT) where there is no key."""
        found = self.lookup(key, cpu)
        if found is None:
            raise Errno(errno.ENOENT)
        return bytes(found)

    def _check_sizes(self, key: bytes, value: bytes) -> None:
        if len(key) != self.spec.key_size or len(value) != self.spec.value_size:
            raise Errno(errno.EINVAL)


def check_flags(flags: int, is_there: bool) -> None:
    """Raise what an update with `flags` fails with, by whether the key is there."""
    if flags > EXIST:
        raise Errno(errno.EINVAL)
    if flags == NOEXIST and is_there:
        raise Errno(errno.EEXIST)
    if flags == EXIST and not is_there:
        raise Errno(errno.ENOENT)


def array_index(key: bytes) -> int:
    """The index that an array's key is: a u32 of the machine."""
    return int.from_bytes(key, "little") & U32_MAX
