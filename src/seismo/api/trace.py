"""`trace`: the tracing language from Python, its events as values.

>>> script = 'tracepoint:syscalls:sys_enter_openat { printf("%d %s", pid, str(args.filename)); }'
>>> with seismo.trace(script, timeout=1.0) as run:
...     for event in run:
...         print(event.values)
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from seismo.api.errors import WrongState
from seismo.base.dataclass import dataclass
from seismo.base.source import Source, Span
from seismo.builtin.options import LowerOptions
from seismo.compiler import Inputs, compile_script
from seismo.events.kinds import EventLayout, FaultSite, MapView
from seismo.events.value import Row, Value
from seismo.kernel.live import LiveKernel
from seismo.kernel.pid_namespace import pid_namespace
from seismo.kernel.protocol import Kernel
from seismo.kernel.tracefs import Tracefs
from seismo.output.sink import Outcome, Timing
from seismo.session import Render, Session, as_text
from seismo.views import LiveView

__all__ = ("Trace", "TraceEvent", "trace")


@dataclass(frozen=True, slots=True)
class TraceEvent:
    """What a script reported: `kind` is the function that did (`printf`, `print`, `time`, `cat`,
    `join`, `system`, `errorf`, `warnf`), or `error`, `lost`, `warning`.

    `text` is what would be printed, `values` what stands behind it: the arguments of a printf, the
    value of a print, the rows (key, value) of the map `name`, how many events were lost.
    """

    kind: str
    text: str = ""
    values: tuple[object, ...] = ()
    name: str = ""


class Trace:
    """A script's run: it begins with `with`, and ends with it, or when the script calls exit().

    Iterating waits for events until the run ends, or nothing has come for `timeout` seconds. When
    `with` has ended, `maps` has what every map held at the end, and the rest of the events can
    still be iterated.
    """

    def __init__(
        self,
        script: str,
        *,
        parameters: Sequence[str] = (),
        is_unsafe: bool = False,
        timeout: float | None = None,
        kernel: Kernel | None = None,
    ) -> None:
        self.timeout = timeout
        self.exit_code = 0
        self.maps: dict[str, list[Row]] = {}
        self._source = Source("script", script)
        self._inputs = Inputs(parameters=parameters, is_unsafe=is_unsafe)
        self._kernel = kernel
        self._events: deque[TraceEvent] = deque()
        self._session: Session | None = None
        self._owned = ExitStack()

    @property
    def received(self) -> int:
        """How many records came from the script's programs, while it runs."""
        return self._running.received

    def __enter__(self) -> Self:
        """Compile, load and attach.

        Raises `DiagnosticsError` with every mistake in the script, and what `Session` raises.
        """
        kernel = self._kernel or LiveKernel()
        with ExitStack() as owned:
            tracefs = owned.enter_context(Tracefs(kernel))
            view = LiveView(kernel, tracefs)
            compiled = compile_script(self._source, view, _options(view), self._inputs)
            sink = _Collector(self._events, self.maps)
            session = owned.enter_context(
                Session(compiled.plan, kernel, tracefs, sink, render=sink.render)
            )
            session.start()
            self._session, self._owned = session, owned.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        session, self._session = self._running, None
        with self._owned:
            if error is None:
                session.finish()
            self.exit_code = session.exit_code

    def __iter__(self) -> Iterator[TraceEvent]:
        return self

    def __next__(self) -> TraceEvent:
        end = None if self.timeout is None else time.monotonic() + self.timeout
        while not self._events:
            session = self._session
            if session is None or session.exit_requested:
                raise StopIteration
            left = -1.0 if end is None else max(0.0, end - time.monotonic())
            session.poll(round(left * 1000) if left >= 0 else -1)
            if not self._events and end is not None and time.monotonic() >= end:
                raise StopIteration
        return self._events.popleft()

    @property
    def _running(self) -> Session:
        if self._session is None:
            raise WrongState("the script does not run", "it runs inside of `with`")
        return self._session


def trace(
    script: str,
    *,
    parameters: Sequence[str] = (),
    is_unsafe: bool = False,
    timeout: float | None = None,
) -> Trace:
    """A run of a script in the tracing language, to be used by `with`.

    `parameters` are its `$1`, `$2`, …; `is_unsafe` allows `system()` and the like.
    """
    return Trace(script, parameters=parameters, is_unsafe=is_unsafe, timeout=timeout)


def _options(view: LiveView) -> LowerOptions:
    boot_ns = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    return LowerOptions(
        possible_cpus=view.possible_cpus(),
        pid_namespace=pid_namespace(),
        started_ns=boot_ns,
        tai_offset_ns=time.clock_gettime_ns(time.CLOCK_TAI) - boot_ns,
    )


class _Collector:
    """The sink: what is reported becomes an event, and the last of each map is kept."""

    def __init__(self, events: deque[TraceEvent], maps: dict[str, list[Row]]) -> None:
        self._events = events
        self._maps = maps
        self._values: tuple[Value, ...] = ()
        self._is_over = False

    def render(self, event: EventLayout) -> Render:
        """A printf as its format says; its arguments are those of the event that follows."""
        text = as_text(event)

        def keep(values: Sequence[Value]) -> str:
            self._values = tuple(values)
            return text(values)

        return keep

    def printf(self, text: str, event: EventLayout) -> None:
        self._add("printf", text, *self._values)

    def errorf(self, text: str, span: Span) -> None:
        self._add("errorf", text)

    def warnf(self, text: str, span: Span) -> None:
        self._add("warnf", text)

    def time(self, text: str) -> None:
        self._add("time", text)

    def cat(self, text: str) -> None:
        self._add("cat", text)

    def join(self, text: str) -> None:
        self._add("join", text)

    def system(self, text: str) -> None:
        self._add("system", text)

    def value(self, value: Value, event: EventLayout) -> None:
        self._add("print", str(value), value)

    def map(self, view: MapView, rows: Sequence[Row]) -> None:
        if self._is_over:
            self._maps[view.name] = list(rows)
        else:
            self._events.append(TraceEvent("print", "", tuple(rows), view.name))

    def lost(self, count: int) -> None:
        self._add("lost", f"lost {count} events", count)

    def runtime_error(self, message: str, span: Span) -> None:
        self._add("error", f"{span.location}: {message}")

    def helper_error(self, helper: str, retcode: int, span: Span) -> None:
        self._add("error", f"{span.location}: {helper} returned {retcode}", retcode)

    def fault(self, site: FaultSite, count: int, message: str) -> None:
        self._add("error", message, count)

    def warning(self, message: str) -> None:
        self._add("warning", message)

    def end(self) -> None:
        self._is_over = True

    def attached(self, count: int) -> None:
        """Nobody waits for it: `with` has begun when all is attached."""

    def tests(self, names: Sequence[str]) -> None:
        """Tests are for the command."""

    def outcome(self, outcome: Outcome) -> None:
        """Tests are for the command."""

    def summary(self, outcomes: Sequence[Outcome]) -> None:
        """Tests are for the command."""

    def benches(self, names: Sequence[str]) -> None:
        """Benchmarks are for the command."""

    def timing(self, timing: Timing) -> None:
        """Benchmarks are for the command."""

    def flush(self, *, is_last: bool = False) -> None:
        """An event is there as soon as it has come."""

    def _add(self, kind: str, text: str, *values: object) -> None:
        self._events.append(TraceEvent(kind, text, values))
