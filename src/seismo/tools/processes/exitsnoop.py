"""`exitsnoop`: which processes end, how, and after how long."""

from __future__ import annotations

from seismo.tools.tool import Area, Column, Option, Rows, Tool, columns
from seismo.tools.words import signal_name

__all__ = ("TOOL",)


def _killer(number: int) -> str | None:
    return signal_name(number) if number else None


def _core(is_dumped: int) -> str | None:
    return "dumped" if is_dumped else None


TOOL = Tool(
    name="exitsnoop",
    area=Area.PROCESSES,
    summary="Show every process that ends: its age, exit code or signal.",
    about="""A row for each process when the last of its threads ends. AGE_MS is how long it was
there, in milliseconds, EXIT_CODE what its parent is told, and SIGNAL what killed it: the exit
code is then 128 and the signal's number, as a shell has it. CORE says whether a core was dumped.
With --per-thread it is a row for each thread: TID, and what the thread itself ended with. A
process that replaces its program (execve) does not end.""",
    kernel="Linux 5.8 with BTF: the tracepoint sched_process_exit, raw.",
    user_engine=True,
    scripts=("exitsnoop",),
    rows=Rows(
        (
            *columns("pcomm pid ppid tid age_ms exit_code"),
            Column("signal", _killer),
            Column("core", _core),
        )
    ),
    options=(
        Option("failed", "only what did not end with exit code 0", "-x"),
        Option("per_thread", "a row for each thread"),
    ),
    example="""examples:
  seismo exitsnoop                          every process that ends, until Ctrl-C
  seismo exitsnoop -x -T                    those that fail or are killed, with the local time
  seismo exitsnoop -c 'make -j8'            a command and all that it starts
  seismo exitsnoop --per-thread -p 1234     the threads of a process

    PCOMM            PID     PPID    TID     AGE_MS     EXIT_CODE SIGNAL     CORE
    true             4187    4123    4187    1          0         -          -
    sleep            4188    4123    4188    2004       137       SIGKILL    -
    app              4190    1       4190    91         139       SIGSEGV    dumped
""",
)
