"""`oomkill`: whom the kernel kills for lack of memory."""

from __future__ import annotations

import os

from seismo.tools.tool import Area, Column, Rows, Tool, columns

__all__ = ("TOOL",)


def _load_averages(_: int) -> str:
    return " ".join(f"{one:.2f}" for one in os.getloadavg())


TOOL = Tool(
    name="oomkill",
    area=Area.SECURITY,
    summary="Show every process that is killed for lack of memory, and who caused it.",
    about="""A row for each process that the kernel kills because there is no memory left, on the
machine or within a control group's limit. PID and COMM are the process that asked for memory when
there was none, TPID and TCOMM the one that is killed for it. PAGES is how much the victim had in
memory, as the kernel counts it; ADJ its oom_score_adj (-1000: never, 1000: first of all). LOADAVG
is the machine's load over 1, 5 and 15 minutes when the row is shown. With -p, -c and the like it
is rows in which such a process is either of the two. What user space kills to make room
(systemd-oomd) is not seen: seismo killsnoop shows that.""",
    kernel="Linux 5.8 with BTF: the tracepoints oom:mark_victim and signal_generate.",
    scripts=("oomkill", "oomkill_atomic"),
    rows=Rows(
        (*columns("pid comm tpid tcomm pages adj"), Column("loadavg", _load_averages)),
        is_current=False,
    ),
    example="""examples:
  seismo oomkill                            every such kill, until Ctrl-C
  seismo oomkill -T                         with the local time
  seismo oomkill --json                     for a log

    PID     COMM             TPID    TCOMM            PAGES     ADJ    LOADAVG
    4311    postgres         4290    java             1048576   0      7.91 4.02 2.33
""",
)
