"""perf events, continued: kprobes, uprobes, counters and breakpoints, each opened disabled.

Like `perf.py`, but needed only by scripts that attach so.
"""

from __future__ import annotations

from typing import Final

from seismo.kernel.abi import PerfEventAttr, PerfSample, PerfType
from seismo.kernel.fd import Fd
from seismo.kernel.perf import EVERYWHERE, Scope, open_event
from seismo.kernel.proc import pmu_field, pmu_type
from seismo.kernel.protocol import Kernel

__all__ = (
    "COUNTERS",
    "open_breakpoint",
    "open_counter",
    "open_kprobe",
    "open_kprobe_at",
    "open_uprobe",
)

_SOFTWARE: Final = (
    "cpu-clock",
    "task-clock",
    "page-faults",
    "context-switches",
    "cpu-migrations",
    "minor-faults",
    "major-faults",
    "alignment-faults",
    "emulation-faults",
    "dummy",
    "bpf-output",
)
_HARDWARE: Final = (
    "cpu-cycles",
    "instructions",
    "cache-references",
    "cache-misses",
    "branch-instructions",
    "branch-misses",
    "bus-cycles",
    "frontend-stalls",
    "backend-stalls",
    "ref-cycles",
)
COUNTERS: Final[dict[str, tuple[PerfType, int]]] = {
    **{name: (PerfType.SOFTWARE, number) for number, name in enumerate(_SOFTWARE)},
    **{name: (PerfType.HARDWARE, number) for number, name in enumerate(_HARDWARE)},
}
"""`attr.type` and `attr.config` by name: `enum perf_sw_ids` and `enum perf_hw_id`."""

# `include/uapi/linux/hw_breakpoint.h`
_BREAKPOINT_BITS: Final = {"r": 1, "w": 2, "x": 4}


def open_kprobe(
    kernel: Kernel, function: str, offset: int = 0, module: str = "", *, is_return: bool = False
) -> Fd:
    """A kernel function (of `module`, where that is given), `offset` bytes in, or its return.

    Since Linux 4.17.
    """
    symbol = f"{module}:{function}" if module else function
    attr = _probe(kernel, "kprobe", is_return=is_return)
    attr.config1, attr.config2 = symbol.encode(), offset
    return open_event(kernel, attr, EVERYWHERE, "kprobe", symbol)


def open_kprobe_at(kernel: Kernel, address: int, *, is_return: bool = False) -> Fd:
    """The kernel's instruction at `address`. Since Linux 4.17."""
    attr = _probe(kernel, "kprobe", is_return=is_return)
    attr.config2 = address
    return open_event(kernel, attr, EVERYWHERE, "kprobe", f"{address:#x}")


def open_uprobe(
    kernel: Kernel,
    path: str,
    offset: int,
    semaphore: int = 0,
    *,
    pid: int = 0,
    is_return: bool = False,
) -> Fd:
    """`offset` bytes into the file, wherever it is executed; in the process `pid` if not 0.

    `semaphore` is the file offset of a u16 that is incremented while somebody traces, which takes
    32 bits. Since Linux 4.17, `semaphore` since 4.20.
    """
    attr = _probe(kernel, "uprobe", is_return=is_return)
    attr.config1, attr.config2 = path.encode(), offset
    if semaphore:
        first, last = pmu_field(kernel, "uprobe", "ref_ctr_offset")
        if semaphore >> (last - first + 1):
            raise ValueError(f"semaphore offset {semaphore:#x} does not fit the kernel's field")
        attr.config |= semaphore << first
    scope = Scope(tid=pid) if pid else EVERYWHERE
    return open_event(kernel, attr, scope, "uprobe", f"{path}+{offset:#x}")


def open_counter(kernel: Kernel, event: str, period: int, scope: Scope) -> Fd:
    """Every `period` counts of one of `COUNTERS`; KeyError for another name.

    Since Linux 4.9 (programs on it), for a thread since 5.13.
    """
    type_, config = COUNTERS[event]
    attr = PerfEventAttr(type=type_, config=config, sample_period=period, bits=scope.bits)
    return open_event(kernel, attr, scope, "counter", event)


def open_breakpoint(kernel: Kernel, address: int, length: int, mode: str, scope: Scope) -> Fd:
    """Every access of `mode` (letters of `rwx`) to `length` bytes at `address`.

    Since Linux 4.9 (programs on it), for a thread since 5.13.
    """
    attr = PerfEventAttr(
        type=PerfType.BREAKPOINT,
        sample_period=1,
        bits=scope.bits,
        bp_type=sum(_BREAKPOINT_BITS[letter] for letter in set(mode)),
        config1=address,
        config2=length,
    )
    return open_event(kernel, attr, scope, "breakpoint", f"{address:#x}")


def _probe(kernel: Kernel, pmu: str, *, is_return: bool) -> PerfEventAttr:
    attr = PerfEventAttr(
        type=pmu_type(kernel, pmu),
        sample_period=1,
        sample_type=PerfSample.RAW,
        wakeup_events=1,
    )
    if is_return:
        bit, _ = pmu_field(kernel, pmu, "retprobe")
        attr.config = 1 << bit
    return attr
