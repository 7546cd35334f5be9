"""`runqslower`: who waited long for a CPU."""

from __future__ import annotations

from seismo.tools.tool import Area, Option, Rows, Tool, columns, natural

__all__ = ("TOOL",)

TOOL = Tool(
    name="runqslower",
    area=Area.CPU,
    summary="Show tasks that could run and waited long for a CPU.",
    about="""A row for each task that runs at last, after it waited in a run queue for at least
min_us (10000): from when it was woken, was new, or had to leave its CPU although it could go on.
PREV is the task that had the CPU before it; of an idle CPU it is swapper. The thread ids are those
of the initial namespace.""",
    kernel="Linux 5.8 with BTF: the raw tracepoints sched_wakeup, sched_wakeup_new, sched_switch.",
    scripts=("runqslower",),
    rows=Rows(columns("comm tid lat_us prev prev_tid"), is_current=False),
    options=(
        Option(
            "min_us",
            "waits of so many us, or longer (10000)",
            metavar="MIN_US",
            type=natural,
            is_positional=True,
        ),
    ),
    example="""examples:
  seismo runqslower            waits of 10 ms and longer, until Ctrl-C
  seismo runqslower 1000 -T    of 1 ms and longer, with the time
  seismo runqslower -p 1234    of process 1234
  seismo runqslower --json 0   every wait, a JSON object a line

  COMM             TID         LAT_US PREV             PREV_TID
  cc1              14152        61515 swapper/1        0
  rcu_preempt      15          104009 make             14150
""",
)
