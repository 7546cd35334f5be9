"""`opensnoop`: who opens which file, and what came of it."""

from __future__ import annotations

import argparse
import os

from seismo.tools.tool import Area, Column, Option, Rows, Tool, columns
from seismo.tools.words import errno_name

__all__ = ("TOOL",)


def _flags(text: str) -> int:
    """The number of `O_CREAT|O_EXCL`."""
    found = 0
    for name in text.upper().split("|"):
        flag = getattr(os, name, None) if name.startswith("O_") else None
        if flag is None:
            raise argparse.ArgumentTypeError(f"'{name}' is no flag of open(2), such as O_CREAT")
        found |= flag
    return found


TOOL = Tool(
    name="opensnoop",
    area=Area.SYSTEM,
    summary="Show every file that is opened: process, descriptor or error, path.",
    about="""A row for each open(2), openat(2) and openat2(2) when it returns: FD is the new
descriptor, -1 with the name of the error beside it. PATH is the path as the kernel took it, and
whole: a relative one has the directory before it that it was relative to. It is read when the call
returns, so that no name is blank because its page was not in memory yet. Symbolic links in it are
not followed. Files that are opened by io_uring or by the kernel itself are not seen.""",
    kernel="Linux 5.8: the tracepoints of system calls.",
    user_engine=True,
    scripts=("opensnoop",),
    rows=Rows((*columns("pid comm fd"), Column("err", errno_name), Column("path"))),
    options=(
        Option("failed", "only opens that fail", "-x"),
        Option("flags", "only opens with these flags, such as 'O_CREAT|O_EXCL'", "-f", "FLAGS",
               type=_flags),
        Option("path", "only paths that TEXT is in", "", "TEXT"),
    ),
    example="""examples:
  seismo opensnoop                          every open on the machine, until Ctrl-C
  seismo opensnoop -c 'cat /etc/hostname'   a command and all that it starts
  seismo opensnoop -p 1234 -x               failed opens of process 1234
  seismo opensnoop -f O_CREAT --path /etc/  what is made in /etc
  seismo opensnoop --with user,container    with the user's name and the container's id
  seismo opensnoop --json | jq .path        a JSON object a line

    PID     COMM               FD ERR      PATH
    4711    cat                 3 -        /etc/hostname
    4711    cat                -1 ENOENT   /usr/lib/locale/locale-archive
""",
)  # fmt: skip
