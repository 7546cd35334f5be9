"""Where the contexts of packet programs have the pointers into their packet.

A program loads them as 32-bit fields, and the kernel makes such a load into one of a whole pointer
(`convert_ctx_access`). Here the loads that it may be are known by their offset, and at run time by
their address.
"""

from __future__ import annotations

from collections.abc import Mapping

from seismo.base.dataclass import dataclass, replace
from seismo.isa.insn import Insn
from seismo.isa.opcode import MODE_MASK, SIZE_MASK, Class, Mode, Size
from seismo.isa.prog_types import ProgType

__all__ = ("PACKET_CONTEXTS", "SK_BUFF", "XDP_MD", "PacketContext")


@dataclass(frozen=True, slots=True)
class PacketContext:
    """A context by its `size` and the offsets of its pointers. `given` are the ranges of what
    BPF_PROG_TEST_RUN takes from a context. `pulled` is how many bytes of a packet's head programs
    are not shown: where its Ethernet header is taken off before."""

    size: int
    data: int
    data_end: int
    data_meta: int
    given: tuple[tuple[int, int], ...]
    pulled: int = 0

    @property
    def pointers(self) -> tuple[int, int, int]:
        """The offsets of all pointers."""
        return self.data, self.data_end, self.data_meta

    def may_load_pointer(self, insn: Insn) -> bool:
        """Whether the instruction loads a pointer if its base is the context."""
        is_load = insn.op & 7 == Class.LDX and insn.op & MODE_MASK == Mode.MEM
        return is_load and insn.op & SIZE_MASK == Size.W and insn.off in self.pointers


_ETHERNET_BYTES = 14

XDP_MD = PacketContext(24, data=0, data_end=4, data_meta=8, given=((12, 20),))
"""`struct xdp_md`."""

_MARK, _PRIORITY, _CB = (8, 12), (32, 36), (48, 68)
_TSTAMP, _GSO_SEGS, _GSO_SIZE, _HWTSTAMP = (152, 160), (164, 168), (176, 180), (184, 192)
_GIVEN = (_MARK, _PRIORITY, _CB, _TSTAMP, _GSO_SEGS, _GSO_SIZE, _HWTSTAMP)

SK_BUFF = PacketContext(192, data=76, data_end=80, data_meta=140, given=_GIVEN)
"""`struct __sk_buff`."""

_SK_BUFF_WITHOUT_ETHERNET = replace(SK_BUFF, pulled=_ETHERNET_BYTES)

PACKET_CONTEXTS: Mapping[ProgType, PacketContext] = {
    ProgType.SOCKET_FILTER: _SK_BUFF_WITHOUT_ETHERNET,
    ProgType.SCHED_CLS: SK_BUFF,
    ProgType.SCHED_ACT: SK_BUFF,
    ProgType.XDP: XDP_MD,
    ProgType.CGROUP_SKB: _SK_BUFF_WITHOUT_ETHERNET,
    ProgType.LWT_IN: _SK_BUFF_WITHOUT_ETHERNET,
    ProgType.LWT_OUT: _SK_BUFF_WITHOUT_ETHERNET,
    ProgType.LWT_XMIT: _SK_BUFF_WITHOUT_ETHERNET,
    ProgType.LWT_SEG6LOCAL: _SK_BUFF_WITHOUT_ETHERNET,
    ProgType.SK_SKB: _SK_BUFF_WITHOUT_ETHERNET,
}
"""The contexts of the types whose programs see a packet."""
