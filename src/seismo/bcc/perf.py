"""`bcc.perf`: perf events described in full, for `BPF.attach_perf_event_raw` or by themselves.

>>> attr = Perf.perf_event_attr()
>>> attr.type, attr.config, attr.sample_period = Perf.PERF_TYPE_SOFTWARE, 2, 1
"""

from __future__ import annotations

from contextlib import ExitStack

from seismo.bcc.machine import machine
from seismo.kernel.abi import PerfBit, PerfEventAttr
from seismo.kernel.fd import Fd
from seismo.kernel.proc import online_cpus

__all__ = ("Perf",)

_kept = ExitStack()
"""Events that nobody can close, as their descriptors are not handed out."""


class _Attr(PerfEventAttr):
    """`struct perf_event_attr`, with the other names of its members."""

    bits: int

    @property
    def sample_freq(self) -> int:
        """Samples a second, where `freq` is set: in the place of `sample_period`."""
        return int(self.sample_period)

    @sample_freq.setter
    def sample_freq(self, frequency: int) -> None:
        self.sample_period = frequency

    @property
    def freq(self) -> int:
        """Whether the rate is a frequency."""
        return int(bool(self.bits & PerfBit.FREQ))

    @freq.setter
    def freq(self, is_frequency: int) -> None:
        self.bits = self.bits & ~PerfBit.FREQ | (PerfBit.FREQ if is_frequency else 0)

    @property
    def inherit(self) -> int:
        """Whether processes pass the event on to those that they fork."""
        return int(bool(self.bits & PerfBit.INHERIT))

    @inherit.setter
    def inherit(self, passes: int) -> None:
        self.bits = self.bits & ~PerfBit.INHERIT | (PerfBit.INHERIT if passes else 0)


class Perf:
    """Names of `include/uapi/linux/perf_event.h`."""

    perf_event_attr = _Attr

    PERF_TYPE_HARDWARE = 0
    PERF_TYPE_SOFTWARE = 1
    PERF_TYPE_TRACEPOINT = 2
    PERF_TYPE_HW_CACHE = 3
    PERF_TYPE_RAW = 4
    PERF_TYPE_BREAKPOINT = 5

    PERF_SAMPLE_IP = 1 << 0
    PERF_SAMPLE_TID = 1 << 1
    PERF_SAMPLE_TIME = 1 << 2
    PERF_SAMPLE_ADDR = 1 << 3
    PERF_SAMPLE_CALLCHAIN = 1 << 5
    PERF_SAMPLE_CPU = 1 << 7
    PERF_SAMPLE_PERIOD = 1 << 8
    PERF_SAMPLE_RAW = 1 << 10

    PERF_COUNT_SW_CPU_CLOCK = 0
    PERF_COUNT_SW_TASK_CLOCK = 1
    PERF_COUNT_SW_PAGE_FAULTS = 2
    PERF_COUNT_SW_CONTEXT_SWITCHES = 3
    PERF_COUNT_SW_CPU_MIGRATIONS = 4
    PERF_COUNT_SW_BPF_OUTPUT = 10

    PERF_COUNT_HW_CPU_CYCLES = 0
    PERF_COUNT_HW_INSTRUCTIONS = 1
    PERF_COUNT_HW_CACHE_REFERENCES = 2
    PERF_COUNT_HW_CACHE_MISSES = 3
    PERF_COUNT_HW_BRANCH_INSTRUCTIONS = 4
    PERF_COUNT_HW_BRANCH_MISSES = 5
    PERF_COUNT_HW_BUS_CYCLES = 6

    @staticmethod
    def perf_custom_event_open(attr: PerfEventAttr, pid: int = -1) -> None:
        """Have an event on every CPU that is online until this process ends, of one process where
        `pid` is not -1: for what programs read by helpers, as `bpf_get_branch_snapshot`.

        Raises `SyscallError`.
        """
        kernel = machine().kernel
        with ExitStack() as opened:
            for cpu in online_cpus(kernel):
                number = kernel.perf_event_open(attr, pid, cpu)
                opened.enter_context(Fd(kernel, number, "perf event", f"of CPU {cpu}"))
            _kept.push(opened.pop_all())
