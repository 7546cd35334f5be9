"""`profile`: what the CPUs run, sampled."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from typing import Any

from seismo.tools.tool import Area, Column, Option, Stacks, Tool, columns

__all__ = ("TOOL",)

_SCRIPT = os.path.join(os.path.dirname(__file__), "profile.bt")
_SWITCHES = ("user", "kernel", "idle", "threads")
_MOST_HZ = 10_000  # ten times as many leave a machine no time for anything else


def _scripts(given: Mapping[str, Any]) -> tuple[str, ...]:
    """The script with its timer set, which no `getopt` can do, and so with its switches, too."""
    with open(_SCRIPT, encoding="utf-8") as file:
        text = file.read()
    if given["frequency"] is not None:
        text = text.replace("profile:hz:99", f"profile:hz:{given['frequency']}")
    for name in _SWITCHES:
        if given[name]:
            text = text.replace(f'getopt("{name}", false', f'getopt("{name}", true')
    return (text,)


def _frequency(text: str) -> int:
    """Samples a second, of the command line."""
    if not text.isdecimal() or not 0 < int(text) <= _MOST_HZ:
        raise argparse.ArgumentTypeError(f"'{text}' is no frequency from 1 to {_MOST_HZ}")
    return int(text)


TOOL = Tool(
    name="profile",
    area=Area.CPU,
    summary="Sample what runs on every CPU, by stack: flame graphs of where time goes.",
    about="""Every CPU is looked at 99 times a second (--frequency): which task runs there, and with
which stacks of the kernel and of its program. How many samples have a stack says how much of the
time is spent there. Idle CPUs are left out (--idle). Stacks of programs follow frame pointers: what
is compiled without them has stacks that end early. What the kernel does with interrupts disabled is
found where it enables them.""",
    kernel="Linux 5.8.",
    make=_scripts,
    reports=(
        Stacks(
            "@samples",
            (
                *columns("comm pid"),
                Column("kstack", is_stack=True),
                Column("ustack", is_stack=True),
            ),
            "samples",
        ),
    ),
    options=(
        Option("frequency", "samples a second on each CPU (99)", "-F", "HZ", _frequency),
        Option("user", "stacks of the program only", "-U"),
        Option("kernel", "stacks of the kernel only", "-K"),
        Option("idle", "idle CPUs, too", "-I"),
        Option("threads", "each thread by itself: pid is the thread's id", "-L"),
    ),
    example="""examples:
  seismo profile --duration 10            the whole machine, for ten seconds
  seismo profile -p 1234 --flame on.svg   a flame graph of process 1234, until Ctrl-C
  seismo profile -F 997 -U -c './server --once'
                                          what a command's code does, 997 samples a second
  seismo profile -K --top 5               the five stacks of the kernel with the most samples

      burn+21
      main+63
      comm = burner, pid = 4711, 297 samples
""",
)
