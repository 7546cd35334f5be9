"""`funccount`: how often functions, tracepoints or static probes are met."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seismo.tools.analysis.places import PLACE, place_name, place_of
from seismo.tools.tool import Area, Column, Table, Tool

__all__ = ("TOOL",)


def _make(given: Mapping[str, Any]) -> tuple[str, ...]:
    return (f"{given['place'].probe} {{ @calls[probe] = count(); }}\n",)


TOOL = Tool(
    name="funccount",
    area=Area.ANALYSIS,
    summary="Count calls of functions, tracepoints and static probes.",
    about="""Counts in the kernel how often each place that fits the pattern was met; a * stands for
anything. Many places are traced by one program where the kernel can attach it to many. What was
never met is not shown.""",
    kernel="Linux 5.8; kernel functions need kprobes (CONFIG_KPROBES) or BPF trampolines.",
    user_engine=True,
    reports=(Table((Column("place", place_name),), (("@calls", Column("calls")),)),),
    options=(PLACE,),
    make=_make,
    usual={"place": place_of("t:sched:sched_switch")},
    example="""examples:
  seismo funccount 'vfs_*'                      functions of the kernel
  seismo funccount -i 1 -p 1234 c:malloc        a function of libc in a process, every second
  seismo funccount --top 5 't:syscalls:sys_enter_*' -c 'ls /'
""",
)
