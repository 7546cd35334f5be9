"""A syntax tree's meaning: the condition that it asks of a packet, for a link type.

`vlan`, `mpls` and `pppoes` move the headers for all that is to their right, behind `or` as well.
"""

from __future__ import annotations

import socket

from seismo.base.bits import U32_MAX
from seismo.base.diagnostics import did_you_mean
from seismo.base.source import Span
from seismo.cbpf.errors import FilterError
from seismo.cbpf.filter import ast
from seismo.cbpf.filter.arithmetic import number_of
from seismo.cbpf.filter.conditions import (
    And,
    Condition,
    Constant,
    Load,
    Not,
    Or,
    Test,
    all_of,
    any_of,
    test,
)
from seismo.cbpf.filter.link import Inside, Link, equals, masked
from seismo.cbpf.filter.names import ETHERTYPES, IP_PROTOCOLS, SERVICES, TRANSPORTS
from seismo.cbpf.filter.protocols import ip6_host, ip_host, ip_protocol, mac, ports, protocol
from seismo.cbpf.filter.relations import relation
from seismo.cbpf.filter.tokens import Token, TokenKind
from seismo.isa.opcode import JumpOp

__all__ = ("Meaning",)

_OUTGOING = 4
"""`PACKET_OUTGOING` of linux/if_packet.h."""
_PORT_MAX = 65535
_LIMITS = {"vlan": 4095, "mpls": (1 << 20) - 1, "pppoes": 65535}
_BROADCAST_MAC = b"\xff" * 6


