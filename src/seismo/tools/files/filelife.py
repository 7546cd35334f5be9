"""`filelife`: files that are made and removed again, and how long they lived."""

from __future__ import annotations

from seismo.tools.tool import Area, Rows, Tool, columns

__all__ = ("TOOL",)

TOOL = Tool(
    name="filelife",
    area=Area.FILES,
    summary="Show files that are removed soon after they were made, and their age.",
    about="""A row for each file that was made by an open while this runs and is removed by
unlink(2) or unlinkat(2): the process that removed it, how many milliseconds it was old, and the
path that it was removed by. A file that was renamed meanwhile is still the same. Where the kernel
shows no functions (fentry), a file is known by its path: there it is missed when it is removed by
another spelling (a symbolic link, `..`) than it was made or renamed by. Not seen are files that
mknod(2), link(2) or io_uring made, and those that a rename replaces. The 10,000 youngest are
remembered. With a filter both its making and its removal must be by the processes that are
traced.""",
    kernel="Linux 5.17: the tracepoints of system calls; fentry where there is.",
    scripts=("filelife", "filelife_paths"),
    rows=Rows(columns("pid comm age_ms path")),
    example="""examples:
  seismo filelife                   until Ctrl-C
  seismo filelife -c 'make -j4'     of a command and all that it starts
  seismo filelife --with user       with the name of the user who removed it

  PID     COMM                 AGE_MS PATH
  4242    gcc                     118 /tmp/ccWxQz3r.s
  4242    gcc                      41 /tmp/cc1Yp0aB.o
""",
)
