"""`Printer`: the stream of events as strace shows it: calls, signals and ends of processes."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Set
from typing import TypeAlias

from seismo.audit.record.event import AuditEvent
from seismo.audit.record.layout import EventFlag, KernelEvent
from seismo.audit.strace.calls import call_name
from seismo.audit.strace.ends import exit_line, fatal_line, signal_line
from seismo.audit.strace.line import LineOptions, call_text, return_text
from seismo.audit.strace.results import has_failed
from seismo.audit.strace.summary import Summary
from seismo.base.dataclass import dataclass, field

__all__ = ("NO_SIGNALS", "Printer", "PrinterOptions", "Write")

Write: TypeAlias = Callable[[str], object]

_NS = 1_000_000_000
_RESULT_COLUMN = 40
_EXECS = ("execve", "execveat")
_QUIET_ATTACH, _QUIET_EXIT = 1, 2
_DUMPS = (
    *(signal.SIGQUIT, signal.SIGILL, signal.SIGTRAP, signal.SIGABRT, signal.SIGFPE),
    *(signal.SIGSEGV, signal.SIGBUS, signal.SIGSYS, signal.SIGXCPU, signal.SIGXFSZ),
)
"""include/linux/signal.h: SIG_KERNEL_COREDUMP_MASK."""

NO_SIGNALS: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class PrinterOptions:
    """What is shown, by strace's letters.

    `calls`: ids of the types to show (`-e trace=`). `signals`: numbers (`-e signal=`). `clock`: ''
    or the format of time(3) (`-t`), with six digits behind it if `has_micros` (`-tt`); '%s' is
    seconds since 1970 (`-ttt`). `is_relative`: since the call before (`-r`). `has_durations`: `-T`.
    `status`: '' or 'successful', 'failed', 'unfinished'. `prefix`: '' never, 'pid' as with -f on a
    terminal, 'bare' as with -f in a file. `paths`: shown only if about one of these (`-P`).
    `quiet`: 1 says nothing of processes that come, 2 nothing of those that end.
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
    quiet: int = 0
    has_lines: bool = True


@dataclass(frozen=True, slots=True)
class _Executed:
    """What an exec was given: its end finds new memory, where its arguments are no more."""

    words: tuple[str, ...]
    variables: int


