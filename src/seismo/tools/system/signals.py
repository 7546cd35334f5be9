"""`signals`: which signals there are, from whom and for whom."""

from __future__ import annotations

from seismo.tools.tool import Area, Column, Option, Rows, Table, Tool, columns
from seismo.tools.words import signal_name

__all__ = ("TOOL",)

# include/uapi/asm-generic/siginfo.h; what else there is depends on the signal
_CODES = {
    128: "SI_KERNEL",
    0: "SI_USER",
    -1: "SI_QUEUE",
    -2: "SI_TIMER",
    -3: "SI_MESGQ",
    -4: "SI_ASYNCIO",
    -5: "SI_SIGIO",
    -6: "SI_TKILL",
}
_RESULTS = ("made", "ignored", "pending", "overflow", "lost info")  # include/trace/events/signal.h


def _code_name(number: int) -> str:
    return _CODES.get(number, str(number))


def _result_name(number: int) -> str:
    return _RESULTS[number]


_ENDS = (
    Column("signal", signal_name),
    *columns("pid comm tpid tcomm"),
)

TOOL = Tool(
    name="signals",
    area=Area.SYSTEM,
    summary="Count signals by what they are, who sends them, and for whom.",
    about="""How often each signal was made for a process (TPID and TCOMM, a thread's name where
it is for a thread), by a process (PID and COMM) or by the kernel (PID 0: faults, timers, the
terminal). DROPPED is how many of them had no effect, because the target ignores them or has the
same one pending. --rows shows each by itself: CODE is why it came, as in siginfo_t, and RESULT
what became of it. With -p, -c and the like it is signals from or to such processes. System calls
that fail send nothing: seismo killsnoop shows those.""",
    kernel="Linux 5.8 with BTF: the tracepoint signal_generate, raw.",
    scripts=("signals",),
    rows=Rows(
        (
            *columns("pid comm"),
            Column("signal", signal_name),
            *columns("tpid tcomm"),
            Column("code", _code_name),
            Column("result", _result_name),
        ),
        is_current=False,
    ),
    reports=(Table(_ENDS, (("@count", Column("count")), ("@dropped", Column("dropped")))),),
    options=(Option("rows", "a row for each signal instead of counts"),),
    example="""examples:
  seismo signals                            counts of all signals, at Ctrl-C
  seismo signals -i 5 --top 10              the ten commonest of every five seconds
  seismo signals -c 'make -j8'              signals from and to a build
  seismo signals --rows -T                  each as it comes, with the local time

    SIGNAL   PID   COMM  TPID  TCOMM  COUNT  DROPPED
    SIGCHLD  4130  cc    4123  make      12        0
    SIGALRM     0  kernel  611  cron      1        0
""",
)
