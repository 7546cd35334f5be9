"""What the addresses in a `bpf_attr` point to, for who answers bpf(2) in place of the kernel.

>>> attr = MapElemAttr(key=b"\\1\\0\\0\\0")
>>> read_pointed(attr, "key", 4)
b'\\x01\\x00\\x00\\x00'
"""

from __future__ import annotations

import errno
from ctypes import Structure, c_uint64, memmove, string_at

from seismo.base.errors import SyscallError
from seismo.kernel.abi import BpfAttr

__all__ = ("address_of", "read_pointed", "read_text", "structure_bytes", "write_pointed")


def address_of(attr: BpfAttr, field: str) -> int:
    """The address in a field; 0 for none. To ask the field itself gives what is there as text."""
    offset: int = getattr(type(attr), field).offset
    return c_uint64.from_buffer(attr, offset).value


def read_pointed(attr: BpfAttr, field: str, size: int) -> bytes:
    """The `size` bytes that a field points to, which must be there; SyscallError (EFAULT) for a
    null pointer."""
    address = _pointer(attr, field, size)
    return string_at(address, size) if size else b""


def write_pointed(attr: BpfAttr, field: str, data: bytes) -> None:
    """Put bytes where a field points, which must have room; SyscallError (EFAULT) for a null
    pointer."""
    address = _pointer(attr, field, len(data))
    memmove(address, data, len(data))


def read_text(attr: BpfAttr, field: str) -> bytes:
    """The bytes before the zero byte, from where a field points; none for a null pointer."""
    address = address_of(attr, field)
    return string_at(address) if address else b""


def structure_bytes(structure: Structure) -> bytes:
    """A structure as it lies in memory."""
    return bytes(structure)


def _pointer(attr: BpfAttr, field: str, size: int) -> int:
    address = address_of(attr, field)
    if not address and size:
        raise SyscallError(f"bpf(…): {field}", errno.EFAULT)
    return address
