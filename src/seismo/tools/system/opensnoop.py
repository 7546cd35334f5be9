"""`opensnoop`: who opens which file, and what came of it."""

from __future__ import annotations

from seismo.tools.tool import Area, Column, Option, Rows, Tool, columns
from seismo.tools.words import errno_name

__all__ = ("TOOL",)

TOOL = Tool(
    name="opensnoop",
    area=Area.SYSTEM,
    summary="Show every file that is opened: process, descriptor or error, path.",
    about="""A row for each open(2), openat(2) and openat2(2) when it returns, with the path as the
kernel took it: read when the call returns, so that no name is blank because its page was not in
memory yet. A relative path has the directory before it that it was relative to.""",
    kernel="Linux 5.8: the tracepoints of system calls.",
    scripts=("opensnoop",),
    rows=Rows((*columns("pid comm fd"), Column("err", errno_name), Column("path"))),
    options=(Option("failed", "failed opens only", "-x"),),
    example="""examples:
  seismo opensnoop                          every open on the machine, until Ctrl-C
  seismo opensnoop -c 'cat /etc/hostname'   a command and all that it starts
  seismo opensnoop -p 1234 -x               failed opens of process 1234
  seismo opensnoop --with user,container    with the user's name and the container's id
  seismo opensnoop --json | jq .path        a JSON object a line
""",
)
