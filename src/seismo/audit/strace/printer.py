"""`Printer`: the stream of events as strace shows it: calls, signals and ends of processes."""

from __future__ import annotations

import time
from collections.abc import Callable, Set
from typing import TypeAlias

from seismo.audit.record.event import AuditEvent
from seismo.audit.record.layout import EventFlag, KernelEvent
from seismo.audit.strace.line import LineOptions, exit_line, signal_line, syscall_line
from seismo.audit.strace.summary import Summary
from seismo.base.dataclass import dataclass, field

__all__ = ("NO_SIGNALS", "Printer", "PrinterOptions", "Write")

Write: TypeAlias = Callable[[str], object]

_MOST_ERROR = 4095
_NS = 1_000_000_000
_EXECS = ("execve", "execveat")
NO_SIGNALS: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class PrinterOptions:
    """What is shown, by strace's letters.

    `calls`: ids of the types to show (`-e trace=`). `signals`: numbers (`-e signal=`). `clock`: ''
    or the format of time(3) (`-t`), with six digits behind it if `has_micros` (`-tt`); '%s' is
    seconds since 1970 (`-ttt`). `is_relative`: since the call before (`-r`). `has_durations`: `-T`.
    `status`: '' or 'successful', 'failed', 'unfinished'. `prefix`: '' never, 'pid' as with -f on a
    terminal, 'bare' as with -f in a file. `paths`: shown only if about one of these (`-P`).
    """

    calls: Set[int]
    signals: Set[int] = NO_SIGNALS
    line: LineOptions = LineOptions()
    clock: str = ""
    has_micros: bool = False
    is_relative: bool = False
    has_durations: bool = False
    status: Set[str] = frozenset()
    prefix: str = ""
    paths: Set[str] = frozenset()
    is_quiet: bool = False
    has_lines: bool = True


@dataclass(slots=True, kw_only=True)
class Printer:
    """Takes events in the order of time and writes a line for each that is to be seen."""

    options: PrinterOptions
    write: Write
    summary: Summary | None = None
    real_minus_monotonic_ns: int = field(
        default_factory=lambda: time.time_ns() - time.clock_gettime_ns(time.CLOCK_MONOTONIC)
    )
    _words: dict[int, tuple[str, ...]] = field(default_factory=dict)
    _seen: set[int] = field(default_factory=set)
    _before_ns: int = 0

    def take(self, event: AuditEvent) -> None:
        """Show an event, if it is one of those to be shown."""
        type_ = event.type
        if type_.is_syscall:
            if type_.id in self.options.calls:
                self._take_call(event)
        elif type_.id == KernelEvent.PROCESS_EXEC:
            # The call's end finds new memory, where its arguments are no more.
            self._words[event.tid] = event.values["argv"]
        elif type_.id == KernelEvent.SIGNAL_DELIVER:
            if event.values["signal"] in self.options.signals:
                self._line(event, signal_line(event))
        elif type_.id == KernelEvent.PROCESS_EXIT and not self.options.is_quiet:
            self._line(event, exit_line(event))

    def _take_call(self, event: AuditEvent) -> None:
        words = self._words.pop(event.tid, ()) if event.type.name in _EXECS else ()
        if not self._is_meant(event):
            return
        if self.summary is not None:
            self.summary.add(event)
        if not self.options.has_lines:
            return
        if words and event.ret == 0:
            event.values["argv"] = words
        text = syscall_line(event, self.options.line)
        if self.options.has_durations and not event.flags & EventFlag.NO_RETURN:
            text += f" <{event.duration_ns / _NS:.6f}>"
        self._line(event, text)

    def _is_meant(self, event: AuditEvent) -> bool:
        options = self.options
        if options.status and _status(event) not in options.status:
            return False
        if not options.paths:
            return True
        about = {one.path.text for one in event.files.values()} | set(event.paths.values())
        return bool(about & options.paths)

    def _line(self, event: AuditEvent, text: str) -> None:
        if self.options.has_lines:
            self.write(f"{self._who(event)}{self._when(event)}{text}\n")

    def _who(self, event: AuditEvent) -> str:
        self._seen.add(event.tid)
        if self.options.prefix == "bare":
            return f"{event.tid:<5} "
        if self.options.prefix == "pid" and len(self._seen) > 1:
            return f"[pid {event.tid:5}] "
        return ""

    def _when(self, event: AuditEvent) -> str:
        begun_ns = event.time_ns - event.duration_ns
        options = self.options
        if options.is_relative:
            passed = max(begun_ns - self._before_ns, 0) if self._before_ns else 0
            self._before_ns = begun_ns
            return f"{passed / _NS:12.6f} "
        if not options.clock:
            return ""
        seconds, rest = divmod(begun_ns + self.real_minus_monotonic_ns, _NS)
        shown = time.strftime(options.clock, time.localtime(seconds))
        return f"{shown}.{rest // 1000:06d} " if options.has_micros else f"{shown} "


def _status(event: AuditEvent) -> str:
    if event.flags & EventFlag.NO_RETURN:
        return "unfinished"
    return "failed" if -_MOST_ERROR <= event.ret < 0 else "successful"
