"""`tcplife`: every TCP session when it ends."""

from __future__ import annotations

from seismo.tools.network.options import FAMILIES, port_option
from seismo.tools.tool import Area, Rows, Tool, columns

__all__ = ("TOOL",)

TOOL = Tool(
    name="tcplife",
    area=Area.NETWORK,
    summary="Show every TCP session when it ends: process, addresses, KiB, duration.",
    about="""A row for each TCP socket that is closed and whose connection began while the tool ran,
the attempts that failed among them: with both ends on this machine, two rows. PID and COMM are who
connected or accepted; of a connection that nobody accepted, who closed it, else 0 and "-". TX_KB is
what the other side has acknowledged, RX_KB what came from it, in whole KiB; MS is from the first
SYN until the socket was closed, in milliseconds. A socket that waits for late packets (TIME_WAIT)
counts as closed. Connections from before the start are not shown.""",
    kernel="Linux 5.8: the tracepoint sock:inet_sock_set_state, with BTF.",
    scripts=("tcplife",),
    rows=Rows(columns("pid comm laddr lport raddr rport tx_kb rx_kb ms"), is_current=False),
    options=(
        *FAMILIES,
        port_option("localport", "-L", "of this local port only"),
        port_option("remoteport", "-D", "of this remote port only"),
    ),
    example="""examples:
  seismo tcplife                    every session, until Ctrl-C
  seismo tcplife -T -L 443          those of a server, with the local time of their ends
  seismo tcplife -c 'curl -sO URL'  those of a command, and of all that it starts

  PID     COMM             LADDR           LPORT RADDR           RPORT    TX_KB    RX_KB MS
  4321    curl             192.0.2.2       46644 198.51.100.7    443          1     5120 612
  812     nginx            192.0.2.2       443   203.0.113.9     50210      318        2 1093
""",
)
