"""`tcpsynbl`: how full the queues of connections are that wait to be accepted."""

from __future__ import annotations

from seismo.tools.tool import Area, Column, Histograms, Tool

__all__ = ("TOOL",)

TOOL = Tool(
    name="tcpsynbl",
    area=Area.NETWORK,
    summary="Show how full the queues of TCP connections are that wait to be accepted.",
    about="""A histogram for each LIMIT (the backlog of listen(2), or net.core.somaxconn if that is
less) of how many connections waited to be accepted when another one had shaken hands. It is full
beyond the limit: then the handshake's last packet is thrown away, and counted each time that it
comes. SYNs that are refused because the queue is full are not shown: nstat(8) has them as
TcpExtListenDrops. With a filter by task, of a server that listened before the start what comes
before its next accept(2) is not counted.""",
    kernel="Linux 5.8: fentry or kprobes; else Linux 6.15, the tracepoint sock:sk_data_ready. BTF.",
    scripts=("tcpsynbl", "tcpsynbl_ready"),
    reports=(Histograms("@backlog", "connections", (Column("limit"),)),),
    example="""examples:
  seismo tcpsynbl                every queue, until Ctrl-C
  seismo tcpsynbl -i 10          those of every ten seconds
  seismo tcpsynbl --comm nginx   those of a server
""",
)
