"""`dcsnoop`: names that are looked up in the cache of directory entries."""

from __future__ import annotations

from seismo.tools.tool import Area, Option, Rows, Tool, columns

__all__ = ("TOOL",)

TOOL = Tool(
    name="dcsnoop",
    area=Area.FILES,
    summary="Show names that the kernel's cache of directory entries does not have.",
    about="""A row for each name that was looked up in the cache of directory entries (dcache) and
was missing (M), so that the file system had to be asked; with -a also for those that were found
(R), of which there are very many: one for each part of each path. That a file does not exist is
remembered, too, and then found. PATH is the name with its directory's; where what makes, renames or
removes a file looked for it, the path is that within its file system.""",
    kernel="Linux 5.17, with fentry.",
    scripts=("dcsnoop",),
    rows=Rows(columns("pid comm type path")),
    options=(Option("all", "names that were found, too", "-a"),),
    example="""examples:
  seismo dcsnoop                    every miss, until Ctrl-C
  seismo dcsnoop -a -c 'cat x'      every lookup of a command
  seismo dcsnoop -p 1234            of a process

  PID     COMM             TYPE PATH
  2440    cc1              M    /usr/include/x86_64-linux-gnu/bits/nope.h
""",
)
