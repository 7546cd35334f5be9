"""`PerfEventArray`: perf buffers, and counters that programs read."""

from __future__ import annotations

from contextlib import ExitStack

from seismo.bcc.table.array import ArrayTable
from seismo.bcc.table.events import EventTable
from seismo.bcc.table.inbox import Callback
from seismo.bcc.table.perf_reader import LostCallback, PerfOptions, PerfReader
from seismo.kernel import perf
from seismo.kernel.abi import PerfEventAttr
from seismo.kernel.proc import online_cpus

__all__ = ("PerfEventArray",)

_NEVER = (1 << 63) - 1


class PerfEventArray(EventTable, ArrayTable):
    """`BPF_PERF_OUTPUT` (since Linux 4.4) and `BPF_PERF_ARRAY` (since 4.3); an index is a CPU."""

    _opening = "open_perf_buffer"

    def open_perf_buffer(
        self,
        callback: Callback | None,
        page_cnt: int = 8,
        lost_cb: LostCallback | None = None,
        wakeup_events: int = 1,
    ) -> None:
        """Have `BPF.perf_buffer_poll` call `callback(cpu, data, size)` for each record, of which
        `event(data)` makes an object; without a callback `arrays` and `read_async` take them.

        Each CPU has `page_cnt` pages, a power of two (else `BadSpec`); so many `wakeup_events` wake
        the poll. `lost_cb(count)` is told of records that found no room; without it that is said on
        stderr. A second call takes the place of the first.
        """
        options = PerfOptions(page_cnt, lost_cb, wakeup_events)
        reader = PerfReader(self.bpf.kernel, self.map, callback, options)
        self._opened(reader)
        self.bpf.open_perf_reader(self.name, reader)

    def open_perf_event(self, typ: int, config: int, pid: int = -1) -> None:
        """Open a counter on every CPU for `perf_read` and `perf_counter_value`; with `pid` it
        counts only what that process does. `perf_event_attr.type` and `.config` say what it is of.
        """
        kernel = self.bpf.kernel
        with ExitStack() as owned:
            for cpu in online_cpus(kernel):
                attr = PerfEventAttr(type=typ, config=config, sample_period=_NEVER)
                scope = perf.Scope(cpu, pid)
                event = perf.open_event(kernel, attr, scope, "counter", self.name)
                owned.enter_context(event)
                self[cpu] = int(event)
                perf.enable(kernel, event)
            self.bpf.keep_open(owned.pop_all())
