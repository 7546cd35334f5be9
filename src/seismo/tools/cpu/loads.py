"""`loads`: the load averages, every second."""

from __future__ import annotations

from seismo.tools.tool import Area, Column, Rows, Tool

__all__ = ("TOOL",)

_SHIFT = 11  # include/linux/sched/loadavg.h: FSHIFT


def _load(value: int) -> str:
    """Two decimals of a number with 11 binary places, cut off as /proc/loadavg does."""
    hundredths = (value & ((1 << _SHIFT) - 1)) * 100 >> _SHIFT
    return f"{value >> _SHIFT}.{hundredths:02}"


TOOL = Tool(
    name="loads",
    area=Area.CPU,
    summary="Show the load averages every second.",
    about="""How many tasks ran, could have run, or waited without being interruptible, on average
over the last 1, 5 and 15 minutes: the numbers of /proc/loadavg, read from the kernel's memory. The
kernel computes them every five seconds. They are the machine's: filters by task do not apply.""",
    kernel="Linux 5.8 that lists its variables in /proc/kallsyms (CONFIG_KALLSYMS_ALL), or x86-64.",
    scripts=("loads", "loads_code"),
    rows=Rows(tuple(Column(name, _load) for name in ("1min", "5min", "15min")), is_current=False),
    example="""examples:
  seismo loads                 every second, until Ctrl-C
  seismo loads --duration 60   for a minute
  seismo loads -T              with the time
  seismo loads --json          a JSON object a line

  LOAD AVERAGES: 1MIN 5MIN 15MIN
  LOAD AVERAGES: 2.39 2.03 2.32
""",
)
