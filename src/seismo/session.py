"""`Session`: plan + kernel + sink = a run. Loads, attaches, decodes, drains, detaches, accounts.

>>> with Session(plan, kernel, tracefs, sink) as session:
...     session.start()
...     while not session.exit_requested:
...         session.poll(100)
...     session.finish()

Nothing of a run outlives the session: closing it closes every program, map and link.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from operator import attrgetter
from types import TracebackType
from typing import Any, Self, TypeAlias

from seismo.base.dataclass import dataclass
from seismo.base.layout import U32, Layout
from seismo.events.aggregate import MapReader
from seismo.events.decode import DecodeError, decoder, layout_decoder
from seismo.events.formatter import Formatter
from seismo.events.kinds import Action, EventLayout
from seismo.events.value import Row, Value
from seismo.kernel.protocol import Kernel
from seismo.kernel.tracefs import Tracefs
from seismo.objects.attach.table import attach
from seismo.objects.link import Link, detach_all
from seismo.objects.load import load
from seismo.objects.ringbuf import RingBuffer
from seismo.output.sink import Sink
from seismo.plan import Plan

__all__ = ("Losses", "Render", "Session", "as_text")

Render: TypeAlias = Callable[[Sequence[Value]], str]
"""What makes a printf's text of its arguments."""

_REPORT_SECONDS = 1.0
_AT_ONCE = 10_000

_Record: TypeAlias = "bytes | memoryview"


@dataclass(frozen=True, slots=True)
class Losses:
    """What the programs could not report, by the kernel's own counters since the start.

    `events` and `control`: records for which a ring had no room. `map_full`: updates refused by a
    full map. `string_faults`: strings whose memory could not be read, shown as "".
    """

    events: int
    control: int
    map_full: int
    string_faults: int


def as_text(event: EventLayout) -> Render:
    """A printf as its format says."""
    types = [field.type for field in event.layout.fields[1:]]
    return Formatter(event.text, types).render