class Meaning:
    """Goes through an expression from left to right; `link` is where it stands."""

    def __init__(self, link: Link, netmask: int) -> None:
        self.link = link
        self.netmask = netmask

    def of(self, node: ast.Expression) -> Condition:
        """The condition; FilterError for what has no meaning."""
        # Chains of and/or lean to the left, and may be longer than the interpreter's stack is deep.
        rights: list[ast.Combined] = []
        while isinstance(node, ast.Combined):
            rights.append(node)
            node = node.left
        condition = self.term(node)
        for one in reversed(rights):
            right = self.of(one.right)
            condition = And(condition, right) if one.op == "and" else Or(condition, right)
        return condition

    def term(self, node: ast.Expression) -> Condition:
        """Of all but `and` and `or`."""
        match node:
            case ast.Inverse():
                return Not(self.of(node.inner))
            case ast.Relation():
                return relation(self.link, node)
            case ast.Abbreviation():
                if node.protocol == "link":
                    raise FilterError(node.span, "this word needs a value", "e.g. `ether proto 1`")
                return protocol(self.link, node.protocol)
            case ast.Cast():
                return self.cast(node)
            case ast.Way():
                return self.way(node.is_outbound)
            case ast.Encapsulation():
                return self.encapsulation(node)
            case ast.Primitive():
                return self.primitive(node)
            case ast.Combined():
                return self.of(node)

    def way(self, is_outbound: bool) -> Condition:
        """Which way a packet goes."""
        is_outgoing = equals(self.link.way, _OUTGOING)
        return is_outgoing if is_outbound else Not(is_outgoing)

    def encapsulation(self, node: ast.Encapsulation) -> Condition:
        """Of a tag; moves `link` behind it."""
        number = None if node.number is None else number_of(node.number)
        if node.number and number is not None and number > _LIMITS[node.kind]:
            raise FilterError(
                node.number.span, f"{number} is too large", f"the largest is {_LIMITS[node.kind]}"
            )
        is_tag = node.kind in ("vlan", "mpls")
        if self.link.inside is Inside.VERSION or (is_tag and not self.link.has_macs):
            raise FilterError(node.span, f"packets of this link type have no {node.kind}")
        if node.kind == "pppoed":
            return self.link.pppoe_discovery()
        if self.link.inside is not Inside.TYPE and node.kind != "mpls":
            raise FilterError(node.span, f"no {node.kind} is looked for behind mpls or pppoes")
        go = {"vlan": self.link.vlan, "mpls": self.link.mpls, "pppoes": self.link.pppoe}
        condition, self.link = go[node.kind](number)
        return condition

    def cast(self, node: ast.Cast) -> Condition:
        """Whether a packet is for all or for many."""
        if node.protocol in ("", "link"):
            self.want_macs(node.span)
            if node.kind == "broadcast":
                return mac(_BROADCAST_MAC, "dst")
            return Test(JumpOp.JSET, Load(1, 0), Constant(1))
        if node.protocol == "ip":
            is_ip = protocol(self.link, "ip")
            if node.kind == "multicast":
                first = self.link.field(16, 1)
                return all_of(is_ip, test(JumpOp.JGE, first, Constant(224)))
            host = ~self.netmask & U32_MAX
            to = self.link.field(16, 4)
            return all_of(is_ip, any_of(masked(to, host, 0), masked(to, host, host)))
        if node.protocol == "ip6" and node.kind == "multicast":
            return all_of(protocol(self.link, "ip6"), equals(self.link.field(24, 1), 255))
        raise FilterError(node.span, f"'{node.protocol}' has no {node.kind}", "`ip` has")

    def want_macs(self, span: Span) -> None:
        """FilterError where frames have no Ethernet addresses."""
        if not self.link.has_macs:
            raise FilterError(span, "packets of this link type have no Ethernet addresses")

    def primitive(self, node: ast.Primitive) -> Condition:
        """Of qualifiers and a value, by the kind of value."""
        kind, name = node.qualifiers.kind, node.qualifiers.protocol
        if node.mask and kind != "net" and not _is_whole(node.value, node.mask):
            raise FilterError(node.mask.span, "a mask goes with `net` only", "write `net`")
        if kind in ("port", "portrange"):
            if name not in ("", *TRANSPORTS):
                raise FilterError(node.span, f"'{name}' has no ports", "tcp, udp and sctp have")
            find = _port if kind == "port" else _port_range
            of, low, high = find(node.value, name)
            return ports(self.link, of, low, high, node.qualifiers.direction)
        if kind == "proto":
            return self.proto(node)
        if kind == "protochain":
            raise FilterError(
                node.span,
                "'protochain' would have to loop, which classic BPF cannot",
                "`proto` looks at the first header",
            )
        return self.host(node)

    def proto(self, node: ast.Primitive) -> Condition:
        """A protocol by its number, or by its name behind a backslash."""
        name, value = node.qualifiers.protocol, node.value
        if name == "link":
            return self.link.carries(_number(value, ETHERTYPES))
        if name not in ("", "ip", "ip6"):
            raise FilterError(node.span, f"'{name} proto' has no meaning", "`ip proto` has")
        number = _number(value, {one: code for one, (code, _) in IP_PROTOCOLS.items()})
        versions = (name,) if name else ("ip", "ip6")
        return any_of(*(ip_protocol(self.link, version, number) for version in versions))

    def host(self, node: ast.Primitive) -> Condition:
        """An address: of Ethernet, IPv6 or IPv4, by how it is written."""
        name, direction, value = node.qualifiers.protocol, node.qualifiers.direction, node.value
        if value.kind is TokenKind.MAC:
            if name != "link" or node.qualifiers.kind == "net":
                hint = f"write `ether host {value.text}`"
                raise FilterError(node.span, "this is an Ethernet address", hint)
            self.want_macs(node.span)
            return mac(_mac(value), direction)
        if value.kind is TokenKind.NAME:
            hint = "names are not looked up: write the address"
            raise FilterError(value.span, f"'{value.text}' is no address", hint)
        if name == "link":
            raise FilterError(node.span, f"'{value.text}' is no Ethernet address")
        allowed = ("", "ip6") if value.kind is TokenKind.IPV6 else ("", "ip", "arp", "rarp")
        if name not in allowed:
            hint = f"write `{name} and host {value.text}`" if name in IP_PROTOCOLS else ""
            raise FilterError(node.span, f"'{name}' has no such addresses", hint)
        if value.kind is TokenKind.IPV6:
            return ip6_host(self.link, *_ip6_network(node), direction)
        return ip_host(self.link, name, *_ip_network(node), direction)


def _is_whole(value: Token, mask: Token) -> bool:
    """Whether the mask is that of a single IPv6 address."""
    return value.kind is TokenKind.IPV6 and mask.text == "128"


