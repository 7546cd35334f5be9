"""`statsnoop`: who asks about which file, and what came of it."""

from __future__ import annotations

from seismo.tools.tool import Area, Column, Option, Rows, Tool, columns
from seismo.tools.words import errno_name

__all__ = ("TOOL",)

TOOL = Tool(
    name="statsnoop",
    area=Area.SYSTEM,
    summary="Show every stat of a file or file system: process, call, error, path.",
    about="""A row for each stat, lstat, fstat, newfstatat, statx, statfs and fstatfs when it
returns, under the name that the kernel has for the call, with the whole path: a relative one has
the directory before it that it was relative to, and of a descriptor it is the file behind it.
Symbolic links in a path are not followed. What is asked by io_uring is not seen.""",
    kernel="Linux 5.8: the tracepoints of system calls.",
    user_engine=True,
    scripts=("statsnoop",),
    rows=Rows((*columns("pid comm call"), Column("err", errno_name), Column("path"))),
    options=(Option("failed", "failed calls only", "-x"),),
    example="""examples:
  seismo statsnoop                          every such call on the machine, until Ctrl-C
  seismo statsnoop -x -p 1234               files that process 1234 looks for in vain
  seismo statsnoop -c 'git status' --json   a command and all that it starts

    PID     COMM             CALL       ERR      PATH
    5120    git              newfstatat -        /srv/git/seismo/index
    5120    git              lstat      ENOENT   /srv/git/seismo/MERGE_HEAD
""",
)
