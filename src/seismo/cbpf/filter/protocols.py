"""Protocols, ports and addresses as conditions: what `tcp`, `port 80` and `net 10` ask."""

from __future__ import annotations

from seismo.cbpf.filter.conditions import (
    ALWAYS,
    Condition,
    Constant,
    Load,
    Not,
    Test,
    all_of,
    any_of,
    test,
)
from seismo.cbpf.filter.link import Link, equals, masked
from seismo.cbpf.filter.names import ETHERTYPES, IP_PROTOCOLS, LLC_SAPS, TRANSPORTS
from seismo.isa.opcode import JumpOp

__all__ = (
    "first_fragment",
    "ip6_host",
    "ip_host",
    "ip_protocol",
    "mac",
    "ports",
    "protocol",
)

_FRAGMENT_HEADER = 44
_IP6_BYTES = 40
_ADDRESSES = {"ip": (12, 16), "arp": (14, 24), "rarp": (14, 24)}
"""Where each protocol has the sender's and the receiver's IPv4 address."""
_IP6_ADDRESSES = (8, 24)
_MACS = (6, 0)
_PORTS = (0, 2)
_WORD = 4


def protocol(link: Link, name: str) -> Condition:
    """What a protocol's name alone asks."""
    if name in IP_PROTOCOLS:
        number, versions = IP_PROTOCOLS[name]
        return any_of(*(ip_protocol(link, version, number) for version in versions))
    return link.carries(ETHERTYPES[name] if name in ETHERTYPES else LLC_SAPS[name])


def ip_protocol(link: Link, version: str, number: int) -> Condition:
    """Whether `ip` or `ip6` carries the protocol; of IPv6, in a fragment too."""
    is_version = link.carries(ETHERTYPES[version])
    if version == "ip":
        return all_of(is_version, equals(link.field(9, 1), number))
    fragment = all_of(
        equals(link.field(6, 1), _FRAGMENT_HEADER), equals(link.field(_IP6_BYTES, 1), number)
    )
    return all_of(is_version, any_of(equals(link.field(6, 1), number), fragment))


def first_fragment(link: Link) -> Condition:
    """Whether an IPv4 packet has the header of what it carries: its fragment offset is 0."""
    return Not(Test(JumpOp.JSET, link.field(6, 2), Constant(0x1FFF)))


def ports(link: Link, name: str, low: int, high: int, direction: str) -> Condition:
    """Whether a port is in the range; `name` is a transport protocol, '' for any of them."""
    numbers = (TRANSPORTS[name],) if name else tuple(TRANSPORTS.values())
    ip6_port = _directed(
        direction, *(_in_range(link.field(_IP6_BYTES + at, 2), low, high) for at in _PORTS)
    )
    ip_port = _directed(direction, *(_in_range(link.transport(at, 2), low, high) for at in _PORTS))
    over_ip6 = any_of(*(all_of(equals(link.field(6, 1), one), ip6_port) for one in numbers))
    over_ip = any_of(
        *(all_of(equals(link.field(9, 1), one), first_fragment(link), ip_port) for one in numbers)
    )
    return any_of(
        all_of(link.carries(ETHERTYPES["ip6"]), over_ip6),
        all_of(link.carries(ETHERTYPES["ip"]), over_ip),
    )


def _in_range(value: Load, low: int, high: int) -> Condition:
    if low == high:
        return equals(value, low)
    above = test(JumpOp.JGT, value, Constant(high))
    return all_of(test(JumpOp.JGE, value, Constant(low)), Not(above))


def ip_host(link: Link, name: str, address: int, mask: int, direction: str) -> Condition:
    """Whether an IPv4 address is in a network; `name` is `ip`, `arp`, `rarp`, or '' for each."""
    names = (name,) if name else tuple(_ADDRESSES)
    return any_of(
        *(
            all_of(
                link.carries(ETHERTYPES[one]),
                _directed(
                    direction,
                    *(masked(link.field(at, 4), mask, address & mask) for at in _ADDRESSES[one]),
                ),
            )
            for one in names
        )
    )


def ip6_host(link: Link, address: bytes, prefix: int, direction: str) -> Condition:
    """Whether an IPv6 address is in a network of `prefix` bits."""
    ways = []
    for start in _IP6_ADDRESSES:
        words = []
        for at in range(0, len(address), _WORD):
            bits = min(max(prefix - 8 * at, 0), 32)
            mask = (1 << 32) - (1 << 32 - bits)
            word = int.from_bytes(address[at : at + _WORD], "big")
            if mask:
                words.append(masked(link.field(start + at, _WORD), mask, word))
        ways.append(all_of(*words) if words else ALWAYS)
    return all_of(link.carries(ETHERTYPES["ip6"]), _directed(direction, *ways))


def mac(address: bytes, direction: str) -> Condition:
    """Whether a frame is from or to an Ethernet address."""
    high, low = int.from_bytes(address[:2], "big"), int.from_bytes(address[2:], "big")
    return _directed(
        direction,
        *(all_of(equals(Load(4, at + 2), low), equals(Load(2, at), high)) for at in _MACS),
    )


def _directed(direction: str, source: Condition, destination: Condition) -> Condition:
    """What holds of the source, the destination, both, or (where nothing is said) either."""
    if direction == "src":
        return source
    if direction == "dst":
        return destination
    if direction == "src and dst":
        return all_of(source, destination)
    return any_of(source, destination)
