"""The machine that the numbers are from."""

from __future__ import annotations

import os
import platform
import time
from pathlib import Path

__all__ = ("cpu_model", "describe")


def describe(peer: str) -> str:
    """One line: processor, kernel, Python, `peer` (the other tool and its version), date."""
    model = cpu_model(Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace"))
    cores = os.cpu_count() or 1
    parts = [
        f"{model}, {cores} core{'s' if cores != 1 else ''}",
        f"Linux {platform.release()} {platform.machine()}",
        f"Python {platform.python_version()}",
        peer,
        time.strftime("%Y-%m-%d"),
    ]
    return "; ".join(parts)


def cpu_model(cpuinfo: str) -> str:
    """The processor as `/proc/cpuinfo` names it; `unknown CPU` where it does not (aarch64)."""
    for line in cpuinfo.splitlines():
        key, _, value = line.partition(":")
        if key.strip() == "model name":
            return " ".join(value.split())
    return "unknown CPU"
