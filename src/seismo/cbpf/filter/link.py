"""Where headers are: the link types, and what `vlan`, `mpls` and `pppoes` make of them.

A `Link` says what a filter at this point of the expression means by "the network header".
"""

from __future__ import annotations

from seismo.base.dataclass import dataclass, replace
from seismo.base.enum import Enum
from seismo.cbpf.filter.conditions import (
    NEVER,
    Condition,
    Constant,
    HeaderLength,
    Load,
    Not,
    Value,
    all_of,
    any_of,
    compute,
    test,
)
from seismo.cbpf.filter.names import ETHERTYPES
from seismo.cbpf.forms import SKF_AD_OFF
from seismo.cbpf.insn import Ancillary
from seismo.isa.opcode import AluOp, JumpOp

__all__ = ("LINKS", "Inside", "Link", "equals", "masked")

_LARGEST_LENGTH = 1500
"""A type field up to here is the length of an IEEE 802.3 frame."""
_VLAN_TYPES = (0x8100, 0x88A8, 0x9100)
_MPLS_TYPE = 0x8847
_PPPOED_TYPE, _PPPOES_TYPE = 0x8863, 0x8864
_PPP_TYPES = {ETHERTYPES["ip"]: 0x21, ETHERTYPES["ip6"]: 0x57}
_VERSIONS = {ETHERTYPES["ip"]: 0x40, ETHERTYPES["ip6"]: 0x60}
_TAG_BYTES = 4
_PPPOE_BYTES = 6
_PPP_BYTES = 2


class Inside(Enum):
    """What tells the protocol of the network header."""

    TYPE = "a type field"
    VERSION = "the header's own version"
    LABEL = "the last MPLS label, then the version"
    PPP = "a type field of PPP"


@dataclass(frozen=True, slots=True)
class Link:
    """Byte offsets of the type field and of what it is about; `has_macs` as Ethernet has them.

    `way` tells which way the packet goes, PACKET_OUTGOING and the like: where that is not in its
    bytes, the kernel is asked.
    """

    type_at: int
    network: int
    inside: Inside = Inside.TYPE
    has_macs: bool = False
    way: Load = Load(2, SKF_AD_OFF + Ancillary.PKTTYPE)

    def field(self, offset: int, size: int) -> Load:
        """Bytes of the network header."""
        return Load(size, self.network + offset)

    def transport(self, offset: int, size: int) -> Load:
        """Bytes of what an IPv4 header is followed by."""
        return Load(size, self.network + offset, HeaderLength(self.network))

    def carries(self, number: int) -> Condition:
        """Whether the protocol of this Ethernet type, or LLC service access point, is inside."""
        if self.inside is Inside.PPP:
            return equals(Load(2, self.type_at), _PPP_TYPES.get(number, number))
        if self.inside is Inside.TYPE:
            return self.has_type(number)
        if number not in _VERSIONS:
            return NEVER
        version = masked(self.field(0, 1), 0xF0, _VERSIONS[number])
        if self.inside is Inside.VERSION:
            return version
        return all_of(masked(self.field(-2, 1), 1, 1), version)

    def has_type(self, number: int) -> Condition:
        """`carries`, where a type field tells; of IEEE 802.3 frames, the LLC header does."""
        field = Load(2, self.type_at)
        if number > _LARGEST_LENGTH:
            return equals(field, number)
        is_type = test(JumpOp.JGT, field, Constant(_LARGEST_LENGTH))
        return all_of(Not(is_type), equals(self.field(0, 1), number))

    def vlan(self, tag: int | None) -> tuple[Condition, Link]:
        """Whether a VLAN's tag is here, and where headers are behind it."""
        is_tagged = any_of(*(equals(Load(2, self.type_at), one) for one in _VLAN_TYPES))
        behind = replace(self, type_at=self.type_at + _TAG_BYTES, network=self.network + _TAG_BYTES)
        if tag is None:
            return is_tagged, behind
        return all_of(is_tagged, masked(self.field(0, 2), 0x0FFF, tag)), behind

    def mpls(self, label: int | None) -> tuple[Condition, Link]:
        """Whether an MPLS label is here, and where headers are behind it."""
        if self.inside is Inside.LABEL:
            is_labelled: Condition = masked(self.field(-2, 1), 1, 0)
        else:
            is_labelled = self.carries(_MPLS_TYPE)
        behind = replace(self, network=self.network + _TAG_BYTES, inside=Inside.LABEL)
        if label is None:
            return is_labelled, behind
        return all_of(is_labelled, masked(self.field(0, 4), 0xFFFFF000, label << 12)), behind

    def pppoe(self, session: int | None) -> tuple[Condition, Link]:
        """Whether a PPPoE session's packet is here, and where headers are behind it."""
        is_session = self.carries(_PPPOES_TYPE)
        start = self.network + _PPPOE_BYTES
        behind = replace(self, type_at=start, network=start + _PPP_BYTES, inside=Inside.PPP)
        if session is None:
            return is_session, behind
        return all_of(is_session, masked(self.field(0, 4), 0xFFFF, session)), behind

    def pppoe_discovery(self) -> Condition:
        """Whether this is a packet by which a PPPoE session is made or ended."""
        return self.carries(_PPPOED_TYPE)


LINKS = {
    "EN10MB": Link(type_at=12, network=14, has_macs=True),
    "RAW": Link(type_at=0, network=0, inside=Inside.VERSION),
    "LINUX_SLL": Link(type_at=14, network=16, way=Load(2, 0)),
    "LINUX_SLL2": Link(type_at=0, network=20, way=Load(1, 10)),
}
"""The link types by libpcap's names: Ethernet, bare IP, and the kernel's "cooked" headers."""


def equals(value: Value, number: int) -> Condition:
    """value == number."""
    return test(JumpOp.JEQ, value, Constant(number))


def masked(value: Value, mask: int, number: int) -> Condition:
    """(value & mask) == number."""
    return equals(compute(AluOp.AND, value, Constant(mask)), number)
