"""MiniDebugInfo: the symbols of a stripped file's own functions, compressed into the file."""

from __future__ import annotations

import lzma

from seismo.elf.file import ElfFile

__all__ = ("read_mini_debug",)

_MAX_BYTES = 1 << 26
"""What is larger when unfolded is refused; the symbols of large programs have some megabytes."""


def read_mini_debug(file: ElfFile) -> ElfFile:
    """The object file that the section `.gnu_debugdata` holds, which must be there.

    `ElfError` if it is malformed. The format: https://fedoraproject.org/wiki/Features/MiniDebugInfo
    """
    section = file.sections[".gnu_debugdata"]
    unpacker = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MAX_BYTES)
    try:
        data = unpacker.decompress(file.content(section), _MAX_BYTES)
    except lzma.LZMAError as error:
        raise file.error(f"compressed symbols: {error}", section.offset) from error
    if not unpacker.eof:
        raise file.error("compressed symbols that are cut off, or too many", section.offset)
    return ElfFile(data, f"{file.name}[.gnu_debugdata]")
