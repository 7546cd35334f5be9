"""A packet as programs are given it: its bytes, the room around them, what points there.

    frame   | room ...      | meta   | data               | room ... |
                            ^        ^                    ^
                        data_meta   data               data_end

What programs reach is a region from data_meta to data_end. Helpers that move these ends make a new
region, so that a pointer of before is as invalid here as the kernel's verifier thinks it is.

>>> packet = Packet(ProgType.XDP, bytes(60))
>>> Machine(program).run(packet).r0, packet.contents
"""

from __future__ import annotations

import errno
import struct
from typing import TypeAlias

from seismo.base.errors import NotSupported
from seismo.isa.prog_types import ProgType
from seismo.vm.errors import Errno
from seismo.vm.memory import Memory, Region
from seismo.vm.packet_context import PACKET_CONTEXTS, XDP_MD

__all__ = ("ETHERNET_BYTES", "Packet")

_Ends: TypeAlias = tuple[int, int, int]

ETHERNET_BYTES = 14
_HEAD_ROOM = 256
_XDP_FRAME_BYTES = 4096
_XDP_RESERVED = 40, 320  # struct xdp_frame before, struct skb_shared_info after what may be used
_XDP_LONGEST_META = 255
_SKB_LONGEST = 16384 - 320  # SKB_MAX_ALLOC
_LOOPBACK = 1
_HOST, _MULTICAST, _OTHER_HOST = 0, 2, 3
_FIRST_ETHERNET_TYPE = 0x600
_LLC = b"\0\4"  # ETH_P_802_2
_LEN, _PKT_TYPE, _PROTOCOL, _IFINDEX, _WIRE_LEN = 0, 4, 16, 40, 160
_INGRESS_IFINDEX = 12
_U32 = struct.Struct("<I")


