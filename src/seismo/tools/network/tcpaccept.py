"""`tcpaccept`: every TCP connection that is accepted."""

from __future__ import annotations

from seismo.tools.network.options import FAMILIES, port_option
from seismo.tools.tool import Area, Rows, Tool, columns

__all__ = ("TOOL",)

TOOL = Tool(
    name="tcpaccept",
    area=Area.NETWORK,
    summary="Show every TCP connection that a process accepts: from where, and who waits.",
    about="""A row for each connection that accept(2) or accept4(2) gives to a process. RADDR and
RPORT are the other end, LADDR and LPORT this one. BL is how many connections still wait to be
accepted at that socket, BL_MAX how many may: its backlog. Connections that nobody accepts are not
shown; nor, on a kernel without fexit, those that io_uring accepts.""",
    kernel="Linux 5.8: fexit, else the tracepoints of system calls; BTF.",
    scripts=("tcpaccept", "tcpaccept_syscalls"),
    rows=Rows(columns("pid comm raddr rport laddr lport bl bl_max")),
    options=(*FAMILIES, port_option("port", "-P", "at this local port only")),
    example="""examples:
  seismo tcpaccept                every connection accepted, until Ctrl-C
  seismo tcpaccept -P 22 --with user,time    those of sshd, with the user's name and the time
  seismo tcpaccept -p 1234 -6     those of a process, IPv6 only

  PID     COMM             RADDR           RPORT LADDR           LPORT   BL BL_MAX
  948     sshd             203.0.113.9     51776 192.0.2.2       22       0 128
""",
)
