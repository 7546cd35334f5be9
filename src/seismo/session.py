"""`Session`: plan + kernel + sink = a run. Loads, attaches, decodes, drains, detaches, accounts.

>>> with Session(plan, kernel, tracefs, sink) as session:
...     session.start()
...     while not session.exit_requested:
...         session.poll(100)
...     session.finish()

Nothing of a run outlives the session: closing it closes every program, map and link. A script's
tests and benchmarks are a run of their own: `run_tests()` or `run_benches()`, and nothing else.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

from seismo.base.closing import Closing
from seismo.events.decode import Reading
from seismo.kernel.bpf import TestRun
from seismo.kernel.cgroups import open_cgroup
from seismo.kernel.protocol import Kernel
from seismo.kernel.tracefs import Tracefs
from seismo.objects.attach.table import attach as attach_live
from seismo.objects.load import load
from seismo.objects.map import Map
from seismo.objects.ringbuf import RingBuffer
from seismo.output.sink import Sink
from seismo.output.trial import TrialSink
from seismo.plan import Plan
from seismo.runtime.actions import Actions, MakeRender, Render, as_text
from seismo.runtime.attachments import Attach, Attachments
from seismo.runtime.losses import Losses, LossMeter
from seismo.runtime.maps import ScriptMaps
from seismo.runtime.resolve import LiveResolver
from seismo.runtime.rings import OrderedRings
from seismo.runtime.trials import Trials
from seismo.spec.types import IterAttach, SignalAttach

if TYPE_CHECKING:
    from seismo.runtime.packets import PacketFiles

__all__ = ("Losses", "Render", "Session", "as_text")

_AT_ONCE = 10_000
# A record is in work for as long as a program takes, or its virtual processor is kept waiting.
_UNFINISHED_SECONDS = 1.0
_PAUSE_SECONDS = 0.001


class Session(Closing):
    """One run of a plan; a context manager that owns every fd of it.

    `render` says how a printf becomes text. Where that is not for the kernel to do, `attach`
    attaches programs and `resolver`, which is the session's from here on, names things;
    `has_kernel_memory` tells whether programs can read any. What the programs produced is exactly
    `received`, which came through the events ring, and `losses().events`.
    """

    def __init__(
        self,
        plan: Plan,
        kernel: Kernel,
        tracefs: Tracefs,
        sink: Sink,
        *,
        render: MakeRender = as_text,
        attach: Attach | None = None,
        resolver: LiveResolver | None = None,
        has_kernel_memory: bool = True,
    ) -> None:
        self.exit_requested = False
        self.exit_code = 0
        self._plan = plan
        self._kernel = kernel
        self._sink = sink
        with ExitStack() as owned:
            self._resolver = resolver or LiveResolver.of(
                plan, kernel, demangles=plan.settings.cpp_demangle
            )
            owned.callback(self._resolver.close)
            self._reading = Reading(plan.settings.str_trunc_trailer, self._resolver)
            self._loaded = owned.enter_context(load(plan.object, kernel))
            if attach is None and any(one.prints for one in plan.object.programs):
                tracefs.keep_printed()
            maps = self._loaded.maps
            events = owned.enter_context(RingBuffer(maps[plan.events_map], kernel))
            control = owned.enter_context(RingBuffer(maps[plan.control_map], kernel))
            self._attachments = Attachments(
                plan,
                self._loaded.programs,
                kernel,
                attach or partial(attach_live, kernel=kernel, tracefs=tracefs),
            )
            owned.callback(self._attachments.close)
            self._packets = _packet_files(plan, maps, kernel)
            for one in self._packets:
                owned.callback(one.close)
            self._maps = ScriptMaps(plan.maps, maps, self._reading)
            self._meter = LossMeter(plan, maps, has_kernel_memory=has_kernel_memory)
            self._rings = OrderedRings(events, control, self._actions(sink, render))
            self._fill_maps()
            self._owned = owned.pop_all()

    @property
    def received(self) -> int:
        """How many records came through the events ring."""
        return self._rings.received

    def start(self) -> None:
        """Run BEGIN, then attach everything; what BEGIN printed comes with the next `drain`.

        An iterator goes over its objects at once, which is the whole run.
        """
        self._run_once(self._plan.begin)
        self._attachments.attach(self._sink)
        self._sink.attached(self._plan.probe_count)
        if any(isinstance(one.at, IterAttach) for one in self._plan.attachments):
            self._iterate()

    def poll(self, timeout_ms: int, *others: int) -> list[int]:
        """Wait for records, or for one of the fds `others`, and pass on the records there are.

        The fds that are ready; -1 as `timeout_ms` waits for ever.
        """
        maps = self._loaded.maps
        rings = [int(maps[name].fd) for name in (self._plan.events_map, self._plan.control_map)]
        packets = [fd for one in self._packets for fd in one.fds]
        ready = self._kernel.poll((*rings, *packets, *self._resolver.fds, *others), timeout_ms)
        self.drain()
        return ready

    def drain(self) -> int:
        """Pass on records that are in the rings, and how many they were; 0 when there are none.

        No more than some `_AT_ONCE` at a time: programs may be faster than the sink, and a signal
        must be heard.
        """
        self._resolver.drain()
        count = self._rings.consume(_AT_ONCE)
        for one in self._packets:
            one.consume()
        self._meter.report(self._sink)
        self._sink.flush()
        return count

    def drain_all(self) -> None:
        """Pass on records until there are none; for when nothing is attached any more.

        What a program does not finish in time is left, and told of at the end.
        """
        patience = time.monotonic() + _UNFINISHED_SECONDS
        while not self._rings.is_empty:
            if self.drain():
                patience = time.monotonic() + _UNFINISHED_SECONDS
            elif time.monotonic() < patience:
                time.sleep(_PAUSE_SECONDS)
            else:
                return
        self.drain()

    def finish(self) -> None:
        """Detach, run END, pass on what is left, print the maps, and say what was lost."""
        self._attachments.report_misses(self._sink)
        self._resolver.settle()
        self._attachments.detach()
        self.drain_all()
        self._run_once(self._plan.end)
        self.drain_all()
        self._meter.report(self._sink, is_due=True)
        self._sink.end()
        if self._plan.settings.print_maps_on_exit:
            self._maps.print_all(self._sink)
        self._sink.flush()
        self._finish_sink()

    def answer(self, name: str) -> None:
        """Do what the signal `name` (`SIGUSR1`) asks for: run the script's probes at it, or where
        it has none print every map that holds something."""
        at = SignalAttach(name)
        programs = [one.program for one in self._plan.attachments if one.at == at]
        if programs:
            self._run_once(programs)
        else:
            self.print_maps()

    def print_maps(self) -> None:
        """Print every map that holds something, now."""
        self.drain()
        self._maps.print_all(self._sink)
        self._sink.flush()

    def take_maps(self, names: Sequence[str]) -> None:
        """Print those of these maps that there are, even if they hold nothing, and clear them."""
        self.drain()
        for name in self._maps.known(names):
            self._maps.print_and_clear(name, self._sink)
        self._sink.flush()

    def run_tests(self) -> bool:
        """Run BEGIN, every test and END, and report on each test; whether all passed."""
        return self._run_trials(lambda trials: trials.run_tests(self._plan.tests, self._sink))

    def run_benches(self) -> bool:
        """Run BEGIN, every benchmark and END, and report the times; whether none failed."""
        return self._run_trials(lambda trials: trials.run_benches(self._plan.benches, self._sink))

    def losses(self) -> Losses:
        """The loss counters as they are now, summed over the CPUs."""
        return self._meter.read()

    def close(self) -> None:
        """Detach and close everything; a second time does nothing."""
        self._owned.close()

    def _iterate(self) -> None:
        from seismo.runtime.iteration import (  # noqa: PLC0415 (lazy: docs/architecture.md)
            iterate,
        )

        iterate(self._attachments.links, self.drain, lambda: self.exit_requested)
        self._request_exit(0)

    def _fill_maps(self) -> None:
        maps = self._loaded.maps
        for name, key, value in self._plan.presets:
            maps[name].put(key, value)
        for index, path in enumerate(self._plan.cgroups):
            with open_cgroup(self._kernel, path) as fd:
                maps[self._plan.cgroups_map].put(_word(index), _word(int(fd)))
        for name, rows in self._plan.tables:
            maps[name].put_many([(_word(index), row) for index, row in enumerate(rows)])

    def _run_once(self, programs: Sequence[str]) -> None:
        for name in programs:
            self._loaded.programs[name].test_run()

    def _actions(self, sink: Sink, render: MakeRender = as_text) -> Actions:
        return Actions(
            self._plan,
            self._maps,
            sink,
            self._reading,
            on_exit=self._request_exit,
            on_unwatch=self._attachments.unwatch,
            render=render,
        )

    def _request_exit(self, code: int) -> None:
        if not self.exit_requested:
            self.exit_requested, self.exit_code = True, code

    def _run_trials(self, run: Callable[[Trials], bool]) -> bool:
        self._run_once(self._plan.begin)
        self.drain_all()
        is_good = run(Trials(self._loaded.programs, self._perform))
        self._run_once(self._plan.end)
        self.drain_all()
        self._finish_sink()
        return is_good

    def _perform(self, run: Callable[[], TestRun], sink: TrialSink) -> tuple[TestRun, int]:
        """A trial's run, whose records and exit code are its own."""
        usual, self._rings.act = self._rings.act, self._actions(sink)
        self.exit_requested, self.exit_code = False, 0
        try:
            result = run()
            self.drain_all()
            return result, self.exit_code
        finally:
            self._rings.act = usual
            self.exit_requested, self.exit_code = False, 0

    def _finish_sink(self) -> None:
        self._meter.sum_up(self._sink)
        if self._rings.pending_bytes:
            self._sink.warning(
                f"{self._rings.pending_bytes} bytes of records are not shown: a program has not "
                "finished the first of them"
            )
        lost = sum(one.lost for one in self._packets)
        if lost:
            self._sink.warning(f"packets lost in all: {lost}")
        if self._resolver.trouble:
            self._sink.warning(self._resolver.trouble)
        self._sink.flush(is_last=True)


def _packet_files(plan: Plan, maps: Mapping[str, Map], kernel: Kernel) -> tuple[PacketFiles, ...]:
    """What writes the files that packets go to; none where there are none."""
    if not plan.packets:
        return ()
    from seismo.runtime.packets import (  # noqa: PLC0415 (lazy: docs/architecture.md)
        PacketFiles,
    )

    return (PacketFiles(plan.packets, maps[plan.packets_map], kernel),)


def _word(number: int) -> bytes:
    """A u32 as the kernel keeps it."""
    return number.to_bytes(4, sys.byteorder)
