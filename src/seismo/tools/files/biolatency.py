"""`biolatency`: how long disks take for block I/O, as histograms."""

from __future__ import annotations

from seismo.tools.tool import Area, Column, Histograms, Option, Tool, columns

__all__ = ("TOOL",)

TOOL = Tool(
    name="biolatency",
    area=Area.FILES,
    summary="Show how long block I/O takes, as a histogram.",
    about="""The time from when a request is given to a disk's driver until the disk has completed
it, in microseconds; with -Q from when the request was submitted. A filter (-p and the like) is
about the task that submitted it, which for buffered writes is a thread of the kernel, not the
writer. DISK is of -D; TYPE is of -F: R(ead), W(rite), D(iscard) or N(one of them), F before it for
a flush of the disk's cache that goes first; behind it F(orced to the medium), A(head of need),
S(ynchronous), M(etadata). What is served from the page cache is no block I/O.""",
    kernel="Linux 5.17: the tracepoints of the block layer.",
    scripts=("biolatency",),
    reports=(
        Histograms("@all", "us"),
        Histograms("@by_disk", "us", columns("disk")),
        Histograms("@by_type", "us", columns("type")),
        Histograms("@by_both", "us", (Column("disk"), Column("type"))),
    ),
    options=(
        Option("queued", "count the time in the queue, too", "-Q"),
        Option("disks", "a histogram for each disk", "-D"),
        Option("flags", "a histogram for each kind of I/O", "-F"),
    ),
    example="""examples:
  seismo biolatency                 one histogram, at Ctrl-C
  seismo biolatency -i 1 --count 5  one every second, five times
  seismo biolatency -D -F           one for each disk and kind of I/O
  seismo biolatency -Q -c 'sync'    of what a command submits, with the time in the queue
""",
)
