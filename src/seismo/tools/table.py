"""The list of all tools, by what they are about; `find_tool` imports the one that is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module

from seismo.tools.tool import Area, Tool

__all__ = ("NAMES", "TOOLS", "find_tool", "tools_of")

TOOLS: dict[Area, tuple[str, ...]] = {
    Area.NETWORK: (
        *("gethostlatency", "sslsnoop", "tcpaccept", "tcpconnect"),
        *("tcpdrop", "tcplife", "tcpretrans", "tcpsynbl"),
    ),
    Area.SECURITY: ("capable", "oomkill", "setuids"),
    Area.SYSTEM: (
        *("bashreadline", "killsnoop", "mountsnoop", "naptime", "opensnoop", "pidpersec"),
        *("signals", "statsnoop", "swapin", "syncsnoop", "syscount", "threadsnoop"),
    ),
    Area.FILES: (
        *("biolatency", "biosnoop", "biostacks", "bitesize", "dcsnoop", "ext4dist", "filelife"),
        *("fileslower", "filetop", "mdflush", "vfscount", "vfsstat", "writeback", "xfsdist"),
    ),
    Area.CPU: (
        *("cpudist", "cpuwalk", "loads", "offcputime", "profile"),
        *("runqlat", "runqlen", "runqslower"),
    ),
    Area.PROCESSES: ("execsnoop", "exitsnoop", "forkexec", "nstrace", "ptracesnoop"),
    Area.ANALYSIS: (
        *("argdist", "funccount", "funclatency", "locklatency", "memleak", "stackcount", "trace"),
    ),
}
"""Each is the module of its name in its area's folder, where the record is called `TOOL`."""

NAMES = frozenset(name for names in TOOLS.values() for name in names)


def find_tool(name: str) -> Tool:
    """The tool of this name, which is one of `NAMES`."""
    area = next(area for area, names in TOOLS.items() if name in names)
    tool = import_module(f"seismo.tools.{area.value}.{name}").TOOL
    assert isinstance(tool, Tool)
    return tool


def tools_of(area: Area) -> Iterator[Tool]:
    """The tools of an area, by name."""
    return map(find_tool, TOOLS[area])
