"""Helpers on the check sums of packets: 16 bits of one's complement, in the packet's byte order."""

from __future__ import annotations

import errno
from collections.abc import Mapping

from seismo.base.bits import U32_MAX
from seismo.vm.calls.packet import writable
from seismo.vm.calls.refusal import refusing
from seismo.vm.errors import Errno
from seismo.vm.run import Helper, Run

__all__ = ("SUMS",)

_U16_MAX = 0xFFFF
_FIELD_BYTES = 0xF
_MANGLED_ZERO, _ENFORCED = 1 << 5, 1 << 6
_L4_FLAGS = _FIELD_BYTES | 1 << 4 | _MANGLED_ZERO | _ENFORCED | 1 << 7


@refusing
def csum_diff(run: Run, a: int, b: int, c: int, d: int, e: int) -> int:
    """(from, its size, to, its size, seed): what takes `from` out of a check sum and puts `to` in,
    folded to 16 bits as every architecture has it since Linux 6.13."""
    sizes = b & U32_MAX, d & U32_MAX
    if sizes[0] % 4 or sizes[1] % 4:
        raise Errno(errno.EINVAL)
    old = run.memory.read(a, sizes[0])
    new = run.memory.read(c, sizes[1])
    # Without `to` the kernel subtracts from the seed, with both it adds to it: the same number.
    return _fold(_sum(e & U32_MAX, new) + (U32_MAX - _sum(0, old) if old else 0))


@refusing
def l3_csum_replace(run: Run, a: int, b: int, c: int, d: int, e: int) -> int:
    """(context, offset, from, to, flags): the sum there, for a field that changes. The low bits of
    `flags` are the field's bytes; of 0, `to` is a difference of sums."""
    if e & ~_FIELD_BYTES:
        raise Errno(errno.EINVAL)
    return _replace(run, b & U32_MAX, (c, d), e)


@refusing
def l4_csum_replace(run: Run, a: int, b: int, c: int, d: int, e: int) -> int:
    """(context, offset, from, to, flags): as l3_csum_replace, and what `BPF_F_MARK_MANGLED_0` means
    for UDP, of which no sum is 0 and 0 no sum."""
    if e & ~_L4_FLAGS:
        raise Errno(errno.EINVAL)
    return _replace(run, b & U32_MAX, (c, d), e)


def _replace(run: Run, offset: int, values: tuple[int, int], flags: int) -> int:
    old, new = values
    if offset > _U16_MAX or offset % 2:
        raise Errno(errno.EFAULT)
    place = writable(run, offset, 2)
    size = flags & _FIELD_BYTES
    found = int.from_bytes(place, "little")
    if flags & _MANGLED_ZERO and not flags & _ENFORCED and not found:
        return 0
    if size not in (0, 2, 4) or (size == 0 and old):
        raise Errno(errno.EINVAL)
    mask = U32_MAX if size != 2 else _U16_MAX
    added, removed = new & mask, ~old & mask if size else 0
    total = ~_fold((~found & _U16_MAX) + added + removed) & _U16_MAX
    place[:] = (total or (_U16_MAX if flags & _MANGLED_ZERO else 0)).to_bytes(2, "little")
    return 0


def _sum(start: int, data: bytes) -> int:
    """The 32-bit one's complement sum of little-endian words."""
    total = start
    for offset in range(0, len(data), 4):
        total += int.from_bytes(data[offset : offset + 4], "little")
    while total > U32_MAX:
        total = (total & U32_MAX) + (total >> 32)
    return total


def _fold(total: int) -> int:
    while total > _U16_MAX:
        total = (total & _U16_MAX) + (total >> 16)
    return total


SUMS: Mapping[str, Helper] = {
    "csum_diff": csum_diff,
    "l3_csum_replace": l3_csum_replace,
    "l4_csum_replace": l4_csum_replace,
}
