"""The checksum of a shipped file: of all its bytes, so that what runs is what was built.

It stands in the line that the section `.seismo` begins with, and is counted with zeros there.

>>> seal(b"ELF seismo script 1 00000000\\n{}\\n")
b'ELF seismo script 1 2210981b\\n{}\\n'
"""

from __future__ import annotations

import re
from binascii import crc32

from seismo.ship.model import NotShipped

__all__ = ("HEAD", "MAGIC", "UNSEALED", "VERSION", "check_seal", "seal")

MAGIC = b"seismo script"
UNSEALED = b"00000000"
VERSION = 1
"""Goes up when a file of before cannot be read any more, or means something else."""

HEAD = re.compile(rb"%s (\d+) ([0-9a-f]{8})\n" % MAGIC)
"""The line: the version of what follows, the checksum. No script's text has it, for all that the
file has of one are single lines without their ends, and JSON, which escapes them."""


def seal(data: bytes) -> bytes:
    """The file, whose checksum is `UNSEALED` yet, with the one that it has."""
    found = HEAD.search(data)
    assert found is not None and found[2] == UNSEALED
    return data[: found.start(2)] + b"%08x" % crc32(data) + data[found.end(2) :]


def check_seal(data: bytes, name: str) -> None:
    """Raise `NotShipped` where the file `name` has a checksum of this version, and it is wrong."""
    found = HEAD.search(data)
    if found is None or found[1] != b"%d" % VERSION:
        return
    rest = crc32(data[found.end(2) :], crc32(UNSEALED, crc32(data[: found.start(2)])))
    if found[2] != b"%08x" % rest:
        raise NotShipped(f"{name} is damaged: its checksum is wrong")
