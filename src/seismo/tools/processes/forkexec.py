"""`forkexec`: which process started which program."""

from __future__ import annotations

from seismo.tools.tool import Area, Option, Rows, Tool, columns, natural

__all__ = ("TOOL",)

TOOL = Tool(
    name="forkexec",
    area=Area.PROCESSES,
    summary="Show who starts which program: a fork that is soon followed by an exec.",
    about="""A row for each process that runs a program within 10 milliseconds (or --ms) of having
been forked: the name of who forked it, and the new program's arguments, the first being the name
that it was called by. Only the first program counts, and only if it could be run. A server that
forks and goes on by itself is not shown, nor is a program that replaces its shell (exec). With
-p, -c and the like it is the forks of such processes.""",
    kernel="Linux 5.8 with BTF: the tracepoints sched_process_fork and sched_process_exec, raw.",
    user_engine=True,
    scripts=("forkexec",),
    rows=Rows(columns("comm args")),
    options=(
        Option("ms", "how soon after the fork (10 milliseconds)", metavar="MS", type=natural),
    ),
    example="""examples:
  seismo forkexec                           every program that a process starts, until Ctrl-C
  seismo forkexec --comm sshd               what logins start
  seismo forkexec --ms 1000 -T              up to a second after the fork, with the local time
  seismo forkexec --json                    the arguments as a list

    COMM => ARGS
    zsh => ssh localhost
    sshd => /usr/sbin/sshd -D -R
    sshd => -zsh
    zsh => vim
""",
)
