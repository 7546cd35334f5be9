"""Where the separate debug file of a stripped binary may be, and whether a file is that.

>>> [one.path for one in candidates(file, "/usr/bin/true", "")]
['/usr/lib/debug/.build-id/ab/cdef.debug', '/usr/bin/cdef.debug', ...]

The places are GDB's: https://sourceware.org/gdb/current/onlinedocs/gdb.html/Separate-Debug-Files.html
"""

from __future__ import annotations

from binascii import crc32
from collections.abc import Iterator

from seismo.base.dataclass import dataclass
from seismo.elf.file import Buffer, ElfFile

__all__ = ("Candidate", "candidates")

_GLOBAL = "/usr/lib/debug"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A `path`, below the binary's root or not, and what the file there must have to be the one:
    the binary's build id, or its checksum where the id is empty."""

    path: str
    in_root: bool
    build_id: bytes
    crc: int

    def is_met_by(self, data: Buffer, file: ElfFile) -> bool:
        """Whether these bytes, and the file that they are, belong to the binary."""
        return file.build_id == self.build_id if self.build_id else crc32(data) == self.crc


def candidates(file: ElfFile, path: str, root: str) -> Iterator[Candidate]:
    """Where to look for the debug file of `file`, whose `path` is without the `root`."""
    if id := file.build_id:
        by_id = f"{_GLOBAL}/.build-id/{id[:1].hex()}/{id[1:].hex()}.debug"
        yield Candidate(by_id, True, id, 0)
        if root:
            # Containers come without debug files; those of the host are as good if the id is right.
            yield Candidate(by_id, False, id, 0)
    if name := file.debug_link.name:
        folder = path.rpartition("/")[0]
        for place in (folder, f"{folder}/.debug", f"{_GLOBAL}{folder}"):
            yield Candidate(f"{place}/{name}", True, b"", file.debug_link.crc)
