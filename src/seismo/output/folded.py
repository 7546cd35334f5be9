"""Stacks with weights, and the folded form that tools for flame graphs read: a line a stack.

A frame is a name; behind the name may stand a mark of what kind of code it is, as those tools have
them: `vfs_read_[k]` is the kernel's.

>>> stacks = merged([(frames_of("\\n        read+4\\n        main+42\\n"), 2), (("main",), 1)])
>>> folded(stacks)
'main 1\\nmain;read 2\\n'
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TypeAlias

from seismo.output.printable import printable

__all__ = ("GENERATED", "KERNEL", "UNKNOWN", "Frames", "Stacks", "folded", "frames_of", "merged")

Frames: TypeAlias = tuple[str, ...]
"""The names of a stack, outermost first."""

Stacks: TypeAlias = Mapping[Frames, int]
"""How much each stack weighs: samples, nanoseconds, bytes."""

KERNEL, GENERATED = "_[k]", "_[j]"
"""Marks of frames of the kernel, and of code that a program made while it ran."""

UNKNOWN = "[unknown]"

_PERF_LINE = re.compile(r"\t[0-9a-f]+ (0x[0-9a-f]+|.*?\+\d+) \((.*)\)")
_OFFSET = re.compile(r"\+\d+$")
_ADDRESS = re.compile(r"0x[0-9a-f]+")
_PERF_MAP = re.compile(r"/perf-\d+\.map$")


def frames_of(text: str, mark: str = "") -> Frames:
    """The frames of a stack as `events.stack` writes it (innermost first), without offsets.

    An address that has no symbol is `[libc.so.6]` if the stack tells the file (mode `perf`), else
    `[unknown]`, so that stacks of several processes add up; the modes `raw` and `build_id` keep
    theirs. `mark` goes behind every name; without it code that a perf map names is `GENERATED`.
    """
    lines = filter(None, text.split("\n"))
    return tuple([_frame(line, mark) for line in lines])[::-1]


def merged(rows: Iterable[tuple[Frames, int]]) -> dict[Frames, int]:
    """The sum of the weights of each stack: rows that differed in offsets alone become one."""
    stacks: dict[Frames, int] = {}
    for frames, weight in rows:
        stacks[frames] = stacks.get(frames, 0) + weight
    return stacks


def folded(stacks: Stacks) -> str:
    """`outer;inner 12` a line, sorted; a stack without frames is `[unknown]`.

    A semicolon in a name becomes a colon, and what is not printable is escaped.
    """
    lines = [
        f"{';'.join(map(_folded_name, frames or (UNKNOWN,)))} {weight}\n"
        for frames, weight in stacks.items()
    ]
    return "".join(sorted(lines))


def _frame(line: str, mark: str) -> str:
    module = ""
    if of_perf := _PERF_LINE.fullmatch(line):
        line, module = of_perf.groups()
    name = _OFFSET.sub("", line.strip())
    if _ADDRESS.fullmatch(name):
        name = f"[{module.rpartition('/')[2].strip('[]')}]" if module else UNKNOWN
    return name + (mark or (GENERATED if _PERF_MAP.search(module) else ""))


def _folded_name(frame: str) -> str:
    return printable(frame).replace(";", ":")
