"""`runqlen`: how many tasks wait for a CPU."""

from __future__ import annotations

from seismo.tools.tool import Area, Column, Histograms, Option, Table, Tool, columns

__all__ = ("TOOL",)

TOOL = Tool(
    name="runqlen",
    area=Area.CPU,
    summary="Sample how many tasks wait in each CPU's run queue, as a histogram.",
    about="""Every CPU is looked at 99 times a second: how many tasks could run there, but for the
one that does. 0 is good; where it is more, tasks wait for their turn, even if other CPUs are idle.
What waits is counted in every class and cgroup. With --occupancy: in how many of the samples
anything waited. A CPU that sleeps deeply may take no samples. Filters choose samples by the task
that runs when they are taken.""",
    kernel="Linux 5.8 with BTF, and CONFIG_FAIR_GROUP_SCHED.",
    scripts=("runqlen",),
    reports=(
        Histograms("@lengths", "tasks"),
        Histograms("@lengths_cpu", "tasks", columns("cpu")),
        Table(
            columns("cpu"),
            (("@samples", Column("samples")), ("@waited", Column("waited"))),
        ),
    ),
    options=(
        Option("cpus", "a histogram for each CPU", "-C"),
        Option("occupancy", "how often anything waits, for each CPU", "-O"),
    ),
    example="""examples:
  seismo runqlen                  the queues of all CPUs, until Ctrl-C
  seismo runqlen --duration 10    for ten seconds
  seismo runqlen -C               each CPU by itself
  seismo runqlen -O -i 1          how often anything waits, every second

  tasks:
  [0]                  666 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@|
  [1]                   82 |@@@@@@                                              |
  [2]                   13 |@                                                   |
""",
)
