"""`syncsnoop`: who has data written to the disk."""

from __future__ import annotations

from seismo.tools.tool import Area, Column, Rows, Tool, columns
from seismo.tools.words import errno_name

__all__ = ("TOOL",)

TOOL = Tool(
    name="syncsnoop",
    area=Area.SYSTEM,
    summary="Show every call that writes data to the disk: process, call, time, file.",
    about="""A row for each sync, syncfs, fsync, fdatasync, sync_file_range and msync when it
returns. US is how many microseconds the call took, PATH the file behind its descriptor: with
syncfs a file of the file system that is written, with sync and msync, which have no descriptor,
nothing. Files that are opened with O_SYNC are written at each write(2), which is not shown; nor is
what is asked by io_uring.""",
    kernel="Linux 5.8: the tracepoints of system calls.",
    user_engine=True,
    scripts=("syncsnoop",),
    rows=Rows((*columns("pid comm call"), Column("err", errno_name), *columns("us path"))),
    example="""examples:
  seismo syncsnoop                          on the machine, until Ctrl-C
  seismo syncsnoop -p 1234                  what process 1234 waits for
  seismo syncsnoop -T --comm postgres       with the local time

    PID     COMM             CALL            ERR              US PATH
    812     postgres         fdatasync       -              4113 /var/lib/postgresql/base/5/2619
    6021    sync             sync            -             20418
""",
)
