"""The perf event that tells what processes map, start, become and end: the kernel's side band.

The event counts nothing (`PERF_COUNT_SW_DUMMY`); asked to, the kernel writes a record into its ring
for every executable mapping, exec, fork and exit on its CPU. (perf_event_open(2))
"""

from __future__ import annotations

import time
from typing import Final

from seismo.base.enum import IntEnum
from seismo.kernel.abi import PerfBit, PerfEventAttr, PerfType
from seismo.kernel.fd import Fd
from seismo.kernel.protocol import Kernel

__all__ = ("COMM_IS_EXEC", "SidebandRecord", "open_sideband")

COMM_IS_EXEC: Final = 1 << 13
"""PERF_RECORD_MISC_COMM_EXEC: the name changed because of execve(2)."""

_EVERY_PROCESS = -1
_SOFTWARE_DUMMY = 9
_SAMPLE_TIME = 1 << 2


class SidebandRecord(IntEnum):
    """`perf_event_header.type` of the records that such an event writes."""

    LOST = 2
    COMM = 3
    EXIT = 4
    FORK = 7
    MMAP2 = 10


class _Bit(IntEnum):
    """The bit field of `struct perf_event_attr`, as far as it is about the side band."""

    EXCLUDE_KERNEL = 1 << 5
    MMAP = 1 << 8
    COMM = 1 << 9
    TASK = 1 << 13
    SAMPLE_ID_ALL = 1 << 18
    MMAP2 = 1 << 23
    COMM_EXEC = 1 << 24
    USE_CLOCKID = 1 << 25


def open_sideband(kernel: Kernel, cpu: int, watermark_bytes: int) -> Fd:
    """The side band of `cpu`, for all processes; poll wakes when that many bytes are unread.

    Every record ends with its time, a u64 of ns by CLOCK_MONOTONIC: one clock for all CPUs. Needs
    CAP_PERFMON or kernel.perf_event_paranoid below 1. Since Linux 4.1 (`use_clockid`).
    """
    attr = PerfEventAttr(
        type=PerfType.SOFTWARE,
        config=_SOFTWARE_DUMMY,
        sample_type=_SAMPLE_TIME,
        bits=PerfBit.DISABLED | PerfBit.WATERMARK | sum(_Bit),
        # In a union with wakeup_watermark, which WATERMARK makes of it.
        wakeup_events=watermark_bytes,
        clockid=time.CLOCK_MONOTONIC,
    )
    fd = kernel.perf_event_open(attr, _EVERY_PROCESS, cpu)
    return Fd(kernel, fd, "perf event", f"side band of cpu {cpu}")
