"""`tcpconnect`: every TCP connection that is begun from here."""

from __future__ import annotations

from seismo.tools.network.options import FAMILIES, port_option
from seismo.tools.tool import Area, Rows, Tool, columns

__all__ = ("TOOL",)

TOOL = Tool(
    name="tcpconnect",
    area=Area.NETWORK,
    summary="Show every TCP connection that a process begins: from where, to where.",
    about="""A row for each connect(2) that sends a SYN, whatever comes of it, by the one who
connects, with the source address and port that the kernel has chosen. What fails before (no route,
no free port) is not shown, nor are connections that come in: `tcpaccept` shows those. On a kernel
without probes of functions a row comes with the answer to the SYN, with the end of a connect() that
does not wait, or with the second SYN after a second of silence.""",
    kernel="Linux 5.8: fentry or kprobes, else the tracepoint sock:inet_sock_set_state with BTF.",
    scripts=("tcpconnect", "tcpconnect_states"),
    rows=Rows(columns("pid comm saddr sport daddr dport"), is_current=False),
    options=(*FAMILIES, port_option("port", "-P", "to this port only")),
    example="""examples:
  seismo tcpconnect                       every connection begun, until Ctrl-C
  seismo tcpconnect -T -P 443             those to port 443, with the local time
  seismo tcpconnect --comm bash           what a shell has no business to do
  seismo tcpconnect --json | jq .daddr    a JSON object a line

  PID     COMM             SADDR           SPORT DADDR           DPORT
  6029    bash             172.16.42.151   40746 172.16.42.100   4444
""",
)
