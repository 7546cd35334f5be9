"""`bcc.tcp`: states and flags of TCP in words."""

from __future__ import annotations

__all__ = ("flags2str", "tcpflags", "tcpstate")

# `include/net/tcp_states.h`; NEW_SYN_RECV since Linux 4.1.
tcpstate: dict[int, str] = {
    1: "ESTABLISHED",
    2: "SYN_SENT",
    3: "SYN_RECV",
    4: "FIN_WAIT1",
    5: "FIN_WAIT2",
    6: "TIME_WAIT",
    7: "CLOSE",
    8: "CLOSE_WAIT",
    9: "LAST_ACK",
    10: "LISTEN",
    11: "CLOSING",
    12: "NEW_SYN_RECV",
}
"""By `sk_state`."""

# RFC 9293, section 3.1: the lowest bit first.
tcpflags: dict[int, str] = {
    0x01: "FIN",
    0x02: "SYN",
    0x04: "RST",
    0x08: "PSH",
    0x10: "ACK",
    0x20: "URG",
    0x40: "ECE",
    0x80: "CWR",
}
"""By their bits in a header's byte of flags."""


def flags2str(flags: int) -> str:
    """The flags that are set: `SYN|ACK`."""
    return "|".join([name for bit, name in tcpflags.items() if flags & bit])