def _port_range(value: Token, protocol: str) -> tuple[str, int, int]:
    """The protocol, the first and the last port of `80-90`; one port is a range, too."""
    first, dash, last = value.text.partition("-")
    if not (dash and first.isdigit() and last.isdigit()):
        return _port(value, protocol)
    ends = [_checked_port(int(one), value.span) for one in (first, last)]
    return protocol, min(ends), max(ends)


def _port(value: Token, protocol: str) -> tuple[str, int, int]:
    """The protocol and the port, twice; a name may say of which protocol it is."""
    if value.kind is TokenKind.NUMBER:
        port = _checked_port(number_of(value), value.span)
        return protocol, port, port
    for of, names in SERVICES.items():
        if value.text in names:
            if of and protocol and of != protocol:
                hint = f"write the number, {names[value.text]}"
                raise FilterError(value.span, f"'{value.text}' is a port of {of}", hint)
            return of or protocol, names[value.text], names[value.text]
    known = [name for names in SERVICES.values() for name in names]
    hint = did_you_mean(value.text, known) or "write its number"
    raise FilterError(value.span, f"'{value.text}' is no port known here", hint)


def _checked_port(number: int, span: Span) -> int:
    if number > _PORT_MAX:
        raise FilterError(span, f"{number} is no port", f"the largest is {_PORT_MAX}")
    return number


def _number(value: Token, names: dict[str, int]) -> int:
    """A number as it is or by its name."""
    if value.kind is TokenKind.NUMBER:
        return number_of(value)
    if value.kind is not TokenKind.NAME or value.text not in names:
        hint = did_you_mean(value.text, names) or "write its number"
        raise FilterError(value.span, f"'{value.text}' is not known here", hint)
    return names[value.text]


def _mac(value: Token) -> bytes:
    """The six bytes of an Ethernet address in any of its spellings."""
    for mark in ":-.":
        if len(parts := value.text.split(mark)) == 6:
            return bytes(int(one, 16) for one in parts)
    return bytes.fromhex(value.text.replace(".", ""))


def _dotted(value: Token) -> tuple[int, int]:
    """The number and the bits of `10.1`: what is not said is on the right."""
    parts = [int(one) for one in value.text.split(".")]
    if max(parts) > 255:
        raise FilterError(value.span, f"'{value.text}' is no address", "a part is at most 255")
    number = 0
    for one in parts:
        number = number << 8 | one
    return number, 8 * len(parts)


def _ip_network(node: ast.Primitive) -> tuple[int, int]:
    """The address and the mask."""
    if node.value.kind is TokenKind.NUMBER:
        number, mask = number_of(node.value), U32_MAX
        if node.qualifiers.kind == "net":
            while number and not number & 0xFF000000:
                number, mask = number << 8, mask << 8 & U32_MAX
        return number, mask
    number, bits = _dotted(node.value)
    number <<= 32 - bits
    if node.mask is None:
        return number, U32_MAX << 32 - bits & U32_MAX
    if node.mask.kind is TokenKind.IPV4:
        mask, bits = _dotted(node.mask)
        mask <<= 32 - bits
    else:
        if (prefix := number_of(node.mask)) > 32:
            raise FilterError(node.mask.span, f"no prefix has {prefix} bits", "32 at most")
        mask = U32_MAX << 32 - prefix & U32_MAX
    if number & ~mask:
        raise FilterError(node.span, "the address has bits that its mask leaves out")
    return number, mask


def _ip6_network(node: ast.Primitive) -> tuple[bytes, int]:
    """The address and the length of the prefix."""
    try:
        address = socket.inet_pton(socket.AF_INET6, node.value.text)
    except OSError:
        raise FilterError(node.value.span, f"'{node.value.text}' is no IPv6 address") from None
    prefix = 128 if node.mask is None else number_of(node.mask)
    if node.mask and prefix > 128:
        raise FilterError(node.mask.span, f"no prefix has {prefix} bits", "128 at most")
    if int.from_bytes(address, "big") & (1 << 128 - prefix) - 1:
        raise FilterError(node.span, "the address has bits that its prefix leaves out")
    return address, prefix
