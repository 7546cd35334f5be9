"""A small writer of object files, for those that no linker makes."""

from __future__ import annotations

import struct
from dataclasses import dataclass

__all__ = ("NewSection", "NewSymbol", "strings", "symbols", "write_elf")


@dataclass(frozen=True, kw_only=True)
class NewSection:
    """A section; `size` is what its header says, if not the size of `data`."""

    name: str
    type: int
    data: bytes = b""
    flags: int = 2
    address: int = 0
    link: int = 0
    alignment: int = 1
    size: int = -1


@dataclass(frozen=True)
class NewSymbol:
    """A symbol; `info` is its binding and type: 0x12 is a global function."""

    name: bytes
    address: int
    size: int
    info: int = 0x12
    section: int = 1


def strings(*names: bytes) -> tuple[bytes, list[int]]:
    """A string table, and where each name is in it."""
    table = b"\0"
    offsets = []
    for name in names:
        offsets.append(len(table))
        table += name + b"\0"
    return table, offsets


def symbols(new: list[NewSymbol], *, order: str = "<", is_64: bool = True) -> tuple[bytes, bytes]:
    """(a symbol table, its strings)."""
    table, offsets = strings(*[one.name for one in new])
    rows = [b"\0" * (24 if is_64 else 16)]
    for at, one in zip(offsets, new, strict=True):
        if is_64:
            fields = (at, one.info, 0, one.section, one.address, one.size)
            rows.append(struct.pack(f"{order}IBBHQQ", *fields))
        else:
            fields = (at, one.address, one.size, one.info, 0, one.section)
            rows.append(struct.pack(f"{order}IIIBBH", *fields))
    return b"".join(rows), table


def write_elf(
    sections: list[NewSection],
    *,
    order: str = "<",
    is_64: bool = True,
    kind: int = 3,
    machine: int = 62,
    load: tuple[tuple[int, int, int, int], ...] = (),
) -> bytes:
    """An object file; `load` are (flags, offset, address, bytes in the file) of segments.

    Sections count from 1; the names' section is added behind them.
    """
    names, name_offsets = strings(*[one.name.encode() for one in sections], b".shstrtab")
    all_ = [*sections, NewSection(name=".shstrtab", type=3, data=names, flags=0)]
    header_bytes, segment_bytes, section_bytes = (64, 56, 64) if is_64 else (52, 32, 40)
    body = b""
    start = header_bytes + segment_bytes * len(load)
    rows = [b"\0" * section_bytes]
    for name, one in zip(name_offsets, all_, strict=True):
        body += b"\0" * (-(start + len(body)) % 8)
        size = len(one.data) if one.size < 0 else one.size
        place = (one.address, start + len(body), size, one.link, 0, one.alignment, 0)
        layout = "IIQQQQIIQQ" if is_64 else "IIIIIIIIII"
        rows.append(struct.pack(order + layout, name, one.type, one.flags, *place))
        body += one.data
    body += b"\0" * (-(start + len(body)) % 8)
    segments = [_segment(order, is_64, *one) for one in load]
    header = struct.pack(
        order + ("HHIQQQIHHHHHH" if is_64 else "HHIIIIIHHHHHH"),
        *(kind, machine, 1, 0, header_bytes if load else 0, start + len(body), 0),
        *(header_bytes, segment_bytes, len(load), section_bytes, len(rows), len(rows) - 1),
    )
    ident = bytes([*b"\x7fELF", 2 if is_64 else 1, 1 if order == "<" else 2, 1]).ljust(16, b"\0")
    return b"".join((ident, header, *segments, body, *rows))


def _segment(
    order: str, is_64: bool, flags: int, offset: int, address: int, file_bytes: int
) -> bytes:
    sizes = (file_bytes, file_bytes)
    if is_64:
        return struct.pack(f"{order}IIQQQQQQ", 1, flags, offset, address, address, *sizes, 4096)
    return struct.pack(f"{order}IIIIIIII", 1, offset, address, address, *sizes, flags, 4096)
