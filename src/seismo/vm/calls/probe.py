"""Helpers that read memory which a program may not touch: here, also that of other worlds."""

from __future__ import annotations

import errno
from collections.abc import Mapping

from seismo.base.bits import U32_MAX
from seismo.vm.errors import BadAccess
from seismo.vm.run import Helper, Run

__all__ = ("PROBE", "fetch", "fetch_string")

_CHUNK = 256


def fetch(run: Run, address: int, size: int, *, is_user: bool) -> bytes:
    """Bytes of the machine's memory, or else of the environment's; raises OSError."""
    environment = run.environment
    try:
        return run.memory.read(address, size)
    except BadAccess:
        reader = environment.read_user if is_user else environment.read_kernel
        return reader(address, size)


def fetch_string(run: Run, address: int, limit: int, *, is_user: bool) -> bytes:
    """The bytes before the first zero byte, at most `limit`; raises OSError."""
    try:
        return run.memory.read_string(address, limit)
    except BadAccess:
        found = b""
    while len(found) < limit:
        # No chunk crosses from a page into the next, which may not be there.
        size = min(limit - len(found), _CHUNK - address % _CHUNK)
        text, zero, _ = fetch(run, address, size, is_user=is_user).partition(b"\0")
        found += text
        address += size
        if zero:
            break
    return found


def _read(*, is_user: bool) -> Helper:
    def probe_read(run: Run, a: int, b: int, c: int, d: int, e: int) -> int:
        """(target, size, source): -EFAULT, and zeros, where the source cannot be read."""
        size = b & U32_MAX
        try:
            data = fetch(run, c, size, is_user=is_user)
        except OSError:
            run.memory.write(a, bytes(size))
            return -errno.EFAULT
        run.memory.write(a, data)
        return 0

    return probe_read


def _read_string(*, is_user: bool) -> Helper:
    def probe_read_str(run: Run, a: int, b: int, c: int, d: int, e: int) -> int:
        """(target, size, source): the bytes with the zero byte that ends them, cut to `size`."""
        size = b & U32_MAX
        if size == 0:
            return 0
        try:
            text = fetch_string(run, c, size - 1, is_user=is_user)
        except OSError:
            run.memory.write(a, bytes(size))
            return -errno.EFAULT
        run.memory.check_writable(a, size)
        run.memory.write(a, text + b"\0")
        return len(text) + 1

    return probe_read_str


def probe_write_user(run: Run, a: int, b: int, c: int, d: int, e: int) -> int:
    """(target, source, size): only the machine's own memory is there to be written."""
    data = run.memory.read(b, c & U32_MAX)
    try:
        run.memory.write(a, data)
    except BadAccess:
        return -errno.EFAULT
    return 0


def copy_from_user(run: Run, a: int, b: int, c: int, d: int, e: int) -> int:
    """(target, size, source): as probe_read_user, but it may sleep. Since Linux 5.10."""
    return _read_user(run, a, b, c, d, e)


_read_user = _read(is_user=True)

PROBE: Mapping[str, Helper] = {
    "copy_from_user": copy_from_user,
    "probe_read": _read(is_user=False),
    "probe_read_kernel": _read(is_user=False),
    "probe_read_kernel_str": _read_string(is_user=False),
    "probe_read_str": _read_string(is_user=False),
    "probe_read_user": _read_user,
    "probe_read_user_str": _read_string(is_user=True),
    "probe_write_user": probe_write_user,
}
