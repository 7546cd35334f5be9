"""`runqlat`: how long tasks that could run wait for a CPU."""

from __future__ import annotations

from seismo.tools.cpu.by_task import by_task
from seismo.tools.tool import Area, Option, Tool

__all__ = ("TOOL",)

_reports = by_task(("@pidns", "pidns"))

TOOL = Tool(
    name="runqlat",
    area=Area.CPU,
    summary="Show how long tasks that could run waited for a CPU, as histograms.",
    about="""The time that a task spends in a run queue: from when it is woken, is new, or must
leave its CPU although it could go on, to when it runs. A busy machine shows long waits; an idle
one, what it takes to wake a CPU. A task that waits already when tracing begins is not counted. The
process ids are those of the initial namespace; pidns is the inode of a PID namespace, as in
/proc/PID/ns/pid.""",
    kernel="Linux 5.8 with BTF: the raw tracepoints sched_wakeup, sched_wakeup_new, sched_switch.",
    scripts=("runqlat",),
    reports=_reports({"milliseconds": False}),
    reports_of=_reports,
    options=(
        Option("processes", "a histogram for each process", "-P"),
        Option("threads", "a histogram for each thread", "-L"),
        Option("pidnss", "a histogram for each PID namespace"),
        Option("milliseconds", "in ms, not us", "-m"),
    ),
    example="""examples:
  seismo runqlat                the waits of all tasks, until Ctrl-C
  seismo runqlat -p 1234 -i 1   those of process 1234, every second
  seismo runqlat -P --top 5     each process by itself
  seismo runqlat --pidnss -m    each PID namespace by itself, in ms

  usecs:
  [4, 8)               233 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@|
  [8, 16)               37 |@@@@@@@@                                            |
  [16, 32)               2 |                                                    |
""",
)
