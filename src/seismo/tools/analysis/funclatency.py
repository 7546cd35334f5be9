"""`funclatency`: how long functions take."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from seismo.tools.analysis.places import Place, place_name, place_of
from seismo.tools.tool import Area, Column, Histograms, Option, Table, Tool, natural

__all__ = ("TOOL",)

_UNITS = {"nsecs": 1, "usecs": 1_000, "msecs": 1_000_000}
_FUNCTION = (Column("function", place_name),)

# A function may call itself, and one that is traced another that is: each return is of the
# innermost call. A call that began before the tracing is not counted.
_SCRIPT = """{entry}
{{
    @depth[tid]++;
    @start[tid, @depth[tid]] = nsecs;
}}

{exit}
/has_key(@depth, tid)/
{{
    $ns = nsecs - @start[tid, @depth[tid]];
    delete(@start, (tid, @depth[tid]));
    if (@depth[tid] == 1) {{
        delete(@depth, tid);
    }} else {{
        @depth[tid]--;
    }}
    if ($ns >= {least}) {{
        @{unit}[probe] = hist($ns / {divisor});
        @calls[probe] = count();
        @total[probe] = sum($ns);
        @average[probe] = avg($ns);
        @longest[probe] = max($ns);
    }}
}}

END
{{
    clear(@depth);
    clear(@start);
}}
"""


def _make(given: Mapping[str, Any]) -> tuple[str, ...]:
    place: Place = given["place"]
    unit = given.get("unit") or "usecs"
    least = int(given.get("least") or 0) * 1_000
    return (
        _SCRIPT.format(
            entry=place.entry, exit=place.exit, unit=unit, divisor=_UNITS[unit], least=least
        ),
    )


def _function(text: str) -> Place:
    place = place_of(text)
    if not place.is_function:
        raise argparse.ArgumentTypeError(f"'{text}' is not a function: only these return")
    return place


TOOL = Tool(
    name="funclatency",
    area=Area.ANALYSIS,
    summary="Show how long functions take, as histograms.",
    about="""The time from a function's call to its return, in the kernel or in user space, as a
histogram for each function, with the number of calls, the total, the average and the longest below
it (in ns). Time that the function sleeps counts. Calls within calls are measured each for itself. A
call that had begun before, or has not returned when tracing ends, is not counted.""",
    kernel="Linux 5.8; kernel functions need kprobes (CONFIG_KPROBES) or BPF trampolines.",
    reports=(
        *(Histograms(f"@{unit}", unit, _FUNCTION) for unit in _UNITS),
        Table(
            _FUNCTION,
            (
                ("@calls", Column("calls")),
                ("@total", Column("total_ns")),
                ("@average", Column("average_ns")),
                ("@longest", Column("longest_ns")),
            ),
        ),
    ),
    options=(
        Option(
            "place",
            "the function: vfs_read, c:getaddrinfo, /path/to/program:function; * for many",
            metavar="FUNCTION",
            type=_function,
            is_positional=True,
            is_required=True,
        ),
        Option("unit", "of the histograms: usecs", "-m", "UNIT", choices=tuple(_UNITS)),
        Option("least", "leave out calls shorter than so many us", metavar="US", type=natural),
    ),
    make=_make,
    usual={"place": place_of("c:getaddrinfo")},
    example="""examples:
  seismo funclatency vfs_read                  a function of the kernel
  seismo funclatency c:getaddrinfo -p 1234     a function of libc in a process
  seismo funclatency 'vfs_*' --unit nsecs -i 1 several, every second
""",
)
