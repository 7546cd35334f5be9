"""What a file may say: values of the right kind, within what a kernel has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from seismo.probes.format import TracepointFormat

__all__ = ("MOST_CPUS", "check_format", "fits", "number", "numbers", "text")

MOST_CPUS = 8192
"""As many as kernels are built for: arch/x86/Kconfig, NR_CPUS_RANGE_END."""

_MOST_RECORD_BYTES = 8192  # include/linux/trace_events.h: PERF_MAX_TRACE_SIZE
_U64 = 1 << 64


def number(line: Mapping[str, Any], name: str, below: int = _U64) -> int:
    """A number from 0 on; ValueError."""
    value = line[name]
    if type(value) is not int or not 0 <= value < below:
        raise ValueError(f"{name} must be a number from 0 to {below - 1}")
    return value


def text(line: Mapping[str, Any], name: str) -> str:
    """Text; ValueError."""
    value = line[name]
    if not isinstance(value, str):
        raise ValueError(f"{name} must be text")
    return value


def numbers(line: Mapping[str, Any], name: str) -> tuple[int, ...]:
    """A list of addresses, empty where there is none; ValueError."""
    values = line.get(name, [])
    if not isinstance(values, list) or not all(type(one) is int for one in values):
        raise ValueError(f"{name} must be a list of numbers")
    return tuple(values)


def fits(values: Iterable[object]) -> bool:
    """Whether the numbers among these have 64 bits at most."""
    return all(-_U64 // 2 <= one < _U64 for one in values if isinstance(one, int))


def check_format(told: TracepointFormat) -> None:
    """ValueError for a tracepoint whose record no kernel would make."""
    for one in told.fields:
        if one.offset < 0 or one.size < 0 or one.offset + one.size > _MOST_RECORD_BYTES:
            raise ValueError(
                f"{one.name} is outside of a record, which has {_MOST_RECORD_BYTES} bytes at most"
            )
