"""`biosnoop`: every block I/O, whose it was, and how long the disk took for it."""

from __future__ import annotations

from seismo.tools.tool import Area, Option, Rows, Tool, columns

__all__ = ("TOOL",)

TOOL = Tool(
    name="biosnoop",
    area=Area.FILES,
    summary="Show every block I/O: process, disk, kind, place, size, latency.",
    about="""A row for each request that a disk has completed. It is the request of the task that
submitted it, which for buffered writes is a thread of the kernel, later, not the writer. TYPE is
R(ead), W(rite), D(iscard) or N(one of them), F before it for a flush of the disk's cache that goes
first; behind it F(orced to the medium), A(head of need), S(ynchronous), M(etadata). SECTOR counts
512 bytes. QUEUE_US is from submission until the request was given to the driver, LAT_US from there
until its completion. What is served from the page cache is no block I/O; commands that programs
send to a disk by themselves (SG_IO), and devices whose drivers take no requests (md, dm, brd) are
not seen, but the disks under them are.""",
    kernel="Linux 5.17: the tracepoints of the block layer.",
    scripts=("biosnoop",),
    rows=Rows(columns("pid comm disk type sector bytes queue_us lat_us"), is_current=False),
    options=(
        Option("disk", "of this disk only, such as sda", "-d", metavar="DISK"),
        Option("queued", "count the time in the queue as latency, too", "-Q"),
    ),
    example="""examples:
  seismo biosnoop                        every block I/O, until Ctrl-C
  seismo biosnoop -T -d vda              those of one disk, with the time of their completion
  seismo biosnoop -Q -c 'sync -f /home'  those of a command, with their time in the queue

  PID     COMM             DISK       TYPE  SECTOR       BYTES    QUEUE_US   LAT_US
  21220   dd               vda        WS    81331648     8192            4      192
  21220   dd               vda        FWS   0            0               0       34
""",
)
