"""`gethostlatency`: every name that a program has its C library look up."""

from __future__ import annotations

from seismo.tools.network.words import resolver_error
from seismo.tools.tool import Area, Column, Rows, Tool, columns

__all__ = ("TOOL",)

TOOL = Tool(
    name="gethostlatency",
    area=Area.NETWORK,
    summary="Show every look-up of a host name: process, milliseconds, error, name.",
    about="""A row for each getaddrinfo(3), gethostbyname(3) and gethostbyname2(3) when it returns,
wherever the answer came from: /etc/hosts, a cache, a name server. LAT_MS is how long it took, in
milliseconds. ERR is how it failed: EAI_NONAME and so on by getaddrinfo(3), FAILED by the others,
which do not say how. The libraries are glibc and musl, as far as any process has mapped them when
the tool starts, those in containers, too; with -p, those of that process. Not seen are programs
that are linked statically or ask name servers themselves (Go, some browsers).""",
    kernel="Linux 5.8: uprobes.",
    scripts=("gethostlatency",),
    rows=Rows((*columns("pid comm lat_ms"), Column("err", resolver_error), Column("host"))),
    example="""examples:
  seismo gethostlatency                    every look-up, until Ctrl-C
  seismo gethostlatency -T --comm curl     those of curl, with the local time
  seismo gethostlatency -p 1234            those of process 1234, in whatever container it is

  PID     COMM             LAT_MS ERR            HOST
  28011   curl                 32 -              www.kernel.org
  28014   curl               5005 EAI_AGAIN      mirror.example.net
""",
)
