"""The words of the filter language: keywords, protocols, fields, and services by name.

Numbers are IANA's and those of IEEE 802; the names are the ones that tcpdump knows.
"""

from __future__ import annotations

__all__ = (
    "ETHERTYPES",
    "FIELD_NUMBERS",
    "IP_PROTOCOLS",
    "KEYWORDS",
    "LLC_SAPS",
    "PROTOCOL_WORDS",
    "SERVICES",
    "TRANSPORTS",
)

TRANSPORTS = {"sctp": 132, "tcp": 6, "udp": 17}
"""The protocols with ports, in the order in which libpcap tries them."""

IP_PROTOCOLS: dict[str, tuple[int, tuple[str, ...]]] = {
    **{name: (number, ("ip", "ip6")) for name, number in TRANSPORTS.items()},
    "esp": (50, ("ip", "ip6")),
    "ah": (51, ("ip", "ip6")),
    "pim": (103, ("ip", "ip6")),
    "icmp": (1, ("ip",)),
    "igmp": (2, ("ip",)),
    "igrp": (9, ("ip",)),
    "vrrp": (112, ("ip",)),
    "carp": (112, ("ip",)),
    "icmp6": (58, ("ip6",)),
}
"""Each protocol over IP: its number, and over which of the two it is looked for."""

ETHERTYPES = {
    "ip": 0x0800,
    "arp": 0x0806,
    "rarp": 0x8035,
    "ip6": 0x86DD,
    "moprc": 0x6002,
    "mopdl": 0x6001,
    "decnet": 0x6003,
    "lat": 0x6004,
    "sca": 0x6007,
}

LLC_SAPS = {"stp": 0x42}
"""Protocols in frames of IEEE 802.3, by the service access point of their LLC header."""

PROTOCOL_WORDS = frozenset((*IP_PROTOCOLS, *ETHERTYPES, *LLC_SAPS, "link"))

KEYWORDS = {
    **{word: word for word in PROTOCOL_WORDS},
    **dict.fromkeys(("ether", "fddi", "tr", "wlan", "ppp", "slip"), "link"),
    **{
        word: word
        for word in (
            *("src", "dst", "host", "net", "mask", "port", "portrange", "proto", "protochain"),
            *("and", "or", "not", "len", "less", "greater", "byte", "broadcast", "multicast"),
            *("inbound", "outbound", "vlan", "mpls", "pppoed", "pppoes", "gateway", "geneve"),
        )
    },
    "length": "len",
    "icmpv6": "icmp6",
}
"""Each word and its usual spelling."""

FIELD_NUMBERS = {
    "icmptype": 0,
    "icmpcode": 1,
    "icmp6type": 0,
    "icmp6code": 1,
    "tcpflags": 13,
    "tcp-fin": 0x01,
    "tcp-syn": 0x02,
    "tcp-rst": 0x04,
    "tcp-push": 0x08,
    "tcp-ack": 0x10,
    "tcp-urg": 0x20,
    "tcp-ece": 0x40,
    "tcp-cwr": 0x80,
    "icmp-echoreply": 0,
    "icmp-unreach": 3,
    "icmp-sourcequench": 4,
    "icmp-redirect": 5,
    "icmp-echo": 8,
    "icmp-routeradvert": 9,
    "icmp-routersolicit": 10,
    "icmp-timxceed": 11,
    "icmp-paramprob": 12,
    "icmp-tstamp": 13,
    "icmp-tstampreply": 14,
    "icmp-ireq": 15,
    "icmp-ireqreply": 16,
    "icmp-maskreq": 17,
    "icmp-maskreply": 18,
    "icmp6-destinationunreach": 1,
    "icmp6-packettoobig": 2,
    "icmp6-timeexceeded": 3,
    "icmp6-parameterproblem": 4,
    "icmp6-echo": 128,
    "icmp6-echoreply": 129,
    "icmp6-multicastlistenerquery": 130,
    "icmp6-multicastlistenerreportv1": 131,
    "icmp6-multicastlistenerdone": 132,
    "icmp6-routersolicit": 133,
    "icmp6-routeradvert": 134,
    "icmp6-neighborsolicit": 135,
    "icmp6-neighboradvert": 136,
    "icmp6-redirect": 137,
    "icmp6-routerrenum": 138,
}
"""Words that are numbers: offsets of fields, and values of theirs."""

SERVICES: dict[str, dict[str, int]] = {
    "tcp": {
        "ftp-data": 20,
        "ftp": 21,
        "ssh": 22,
        "telnet": 23,
        "smtp": 25,
        "http": 80,
        "pop3": 110,
        "netbios-ssn": 139,
        "imap2": 143,
        "bgp": 179,
        "microsoft-ds": 445,
        "imaps": 993,
        "pop3s": 995,
        "mysql": 3306,
        "postgresql": 5432,
        "x11": 6000,
        "http-alt": 8080,
    },
    "udp": {
        "bootps": 67,
        "bootpc": 68,
        "tftp": 69,
        "ntp": 123,
        "netbios-ns": 137,
        "syslog": 514,
        "mdns": 5353,
    },
    "": {
        "domain": 53,
        "kerberos": 88,
        "sunrpc": 111,
        "snmp": 161,
        "ldap": 389,
        "https": 443,
        "ldaps": 636,
        "openvpn": 1194,
        "nfs": 2049,
        "sip": 5060,
    },
}
"""Ports by name, by the protocol that has them, '' for those of more than one.

The machine's own /etc/services is not read: an expression means the same everywhere."""
