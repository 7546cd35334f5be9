"""`cpudist`: how long tasks run at a stretch."""

from __future__ import annotations

from seismo.tools.cpu.by_task import by_task
from seismo.tools.tool import Area, Option, Tool

__all__ = ("TOOL",)

_reports = by_task()

TOOL = Tool(
    name="cpudist",
    area=Area.CPU,
    summary="Show how long tasks run before they leave the CPU, or are off it, as histograms.",
    about="""The time between the switch to a task and the switch from it; with --offcpu the other
way round: blocked, or waiting for its turn. Short times on the CPU are of tasks that block often or
that others push aside; long ones are of those that compute. A stretch that began before tracing
did, or that is not over when it ends, is not counted; idle CPUs are not either. The process ids are
those of the initial namespace.""",
    kernel="Linux 5.8 with BTF: the raw tracepoint sched_switch.",
    scripts=("cpudist",),
    reports=_reports({"milliseconds": False}),
    reports_of=_reports,
    options=(
        Option("offcpu", "times off the CPU", "-O"),
        Option("processes", "a histogram for each process", "-P"),
        Option("threads", "a histogram for each thread", "-L"),
        Option("milliseconds", "in ms, not us", "-m"),
    ),
    example="""examples:
  seismo cpudist                    how long tasks run at a stretch, until Ctrl-C
  seismo cpudist -O -p 1234         how long process 1234 is off the CPU
  seismo cpudist -P -i 1            each process by itself, every second
  seismo cpudist -c 'gzip -k big'   a command

  usecs:
  [2K, 4K)               3 |@@@@@@@@@@@@@@@@@                                   |
  [4K, 8K)               9 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@|
""",
)