class Session:
    """One run of a plan; a context manager that owns every fd of it.

    `render` says how a printf becomes text. `received` counts the records that came through the
    events ring: what the programs produced is exactly `received` + `losses().events`.
    """

    def __init__(
        self,
        plan: Plan,
        kernel: Kernel,
        tracefs: Tracefs,
        sink: Sink,
        *,
        render: Callable[[EventLayout], Render] = as_text,
    ) -> None:
        self.exit_requested = False
        self.exit_code = 0
        self.received = 0
        self._plan = plan
        self._kernel = kernel
        self._tracefs = tracefs
        self._sink = sink
        self._reported = 0
        self._next_report = 0.0
        self._decode_id = layout_decoder(Layout.of("record", [("id", U32)]))
        self._actions = {
            number: self._action(event, render) for number, event in plan.events.items()
        }
        self._readers = {view.name: MapReader(view) for view in plan.maps}
        self._views = {view.name: view for view in plan.maps}
        self._links: list[Link] = []
        with ExitStack() as owned:
            self._loaded = owned.enter_context(load(plan.object, kernel))
            maps = self._loaded.maps
            self._events = owned.enter_context(RingBuffer(maps[plan.events_map], kernel))
            self._control = owned.enter_context(RingBuffer(maps[plan.control_map], kernel))
            owned.callback(self._close_links)
            self._owned = owned.pop_all()

    def start(self) -> None:
        """Run BEGIN, then attach everything; what BEGIN printed comes with the next `drain`."""
        for name, key, value in self._plan.presets:
            self._loaded.maps[name].put(key, value)
        self._run_once(self._plan.begin)
        for one in self._plan.attachments:
            program = self._loaded.programs[one.program]
            self._links.append(attach(program, one.at, self._kernel, self._tracefs))
        self._sink.attached(self._plan.probe_count)

    def poll(self, timeout_ms: int, *others: int) -> list[int]:
        """Wait for records, or for one of the fds `others`, and pass on the records there are.

        The fds that are ready; -1 as `timeout_ms` waits for ever.
        """
        maps = self._loaded.maps
        rings = [int(maps[name].fd) for name in (self._plan.events_map, self._plan.control_map)]
        ready = self._kernel.poll((*rings, *others), timeout_ms)
        self.drain()
        return ready

    def drain(self) -> int:
        """Pass on records that are in the rings, and how many they were; 0 when there are none.

        Exit requests come first, so that what was printed before one is passed on with it. No more
        than `_AT_ONCE` at a time: programs may be faster than the sink, and a signal must be heard.
        """
        count = self._control.consume(self._on_record)
        events = self._events.consume(self._on_record, _AT_ONCE)
        self.received += events
        self._report_lost()
        self._sink.flush()
        return count + events

    def drain_all(self) -> None:
        """Pass on records until there are none; for when nothing is attached any more."""
        while self.drain():
            pass

    def finish(self) -> None:
        """Detach, run END, pass on what is left, print the maps, and say what was lost."""
        detach_all(self._links)
        self.drain_all()
        self._run_once(self._plan.end)
        self.drain_all()
        self._report_lost(is_due=True)
        self._sink.end()
        for view in sorted(self._plan.maps, key=attrgetter("name")):
            if rows := self._rows(view.name):
                self._sink.map(view, rows)
        self._warn_of_losses()
        self._sink.flush()

    def losses(self) -> Losses:
        """The loss counters as they are now, summed over the CPUs."""
        counters = self._loaded.maps[self._plan.lost_map]
        shares = [row for _, row in sorted(counters.items_per_cpu())]
        return Losses(*[sum(int.from_bytes(one, sys.byteorder) for one in row) for row in shares])

    def close(self) -> None:
        """Detach and close everything; a second time does nothing."""
        self._owned.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _close_links(self) -> None:
        detach_all(self._links)
        for link in self._links:
            link.close()

    def _run_once(self, programs: Sequence[str]) -> None:
        for name in programs:
            self._loaded.programs[name].test_run()

    def _on_record(self, record: _Record) -> None:
        (number,) = self._decode_id(record)
        action = self._actions.get(number)
        if action is None:
            raise DecodeError(f"a record has the unknown event id {number}", 0)
        action(record)

    def _action(
        self, event: EventLayout, render: Callable[[EventLayout], Render]
    ) -> Callable[[_Record], None]:
        """What to do with each record of this event, decided once."""
        sink, decode, name = self._sink, decoder(event), event.text
        match event.action:
            case Action.PRINTF:
                text = render(event)
                return lambda record: sink.printf(text(decode(record)), event)
            case Action.PRINT_VALUE:
                return lambda record: sink.value(decode(record)[0], event)
            case Action.PRINT_MAP:
                return lambda _: self._print_map(name)
            case Action.CLEAR:
                return lambda _: self._loaded.maps[name].clear()
            case Action.ZERO:
                return lambda _: self._zero_map(name)
            case Action.EXIT:
                return lambda record: self._request_exit(decode(record)[0])
            case Action.RUNTIME_ERROR:
                return lambda _: sink.runtime_error(event.text, event.span)

    def _request_exit(self, code: Any) -> None:
        if not self.exit_requested:
            self.exit_requested, self.exit_code = True, code

    def _rows(self, name: str) -> list[Row]:
        return self._readers[name].rows(self._loaded.maps[name].items())

    def _print_map(self, name: str) -> None:
        """`print(@m)`: unlike at the end, a scalar map that holds nothing shows its zero."""
        rows = self._rows(name)
        if not rows and self._views[name].key is None:
            rows = [self._readers[name].zero_row()]
        self._sink.map(self._views[name], rows)

    def _zero_map(self, name: str) -> None:
        map_ = self._loaded.maps[name]
        for key, value in list(map_.items()):
            map_.put(key, bytes(len(value)))

    def _report_lost(self, *, is_due: bool = False) -> None:
        """Say how many events were lost since the last time, at most once a second."""
        now = time.monotonic()
        if now < self._next_report and not is_due:
            return
        self._next_report = now + _REPORT_SECONDS
        lost = self.losses().events
        if lost > self._reported:
            self._sink.lost(lost - self._reported)
            self._reported = lost

    def _warn_of_losses(self) -> None:
        losses = self.losses()
        if losses.control:
            self._sink.warning(
                f"{losses.control} exit() requests found no room in the control ring"
            )
        if losses.map_full:
            self._sink.warning(f"{losses.map_full} map updates were refused: a map is full")
        if losses.string_faults:
            self._sink.warning(
                f'{losses.string_faults} strings could not be read and are shown as "": '
                "their memory was not resident, or the pointer was wrong"
            )
