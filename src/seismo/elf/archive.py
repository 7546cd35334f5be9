"""Members of zip archives that are mapped from there, as Android maps an APK's libraries."""

from __future__ import annotations

import struct

from seismo.base.bits import U32_MAX
from seismo.base.dataclass import dataclass
from seismo.elf.errors import ElfError
from seismo.elf.file import Buffer

__all__ = ("SEPARATOR", "Member", "find_member")

SEPARATOR = "!/"
"""Between the archive and the member: `app.apk!/lib/arm64-v8a/libapp.so`."""

_PAGE_BYTES = 4096

_END = struct.Struct("<4s4H2IH")
_END_MAGIC = b"PK\5\6"
_MAX_COMMENT_BYTES = 0xFFFF

_ENTRY = struct.Struct("<4s6H3I5H2I")
_ENTRY_MAGIC = b"PK\1\2"

_LOCAL = struct.Struct("<4s5H3I2H")
_LOCAL_MAGIC = b"PK\3\4"


@dataclass(frozen=True, slots=True)
class Member:
    """Where a member's bytes are in the archive."""

    offset: int
    size: int


def find_member(archive: Buffer, name: str, path: str = "") -> Member:
    """The member called `name`; `path` is the archive's, for messages.

    `ElfError` if there is none, the archive is malformed, or the member cannot be mapped: it must
    be stored uncompressed, from the beginning of a page on. Archives of 4 GiB are not read.
    The format is PKWARE's APPNOTE.TXT, 4.3.
    """
    data = memoryview(archive)
    position, count = _directory(data, path)
    wanted = name.encode(errors="surrogateescape")
    for _ in range(count):
        fields = _unpack(_ENTRY, _ENTRY_MAGIC, data, position, path)
        method, size, name_bytes, extra_bytes, comment_bytes, local = (
            *(fields[4], fields[8]),
            *(fields[10], fields[11], fields[12], fields[16]),
        )
        name_at = position + _ENTRY.size
        if data[name_at : name_at + name_bytes] == wanted:
            member = Member(_content_offset(data, local, path), size)
            _check_mappable(member, method, name, len(data), path)
            return member
        position = name_at + name_bytes + extra_bytes + comment_bytes
    raise ElfError(f"no member '{name}' in the archive", position, path)


def _directory(data: memoryview, path: str) -> tuple[int, int]:
    """Where the table of members begins, and how many it has; the file's end says it."""
    tail = bytes(data[-_END.size - _MAX_COMMENT_BYTES :])
    end = len(data) - len(tail) + tail.rfind(_END_MAGIC)
    _, _, _, _, count, _, position, _ = _unpack(_END, _END_MAGIC, data, end, path)
    if position == U32_MAX:
        raise ElfError("an archive of the zip64 format, which is not read", end, path)
    return position, count


def _content_offset(data: memoryview, local: int, path: str) -> int:
    """Where a member's content begins; the header before it has fields of its own lengths."""
    fields = _unpack(_LOCAL, _LOCAL_MAGIC, data, local, path)
    return local + _LOCAL.size + fields[9] + fields[10]


def _check_mappable(member: Member, method: int, name: str, archive_bytes: int, path: str) -> None:
    if method:
        what = f"member '{name}' is compressed, so no process runs it from the archive"
    elif member.offset % _PAGE_BYTES:
        what = f"member '{name}' does not begin at a page, so no process runs it from the archive"
    elif member.offset + member.size > archive_bytes:
        what = f"member '{name}' goes on beyond the archive"
    else:
        return
    raise ElfError(what, member.offset, path)


def _unpack(
    layout: struct.Struct, magic: bytes, data: memoryview, at: int, path: str
) -> tuple[int, ...]:
    if not 0 <= at <= len(data) - layout.size or data[at : at + 4] != magic:
        raise ElfError("no zip archive, or a damaged one", max(at, 0), path)
    return layout.unpack_from(data, at)