@dataclass(slots=True, kw_only=True)
class Printer:
    """Takes events in the order of time and writes a line for each that is to be seen.

    `tell` gets what is not about an event: which processes have come.
    """

    options: PrinterOptions
    write: Write
    tell: Write = lambda text: None
    summary: Summary | None = None
    real_minus_monotonic_ns: int = field(
        default_factory=lambda: time.time_ns() - time.clock_gettime_ns(time.CLOCK_MONOTONIC)
    )
    alive: set[int] = field(default_factory=set)
    _executed: dict[int, _Executed] = field(default_factory=dict)
    _killed: set[int] = field(default_factory=set)
    _before_ns: int = 0

    def take(self, event: AuditEvent) -> None:
        """Show an event, if it is one of those to be shown."""
        type_ = event.type
        self.alive.add(event.tid)
        if type_.is_syscall:
            if type_.id in self.options.calls:
                self._take_call(event)
        elif type_.id == KernelEvent.PROCESS_EXEC and self.options.has_lines:
            values = event.values
            # A thread that is not the first becomes it, and its own number is no more.
            self.alive -= {values["old_tid"]} - {event.tid}
            self._executed[event.tid] = _Executed(values["argv"], values["envc"])
        elif type_.id == KernelEvent.SIGNAL_DELIVER:
            self._take_signal(event)
        elif type_.id == KernelEvent.PROCESS_FORK:
            self._take_child(event.values["child_tid"])
        elif type_.id == KernelEvent.PROCESS_EXIT:
            self._take_end(event)

    def _take_signal(self, event: AuditEvent) -> None:
        """SIGKILL is what each thread gets when any signal ends their process: its end says which
        that was."""
        number = event.values["signal"]
        if number == signal.SIGKILL:
            self._killed.add(event.tid)
        elif number in self.options.signals:
            self._line(event, signal_line(event))

    def _take_end(self, event: AuditEvent) -> None:
        number = event.values["signal"]
        is_first = event.tid in self._killed and event.tid == event.tgid
        # One that dumps core was delivered to its own thread, and shown there.
        if is_first and number not in (signal.SIGKILL, *_DUMPS) and number in self.options.signals:
            self._line(event, fatal_line(number))
        if self.options.quiet < _QUIET_EXIT:
            self._line(event, exit_line(event))
        self.alive.discard(event.tid)
        self._killed.discard(event.tid)
        self._executed.pop(event.tid, None)

    def _take_child(self, tid: int) -> None:
        self.alive.add(tid)
        if self.options.has_lines and self.options.quiet < _QUIET_ATTACH:
            self.tell(f"strace: Process {tid} attached\n")

    def _take_call(self, event: AuditEvent) -> None:
        executed = None
        if call_name(event) in _EXECS and event.ret == 0:
            executed = self._executed.pop(event.tid, None)
        if not self._is_meant(event):
            return
        if self.summary is not None:
            self.summary.add(event)
        if self.options.has_lines:
            self._line(event, self._call(event, executed), return_text(event, self.options.line))

    def _call(self, event: AuditEvent, executed: _Executed | None) -> str:
        if executed is None:
            return call_text(event, self.options.line)
        event.values["argv"] = executed.words
        text = call_text(event, self.options.line)
        environment = f"{event.args[2 if event.type.name == 'execve' else 3]:#x}"
        plural = "" if executed.variables == 1 else "s"
        head, _, rest = text.rpartition(environment)
        return f"{head}{environment} /* {executed.variables} var{plural} */{rest}"

    def _is_meant(self, event: AuditEvent) -> bool:
        options = self.options
        if options.status and _status(event) not in options.status:
            return False
        if not options.paths:
            return True
        about = {one.path.text for one in event.files.values()} | set(event.paths.values())
        about |= {one for one in event.values.values() if isinstance(one, str)}
        return bool(about & options.paths)

    def _line(self, event: AuditEvent, text: str, result: str = "") -> None:
        if not self.options.has_lines:
            return
        line = f"{self._who(event)}{self._when(event)}{text}"
        if result:
            # As strace: results stand below one another while calls are short.
            line = f"{line:<{_RESULT_COLUMN - 1}} = {result}"
            if self.options.has_durations and not event.flags & EventFlag.NO_RETURN:
                line += f" <{event.duration_ns / _NS:.6f}>"
        self.write(f"{line}\n")

    def _who(self, event: AuditEvent) -> str:
        if self.options.prefix == "bare":
            return f"{event.tid:<5} "
        if self.options.prefix == "pid" and len(self.alive) > 1:
            return f"[pid {event.tid:5}] "
        return ""

    def _when(self, event: AuditEvent) -> str:
        begun_ns = event.time_ns - event.duration_ns
        options = self.options
        if options.is_relative:
            passed = max(begun_ns - self._before_ns, 0) if self._before_ns else 0
            self._before_ns = begun_ns
            relative = f"{passed / _NS:13.6f}"
            return f"{self._clock(begun_ns)}(+{relative}) " if options.clock else f"{relative} "
        return self._clock(begun_ns) if options.clock else ""

    def _clock(self, begun_ns: int) -> str:
        seconds, rest = divmod(begun_ns + self.real_minus_monotonic_ns, _NS)
        shown = time.strftime(self.options.clock, time.localtime(seconds))
        return f"{shown}.{rest // 1000:06d} " if self.options.has_micros else f"{shown} "


def _status(event: AuditEvent) -> str:
    if event.flags & EventFlag.NO_RETURN:
        return "unfinished"
    return "failed" if has_failed(event) else "successful"
