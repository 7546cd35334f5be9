"""`naptime`: who sleeps of its own accord, and for how long."""

from __future__ import annotations

from seismo.tools.tool import Area, Column, Rows, Tool, columns

__all__ = ("TOOL",)

TOOL = Tool(
    name="naptime",
    area=Area.SYSTEM,
    summary="Show every sleep that a process asks for: its parent, itself, how long.",
    about="""A row for each nanosleep(2) and clock_nanosleep(2) when it begins, which is what
sleep(1), sleep(3) and usleep(3) come to. PPID and PCOMM are the parent, which mostly is the script
that sleeps. SECONDS is what was asked for, whether the sleep then lasted so long or not; of a
sleep until a point in time, how far that was away, 0 if it had passed. Waiting for something with
a time limit (select, poll, futex) is no sleep, and is not shown.""",
    kernel="Linux 5.8: the tracepoints of system calls.",
    user_engine=True,
    scripts=("naptime",),
    rows=Rows((*columns("ppid pcomm pid comm"), Column("seconds", is_rest=True))),
    example="""examples:
  seismo naptime                            every sleep on the machine, until Ctrl-C
  seismo naptime -c ./backup.sh             how a script and all that it starts sleep
  seismo naptime -T --comm sleep            sleep(1) alone, with the local time

    PPID    PCOMM            PID     COMM             SECONDS
    2034    backup.sh        2041    sleep            0.500000000
    1       systemd          611     cron             60.000000000
""",
)
