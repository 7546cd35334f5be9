"""What people write for a place to trace: as in BCC's tools, or as in a script.

| written | is |
|---|---|
| `vfs_read`, `::vfs_read`, `p::vfs_read`, `vfs_*` | a kernel function |
| `vfs_read+0x12`, `c:malloc+4` | an instruction of a function |
| `c:malloc`, `p:c:malloc`, `/bin/bash:readline` | a function of a library or a program |
| `r::vfs_read`, `r:c:malloc` | its return |
| `t:sched:sched_switch` | a tracepoint |
| `u:python3:function__entry`, `u:FILE:PROVIDER:PROBE` | a static probe (USDT) |
| `kprobe:vfs_read`, `uprobe:libc:malloc`, … | what a script would say |
"""

from __future__ import annotations

import argparse
import shutil

from seismo.base.dataclass import dataclass
from seismo.tools.tool import Option

__all__ = ("PLACE", "Place", "place_name", "place_of")

_RETURNS = {"kprobe": "kretprobe", "uprobe": "uretprobe", "fentry": "fexit"}
_ENTRIES = {exit: entry for entry, exit in _RETURNS.items()}
_OTHERS = ("tracepoint", "rawtracepoint", "usdt", "profile", "software", "hardware", "interval")


@dataclass(frozen=True, slots=True)
class Place:
    """An attach point of the language, apart from its kind."""

    kind: str
    target: str

    @property
    def probe(self) -> str:
        return f"{self.kind}:{self.target}"

    @property
    def is_return(self) -> bool:
        return self.kind in _ENTRIES

    @property
    def is_function(self) -> bool:
        return self.kind in _RETURNS or self.is_return

    @property
    def entry(self) -> str:
        """The probe where the function begins."""
        return f"{_ENTRIES.get(self.kind, self.kind)}:{self.target}"

    @property
    def exit(self) -> str:
        """The probe where it returns."""
        return f"{_RETURNS.get(self.kind, self.kind)}:{self.target}"


def place_of(text: str) -> Place:
    """What `text` means; ArgumentTypeError where it means nothing."""
    head, _, rest = text.partition(":")
    if not text or any(part.isspace() for part in text):
        raise argparse.ArgumentTypeError(f"'{text}' is no place to trace: e.g. vfs_read, c:malloc")
    if head in _RETURNS or head in _ENTRIES or head in _OTHERS:
        return Place(head, rest)
    match text.split(":"):
        case ["t", category, event] if category and event:
            return Place("tracepoint", rest)
        case ["u", file, *names] if file and all(names) and len(names) in (1, 2):
            return Place("usdt", ":".join([_file(file), *names]))
        case ["p" | "r" | "" as kind, *library, function] if len(library) < 2:
            return _function("".join(library), function, is_return=kind == "r")
        case [library, function] if library not in ("t", "u"):
            return _function(library, function, is_return=False)
        case [function]:
            return _function("", function, is_return=False)
        case _:
            hint = "[[p|r]:][LIBRARY:]FUNCTION, t:CATEGORY:EVENT, u:FILE:PROBE"
            raise argparse.ArgumentTypeError(f"'{text}' is no place to trace: it is none of {hint}")


def place_name(probe: str) -> str:
    """What a probe is about: `vfs_read`, `malloc`, `sched:sched_switch`."""
    kind, _, target = probe.partition(":")
    return target if kind in _OTHERS else target.rpartition(":")[2]


def _function(library: str, function: str, *, is_return: bool) -> Place:
    if not function:
        raise argparse.ArgumentTypeError("the function has no name")
    place = (
        Place("uprobe", f"{_file(library)}:{function}") if library else Place("kprobe", function)
    )
    return Place(_RETURNS[place.kind], place.target) if is_return else place


def _file(name: str) -> str:
    """`c` is libc, unless there is a program of that name: a script finds both by their names."""
    if "/" in name or name.startswith("lib") or shutil.which(name):
        return name
    return f"lib{name}"


PLACE = Option(
    "place",
    "what to count: vfs_*, c:malloc, t:sched:*, u:FILE:PROBE, or a probe of a script",
    metavar="PLACE",
    type=place_of,
    is_positional=True,
    is_required=True,
)
"""The argument of the tools that count."""
