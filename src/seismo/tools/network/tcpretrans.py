"""`tcpretrans`: every TCP segment that is sent again."""

from __future__ import annotations

from seismo.tools.network.options import FAMILIES
from seismo.tools.network.words import tcp_state
from seismo.tools.tool import Area, Column, Rows, Tool, columns

__all__ = ("TOOL",)

TOOL = Tool(
    name="tcpretrans",
    area=Area.NETWORK,
    summary="Show every TCP retransmission: whose it is, between which ends, in which state.",
    about="""A row for each time that the kernel sends a segment again (a SYN and an answered SYN,
too), which TcpRetransSegs of nstat(8) counts in segments. TYPE is L for the probe that looks for a
lost tail, which sends the last segment again, R for all others; such a probe that sends new data is
no retransmission. PID and COMM are who connected, accepted or listens, 0 and "-" where that
happened before the start: so filters by task find only connections that were made since. Kernels
before 6.15 do not tell of segments that could not be sent (no route any more).""",
    kernel="Linux 5.8: the tracepoint tcp:tcp_retransmit_skb, with BTF.",
    scripts=("tcpretrans",),
    rows=Rows(
        (*columns("pid comm laddr lport raddr rport type"), Column("state", tcp_state)),
        is_current=False,
    ),
    options=FAMILIES,
    example="""examples:
  seismo tcpretrans                every retransmission, until Ctrl-C
  seismo tcpretrans -T -6          those over IPv6, with the local time
  seismo tcpretrans -c ./backup    those of a command

  PID     COMM             LADDR           LPORT RADDR           RPORT TYPE STATE
  0       -                192.0.2.2       22    203.0.113.9     54630 R    ESTABLISHED
  9021    curl             192.0.2.2       40112 198.51.100.7    443   R    SYN_SENT
""",
)
