"""`PacketFiles`: what `skboutput` sends, as files in the format of pcap.

The format (https://www.ietf.org/archive/id/draft-ietf-opsawg-pcap-05.html): a header, then for each
packet its time, twice its length, and its bytes; all in the machine's byte order.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Sequence
from contextlib import ExitStack
from typing import BinaryIO

from seismo.base.errors import SyscallError
from seismo.events.decode import DecodeError, layout_decoder
from seismo.events.kinds import MOST_PACKET_BYTES, PACKET
from seismo.kernel.protocol import Kernel
from seismo.objects.map import Map
from seismo.objects.perfbuf import PerfBuffer

__all__ = ("PacketFiles",)

_NANOSECONDS = 0xA1B23C4D  # the magic number of files whose times have nanoseconds
_VERSION = (2, 4)
_ETHERNET = 1
_HEADER = struct.Struct("=IHHiIII")
_PACKET = struct.Struct("=IIII")
_SECOND_NS = 1_000_000_000


class PacketFiles:
    """Opens the files, reads the perf buffer behind `map_`, and writes what comes.

    Raises `SyscallError` for a file that cannot be written.
    """

    def __init__(self, paths: Sequence[str], map_: Map, kernel: Kernel) -> None:
        # Programs read the clock that counts from boot on, files tell the time of day.
        self._booted_ns = time.time_ns() - time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        self._decode = layout_decoder(PACKET)
        with ExitStack() as owned:
            self._files = [owned.enter_context(_open(path)) for path in paths]
            self._buffer = owned.enter_context(PerfBuffer(map_, kernel))
            self._owned = owned.pop_all()

    @property
    def fds(self) -> tuple[int, ...]:
        """What becomes readable when packets come."""
        return self._buffer.fds

    @property
    def lost(self) -> int:
        """How many packets found no room, as far as is known."""
        return self._buffer.lost

    def consume(self) -> int:
        """Write the packets that there are; how many."""
        return self._buffer.consume(self._write)

    def close(self) -> None:
        """Close the files; a second time does nothing."""
        self._owned.close()

    def _write(self, record: memoryview) -> None:
        """A packet; the kernel pads records, and tells the length with the padding."""
        number, length, boot_ns, offset = self._decode(record)
        packet = record[PACKET.size + offset : PACKET.size + length]
        if number >= len(self._files) or PACKET.size + length > len(record):
            raise DecodeError(f"a packet's record is none: file {number}, {length} bytes", 0)
        seconds, rest = divmod(self._booted_ns + boot_ns, _SECOND_NS)
        self._files[number].write(_PACKET.pack(seconds, rest, len(packet), len(packet)))
        self._files[number].write(packet)


def _open(path: str) -> BinaryIO:
    try:
        file = open(path, "wb")  # noqa: SIM115
    except OSError as error:
        raise SyscallError(f"write {path}", error.errno or 0) from None
    file.write(_HEADER.pack(_NANOSECONDS, *_VERSION, 0, 0, MOST_PACKET_BYTES, _ETHERNET))
    return file
