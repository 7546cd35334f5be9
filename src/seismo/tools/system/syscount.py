"""`syscount`: which system calls are made, how often, and how long they take."""

from __future__ import annotations

import argparse

from seismo.tools.tool import Area, Column, Option, Table, Tool, columns
from seismo.tools.words import errno_number

__all__ = ("TOOL",)

_NAME, _PROCESS = columns("syscall"), columns("pid comm")
_COUNT, _TIME = Column("count"), Column("ns")
_TOP = 10


def _error(text: str) -> int:
    try:
        return errno_number(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


TOOL = Tool(
    name="syscount",
    area=Area.SYSTEM,
    summary="Count system calls by name or by process, with their errors and times.",
    about="""The ten system calls that are made most often, or with -P the ten processes that make
the most; --top shows more. Calls are counted when they begin. With -x or -e only those that fail
are, and with -L those that began and ended while this ran: NS is how many nanoseconds they took in
all, waiting included. System calls of 32-bit programs are counted under the names of 64-bit ones
that have their numbers.""",
    kernel="Linux 5.8: the tracepoints of all system calls.",
    user_engine=True,
    scripts=("syscount",),
    reports=(
        Table(_NAME, (("@by_name", _COUNT),), _TOP),
        Table(_PROCESS, (("@by_process", _COUNT),), _TOP),
        Table(_NAME, (("@timed_by_name", _COUNT), ("@ns_by_name", _TIME)), _TOP),
        Table(_PROCESS, (("@timed_by_process", _COUNT), ("@ns_by_process", _TIME)), _TOP),
    ),
    options=(
        Option("process", "by process, not by name", "-P"),
        Option("latency", "with the time that the calls took", "-L"),
        Option("failed", "only calls that fail", "-x"),
        Option("errno", "only calls that fail with this error, such as EPERM", "-e", "ERROR",
               type=_error),
    ),
    example="""examples:
  seismo syscount --duration 10             the ten most frequent calls of ten seconds
  seismo syscount -P -i 1                   every second, the processes that make the most
  seismo syscount -L -p 1234                what process 1234 spends its time in
  seismo syscount -e ENOENT -c 'make'       which calls of a build do not find their file

    SYSCALL     COUNT
    read          912
    openat        211
    newfstatat    180
""",
)  # fmt: skip
