"""`/etc/ld.so.cache`: which file a shared library's name means to the dynamic linker.

The format is glibc's own (`elf/cache.c`, "glibc-ld.so.cache1.1"), alone since glibc 2.33, before
that usually behind an older table. A file has a header, 24 bytes a library, and their strings.
"""

from __future__ import annotations

import struct

from seismo.base.bits import align_up
from seismo.elf.errors import ElfError

__all__ = ("read_library_cache",)

_MAGIC = b"glibc-ld.so.cache1.1"
_OLD_MAGIC = b"ld.so-1.7.0"
_HEADER = struct.Struct("=20sII4xI12x")
_ENTRY = struct.Struct("=iIIIQ")
_OLD_ENTRY_BYTES = 12

_NATIVE = {"x86_64": 0x0303, "aarch64": 0x0A03}
"""The flags of a 64-bit library for glibc (`FLAG_X8664_LIB64 | FLAG_ELF_LIBC6`)."""


def read_library_cache(data: bytes, machine: str, prefix: str) -> dict[str, str]:
    """The paths, by name, of the machine's own 64-bit libraries whose names begin with `prefix`.

    Of one that has variants for newer processors, the path that any processor can use. Raises
    `ElfError` for what is no such cache.
    """
    start = _start(data)
    try:
        _, count, _, _ = _HEADER.unpack_from(data, start)
        entries = data[start + _HEADER.size : start + _HEADER.size + count * _ENTRY.size]
        rows = list(_ENTRY.iter_unpack(entries))
    except struct.error:
        raise ElfError("a library cache that ends inside its table", start) from None
    wanted = prefix.encode()
    found: dict[str, str] = {}
    for flags, key, value, _, processor in rows:
        if data.startswith(wanted, start + key) and not processor:
            library = _text(data, start + key)
            if flags == _NATIVE.get(machine, flags):
                found.setdefault(library, _text(data, start + value))
    return found


def _start(data: bytes) -> int:
    """Where the newer table begins, which offsets are counted from."""
    if data.startswith(_OLD_MAGIC) and len(data) >= 16:
        (count,) = struct.unpack_from("=I", data, 12)
        start = align_up(16 + count * _OLD_ENTRY_BYTES, 8)
    else:
        start = 0
    if not data.startswith(_MAGIC, start):
        raise ElfError("no library cache of glibc", start)
    return start


def _text(data: bytes, start: int) -> str:
    return data[start : data.find(b"\0", start)].decode(errors="backslashreplace")
