"""`stackcount`: on which ways a place is reached."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seismo.tools.analysis.places import PLACE, place_of
from seismo.tools.tool import Area, Column, Option, Stacks, Tool

__all__ = ("TOOL",)

_KERNEL, _USER = Column("kstack", is_stack=True), Column("ustack", is_stack=True)
_WHO = (Column("pid"), Column("comm"))
_KEYS = {"kernel": (_KERNEL,), "user": (_USER,), "both": (_KERNEL, _USER)}


def _make(given: Mapping[str, Any]) -> tuple[str, ...]:
    wants_one = given.get("user") != given.get("kernel")
    which = ("user" if given.get("user") else "kernel") if wants_one else "both"
    keys = [one.name for one in _KEYS[which]]
    if given.get("per_process"):
        which, keys = f"{which}_of", ["pid", "comm", *keys]
    return (f"{given['place'].probe} {{ @{which}[{', '.join(keys)}] = count(); }}\n",)


TOOL = Tool(
    name="stackcount",
    area=Area.ANALYSIS,
    summary="Count the stacks that lead to functions, tracepoints or static probes.",
    about="""Each way on which a place was reached: the kernel's stack and the user's, innermost
first, with how often. A flame graph of it (`--flame`) shows who causes what. User stacks are walked
by frame pointers: programs that were compiled without have short ones.""",
    kernel="Linux 5.8; kernel functions need kprobes (CONFIG_KPROBES) or BPF trampolines.",
    reports=(
        *(Stacks(f"@{name}", keys, "times") for name, keys in _KEYS.items()),
        *(Stacks(f"@{name}_of", (*_WHO, *keys), "times") for name, keys in _KEYS.items()),
    ),
    options=(
        PLACE,
        Option("user", "stacks of user space only", "-U"),
        Option("kernel", "stacks of the kernel only", "-K"),
        Option("per_process", "each process for itself", "-P"),
    ),
    make=_make,
    usual={"place": place_of("t:sched:sched_switch")},
    example="""examples:
  seismo stackcount submit_bio                          who starts I/O
  seismo stackcount -U c:malloc -p 1234 --flame m.svg   who allocates, as a flame graph
  seismo stackcount -KP t:sched:sched_switch -c 'make'
""",
)