class Packet:
    """The packet `data`, with its Ethernet header, for a program of a type.

    The context is as BPF_PROG_TEST_RUN makes it: the packet came by the loopback device. What that
    call takes from a `struct __sk_buff` or `struct xdp_md` is taken from `context`: mark, priority,
    cb, the times and those of GSO; the interface and its queue. Programs change the packet, which
    may be given to another then. `redirect` is the interface that one asked for.

    Raises NotSupported for a type whose programs see no packet.
    """

    def __init__(self, type: ProgType, data: bytes, context: bytes = b"") -> None:
        if type not in PACKET_CONTEXTS:
            raise NotSupported(f"a packet for {type.name}", "its programs see none")
        self.layout = PACKET_CONTEXTS[type]
        self.redirect: int | None = None
        self.pointers: dict[int, int] = {}
        room = max(_XDP_FRAME_BYTES - _HEAD_ROOM - len(data), 0) if self.is_xdp else 0
        self._frame = bytearray(_HEAD_ROOM) + data + bytes(room)
        self._link, self._network = _HEAD_ROOM, _HEAD_ROOM + ETHERNET_BYTES
        start = _HEAD_ROOM + min(self.layout.pulled, len(data))
        self._ends: _Ends = start, start, _HEAD_ROOM + len(data)
        self._fields = self._first_fields()
        for begin, end in self.layout.given:
            self._fields[begin:end] = context[begin:end] or self._fields[begin:end]
        if context and not self.is_xdp:
            _U32.pack_into(self._fields, _WIRE_LEN, len(data))
        self._region: Region | None = None
        self._context: Region | None = None

    @property
    def is_xdp(self) -> bool:
        """Whether its context is a `struct xdp_md`."""
        return self.layout is XDP_MD

    @property
    def contents(self) -> memoryview:
        """What lies between data and data_end now."""
        return memoryview(self._frame)[self._ends[1] : self._ends[2]]

    @property
    def meta(self) -> bytes:
        """What lies before data: the program's own notes on the packet."""
        return bytes(self._frame[self._ends[0] : self._ends[1]])

    @property
    def context(self) -> bytes:
        """The context's bytes; its pointers are 0."""
        return bytes(self._fields)

    @property
    def from_link(self) -> memoryview:
        """The packet from its Ethernet header on."""
        return memoryview(self._frame)[self._link : self._ends[2]]

    @property
    def from_network(self) -> memoryview:
        """The packet from behind the Ethernet header that it came with on."""
        return memoryview(self._frame)[self._network : self._ends[2]]

    def enter(self, memory: Memory) -> Region:
        """Put context and packet into a machine's memory, for one run; the context."""
        self._region = None
        self.pointers.clear()
        fields = bytes(self._fields) if self.is_xdp else self._fields
        self._context = memory.allocate(fields, "ctx")
        self.expose(memory)
        return self._context

    def expose(self, memory: Memory) -> None:
        """Make the region anew: all pointers into the packet that a program has end."""
        if self._region is not None:
            memory.free(self._region)
        meta, data, end = self._ends
        region = self._region = memory.allocate(memoryview(self._frame)[meta:end], "packet")
        assert self._context is not None
        base = self._context.base
        places = region.base + data - meta, region.end, region.base
        for offset, address in zip(self.layout.pointers, places, strict=True):
            self.pointers[base + offset] = address
        if not self.is_xdp:
            _U32.pack_into(self._fields, _LEN, end - data)

    def move_head(self, delta: int) -> None:
        """`bpf_xdp_adjust_head`: Errno (EINVAL) past the room, or into the last 14 bytes."""
        meta, data, end = self._ends
        noted = self.meta
        if data + delta < _XDP_RESERVED[0] + len(noted) or data + delta > end - ETHERNET_BYTES:
            raise Errno(errno.EINVAL)
        self._ends = meta + delta, data + delta, end
        self._frame[meta + delta : data + delta] = noted

    def move_tail(self, delta: int) -> None:
        """`bpf_xdp_adjust_tail`: Errno (EINVAL) past the room, or into the first 14 bytes."""
        meta, data, end = self._ends
        if end + delta > len(self._frame) - _XDP_RESERVED[1] or end + delta < data + ETHERNET_BYTES:
            raise Errno(errno.EINVAL)
        self._frame[end : end + max(delta, 0)] = bytes(max(delta, 0))
        self._ends = meta, data, end + delta

    def move_meta(self, delta: int) -> None:
        """`bpf_xdp_adjust_meta`: Errno (EINVAL) past the room, EACCES for a size it cannot have."""
        meta, data, end = self._ends
        if not _XDP_RESERVED[0] <= meta + delta <= data:
            raise Errno(errno.EINVAL)
        size = data - meta - delta
        if size % 4 or size > _XDP_LONGEST_META:
            raise Errno(errno.EACCES)
        self._ends = meta + delta, data, end

    def resize(self, size: int) -> None:
        """`bpf_skb_change_tail`: what is added is zeros; Errno (EINVAL) for too short or long."""
        meta, data, end = self._ends
        shortest = max(self._network - data, 0)
        if not shortest <= size <= _SKB_LONGEST:
            raise Errno(errno.EINVAL)
        # The slices that programs were shown keep the frame from being resized where it is.
        self._frame = self._frame[: min(end, data + size)] + bytes(max(data + size - end, 0))
        self._ends = meta, data, data + size

    def grow_head(self, size: int) -> None:
        """`bpf_skb_change_head`: zeros before the packet; Errno (EINVAL) where it gets too long."""
        _meta, data, end = self._ends
        if size + end - data > _SKB_LONGEST:
            raise Errno(errno.EINVAL)
        self._frame = bytearray(_HEAD_ROOM + size) + self._frame[data:end]
        self._link, self._network = _HEAD_ROOM, self._network - data + _HEAD_ROOM + size
        self._ends = _HEAD_ROOM, _HEAD_ROOM, len(self._frame)

    def _first_fields(self) -> bytearray:
        fields = bytearray(self.layout.size)
        if self.is_xdp:
            _U32.pack_into(fields, _INGRESS_IFINDEX, _LOOPBACK)
            return fields
        link = bytes(self.from_link[:ETHERNET_BYTES])
        _U32.pack_into(fields, _PROTOCOL, _protocol(link))
        _U32.pack_into(fields, _PKT_TYPE, _packet_type(link))
        _U32.pack_into(fields, _IFINDEX, _LOOPBACK)
        return fields


def _protocol(link: bytes) -> int:
    """The type in an Ethernet header, in its byte order; what is no type is a length."""
    number = link[ETHERNET_BYTES - 2 :]
    is_length = int.from_bytes(number, "big") < _FIRST_ETHERNET_TYPE
    return int.from_bytes(_LLC if is_length else number, "little")


def _packet_type(link: bytes) -> int:
    """Whom the packet is for; the loopback device's address is all zeros."""
    if not any(link[:6]):
        return _HOST
    return _MULTICAST if link[0] & 1 else _OTHER_HOST
