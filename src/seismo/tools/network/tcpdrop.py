"""`tcpdrop`: every TCP packet that the kernel throws away."""

from __future__ import annotations

from seismo.tools.network.options import FAMILIES
from seismo.tools.network.words import tcp_flags, tcp_state
from seismo.tools.tool import Area, Column, Rows, Tool, columns

__all__ = ("TOOL",)

TOOL = Tool(
    name="tcpdrop",
    area=Area.NETWORK,
    summary="Show every TCP packet that the kernel drops: addresses, flags, reason, stack.",
    about="""A row for each TCP packet that comes or goes and is thrown away, with the kernel's
reason and its stack. Addresses, ports and FLAGS are those
of the packet, STATE is that of the socket that it was for or from, "-" where there is none. PID and
COMM are who connected, accepted or listens with that socket; where that is not known (no socket, or
one from before the start), the task that was running, which may be any. IPv6 packets with extension
headers are not shown, nor what a network card drops.""",
    kernel="Linux 5.17: the tracepoint skb:kfree_skb with its reason, and BTF.",
    scripts=("tcpdrop",),
    rows=Rows(
        (
            *columns("pid comm saddr sport daddr dport"),
            Column("state", tcp_state),
            Column("flags", tcp_flags),
            Column("reason"),
            Column("stack", is_stack=True),
        ),
        is_current=False,
    ),
    options=FAMILIES,
    example="""examples:
  seismo tcpdrop                                  every TCP packet dropped, until Ctrl-C
  seismo tcpdrop -T -4                            IPv4 only, with the local time
  seismo tcpdrop --json | jq 'select(.dport == 443)'

  PID     COMM     SADDR           SPORT DADDR           DPORT STATE  FLAGS REASON
  1043    curl     127.0.0.1       54164 127.0.0.1       1     -      SYN   …_NO_SOCKET
          sk_skb_reason_drop+144
          tcp_v4_rcv+145
          ip_protocol_deliver_rcu+40
""",
)
