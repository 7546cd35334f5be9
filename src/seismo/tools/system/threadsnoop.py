"""`threadsnoop`: who makes a thread, and what it runs."""

from __future__ import annotations

from seismo.tools.tool import Area, Rows, Tool, columns

__all__ = ("TOOL",)

TOOL = Tool(
    name="threadsnoop",
    area=Area.SYSTEM,
    summary="Show every thread that is made by pthread_create: process, start function.",
    about="""A row for each call of the C library's pthread_create(3), by PID; FUNC is the function
that the new thread begins with, an address where the program has no symbol for it. It is seen in
all processes that use the C library of this machine, or with -p, the one of that process, though
it is in a container. Programs that have their C library in themselves, and those that make threads
by clone(2), as Go's do, are not seen.""",
    kernel="Linux 5.8: uprobes.",
    scripts=("threadsnoop", "threadsnoop_libpthread"),
    rows=Rows(columns("pid comm func")),
    example="""examples:
  seismo threadsnoop                        on the machine, until Ctrl-C
  seismo threadsnoop -c 'java -jar app.jar' a command and all that it starts
  seismo threadsnoop --with time,tid        when, and which thread made it

    PID     COMM             FUNC
    7021    python3          pythread_wrapper
    7144    java             thread_native_entry
""",
)
