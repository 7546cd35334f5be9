"""`mdflush`: who makes RAID arrays flush their caches."""

from __future__ import annotations

from seismo.tools.tool import Area, Rows, Tool, columns

__all__ = ("TOOL",)

TOOL = Tool(
    name="mdflush",
    area=Area.FILES,
    summary="Show every flush of a RAID array (md): process and array.",
    about="""A row for each request to flush that an array of the md driver is given, which passes
it on to all of its disks: they wait until their caches are written. The process is the one that
asked: of fsync(2) its caller, else mostly a thread of the kernel, such as that of a journal. Not
seen are flushes of arrays whose disks have no cache to write: the kernel drops them before.""",
    kernel="Linux 5.12: the tracepoints of the block layer.",
    scripts=("mdflush",),
    rows=Rows(columns("pid comm disk")),
    example="""examples:
  seismo mdflush                    every flush, until Ctrl-C
  seismo mdflush --with time,user   with the time and the user's name

  PID     COMM             DISK
  2410    jbd2/md0-8       md0
  3122    postgres         md0
""",
)
