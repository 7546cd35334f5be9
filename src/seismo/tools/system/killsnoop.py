"""`killsnoop`: who sends which signal to whom, and what came of it."""

from __future__ import annotations

import signal
from argparse import ArgumentTypeError

from seismo.tools.tool import Area, Column, Option, Rows, Tool, columns
from seismo.tools.words import errno_name, signal_name

__all__ = ("TOOL",)


def _signal_number(text: str) -> int:
    """15 of `SIGTERM`, `TERM` or `15`."""
    if text.isdecimal() and int(text) <= signal.SIGRTMAX:
        return int(text)
    name = f"SIG{text.upper().removeprefix('SIG')}"
    if name not in signal.Signals.__members__:
        raise ArgumentTypeError(f"'{text}' is not a signal: see `kill -l`")
    return signal.Signals[name].value


TOOL = Tool(
    name="killsnoop",
    area=Area.SYSTEM,
    summary="Show every system call that sends a signal: sender, signal, target, error.",
    about="""A row for each kill(2), tkill(2), tgkill(2), pidfd_send_signal(2), rt_sigqueueinfo(2)
and rt_tgsigqueueinfo(2) when it returns. TPID is the process that the signal is for, negative or
0 where kill(2) means a group of processes (-1: all); TTID the one thread of it that tkill(2) and
tgkill(2) mean, else 0. The system call tkill tells a thread alone, so its TPID is 0; so it is
where the descriptor of pidfd_send_signal(2) stood for no process. SIG0 is no signal: it asks
whether the process is there. Signals that the kernel sends by itself are not shown: seismo
signals counts them.""",
    kernel="Linux 5.8: the tracepoints of system calls; BTF, for processes behind descriptors.",
    user_engine=True,
    scripts=("killsnoop",),
    rows=Rows(
        (
            *columns("pid comm"),
            Column("signal", signal_name),
            *columns("tpid ttid"),
            Column("err", errno_name),
            Column("call"),
        )
    ),
    options=(
        Option("failed", "failed calls only", "-x"),
        Option("signal", "this signal only, by name or number", "-s", "SIGNAL", _signal_number),
        Option("target", "signals to process PID only", metavar="PID", type=int),
    ),
    example="""examples:
  seismo killsnoop                          every signal that is sent, until Ctrl-C
  seismo killsnoop -s KILL                  who kills for good
  seismo killsnoop --target 1234            who signals process 1234
  seismo killsnoop -x --with user           who tried in vain, with the user's name

    PID     COMM             SIGNAL       TPID    TTID    ERR      CALL
    4123    bash             SIGTERM      4130    0       -        kill
    4123    bash             SIGKILL      1       0       EPERM    kill
    4190    go               SIGURG       4190    4193    -        tgkill
""",
)
