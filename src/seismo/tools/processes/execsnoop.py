"""`execsnoop`: which programs are run, by whom, with which arguments."""

from __future__ import annotations

from seismo.tools.tool import Area, Column, Option, Rows, Tool, columns
from seismo.tools.words import errno_name

__all__ = ("TOOL",)

TOOL = Tool(
    name="execsnoop",
    area=Area.PROCESSES,
    summary="Show every program that is run: process, parent, result, file, whole arguments.",
    about="""A row for each execve(2) and execveat(2) that succeeds, and for each program that the
kernel starts by itself. PCOMM is the name that the process has then, PATH the file that runs,
with its whole path: of a script that is its interpreter, and the script is among ARGS. ARGS are
the arguments as the new program finds them, the first being its own name: up to 8 KiB of them,
then "...". With -x attempts that failed are rows too: RET is the negative error, ERR its name,
PATH the file that was asked for, ARGS what it was to be given. A process that only forks runs no
program: seismo forkexec shows which fork a program came from.""",
    kernel="Linux 5.17 with BTF: the tracepoint sched_process_exec, raw, and system calls.",
    user_engine=True,
    scripts=("execsnoop",),
    rows=Rows((*columns("pcomm pid ppid ret"), Column("err", errno_name), *columns("path args"))),
    options=(
        Option("failed", "attempts that fail, too", "-x"),
        Option("ppid", "children of process PID only", "-P", "PID", int),
    ),
    example="""examples:
  seismo execsnoop                          every program that is run, until Ctrl-C
  seismo execsnoop -x -c 'make'             what a build runs, and what it looks for in vain
  seismo execsnoop -P 1234                  what a shell runs
  seismo execsnoop --with time,user         with the local time and the user's name
  seismo execsnoop --json | jq .args        the arguments as a list

    PCOMM            PID     PPID     RET ERR          PATH                     ARGS
    man              5251    4123       0 -            /usr/bin/man             man ls
    preconv          5254    5251       0 -            /usr/bin/preconv         preconv -e UTF-8
    sh               5260    4123      -2 ENOENT       /opt/bin/tidy            tidy -q x.html
""",
)
