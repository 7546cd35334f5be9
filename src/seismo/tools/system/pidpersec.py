"""`pidpersec`: how many processes are started each second."""

from __future__ import annotations

from seismo.tools.tool import Area, Rows, Tool, columns

__all__ = ("TOOL",)

TOOL = Tool(
    name="pidpersec",
    area=Area.SYSTEM,
    summary="Count the processes that are started, each second.",
    about="""A row each second with the number of processes that were started in it, by fork(2),
vfork(2) or clone(2), whatever they run then; a last row, at the end, counts the rest of a second.
Threads are not counted. With -p, -c and the like those are counted that such a process starts.""",
    kernel="Linux 5.8 with BTF: the tracepoint sched_process_fork, raw.",
    user_engine=True,
    scripts=("pidpersec",),
    rows=Rows(columns("pids"), is_current=False),
    example="""examples:
  seismo pidpersec                          on the machine, until Ctrl-C
  seismo pidpersec -T --duration 10         ten seconds, with the local time of each
  seismo pidpersec -c 'make -j8'            what a build starts

    TIME            PIDS
    14:07:11.000213 31
    14:07:12.000219 4
""",
)
