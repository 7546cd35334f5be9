"""Stacks as a profile that speedscope (https://www.speedscope.app) shows.

The format is `src/lib/file-format-spec.ts` of speedscope: a `sampled` profile lists stacks as
numbers of frames, outermost first, and a weight for each.
"""

from __future__ import annotations

import json
from typing import Any

from seismo.output.folded import KERNEL, Stacks
from seismo.output.measures import symbol_of
from seismo.output.printable import printable

__all__ = ("speedscope_json",)

_SCHEMA = "https://www.speedscope.app/file-format-schema.json"
_UNITS = {
    "ns": "nanoseconds",
    "us": "microseconds",
    "ms": "milliseconds",
    "s": "seconds",
    "B": "bytes",
    "": "none",
}


def speedscope_json(stacks: Stacks, name: str, unit: str) -> str:
    """The file's text, the same for the same stacks; `unit` (see `measures`) is what weights count.

    Frames of the kernel are of the file `[kernel]`, which gives them a colour of their own.
    """
    numbers: dict[str, int] = {}
    samples = [
        ([numbers.setdefault(frame, len(numbers)) for frame in frames], weight)
        for frames, weight in sorted(stacks.items())
    ]
    profile = {
        "type": "sampled",
        "name": printable(name),
        "unit": _UNITS[symbol_of(unit)],
        "startValue": 0,
        "endValue": sum(stacks.values()),
        "samples": [numbered for numbered, _ in samples],
        "weights": [weight for _, weight in samples],
    }
    file = {
        "$schema": _SCHEMA,
        "name": printable(name),
        "exporter": "seismo",
        "activeProfileIndex": 0,
        "shared": {"frames": list(map(_frame, numbers))},
        "profiles": [profile],
    }
    return json.dumps(file, separators=(",", ":")) + "\n"


def _frame(frame: str) -> dict[str, Any]:
    if frame.endswith(KERNEL):
        return {"name": printable(frame.removesuffix(KERNEL)), "file": "[kernel]"}
    return {"name": printable(frame)}
