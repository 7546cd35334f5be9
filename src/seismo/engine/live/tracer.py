"""`Tracer`: follows a process and all that it makes from stop to stop, in the kernel's own order.

Of a kernel that traces for itself it differs where ptrace(2) does: it is told of system calls
before seccomp(2) may refuse them.
"""

from __future__ import annotations

import errno
import os
import threading

from seismo.base.errors import SyscallError
from seismo.engine.live.hits import Hits
from seismo.engine.live.numbers import Numbers
from seismo.engine.live.task_records import task_memory
from seismo.engine.live.tracee import (
    Call,
    Tracee,
    is_fatal,
    is_ignored,
    processes,
    related,
    tracer_of,
)
from seismo.engine.live.wanted import DELIVER, NEW_TASK
from seismo.kernel.ptrace import (
    Option,
    Report,
    StopEvent,
    call_stop,
    detach,
    event_message,
    interrupt,
    listen,
    next_report,
    peek_report,
    registers,
    resume,
    seize,
    signal_details,
)

__all__ = ("Tracer",)

_OPTIONS = (*(Option.SYSGOOD, Option.FORK, Option.VFORK, Option.CLONE, Option.EXEC, Option.EXIT),)
_MAKERS = ("clone", "clone3", "fork", "vfork")
_BIRTHS = (StopEvent.FORK, StopEvent.VFORK, StopEvent.CLONE)
_SIGKILL, _SIGTRAP = 9, 5
_PR_SET_NAME = 15  # include/uapi/linux/prctl.h
_TERMINATION = 0x7F  # of a status of wait(2)
_CSIGNAL = 0xFF  # include/uapi/linux/sched.h
_CLONE_VM_VFORK = 0x4100
_U32 = (1 << 32) - 1

# include/linux/errno.h: what a system call that a signal breaks off answers to the kernel itself.
_BROKEN_OFF = (-512, -513, -514, -516)


class Tracer:
    """Follows the tasks that come of process `root`, and tells `hits` of what they do."""

    def __init__(self, root: int, hits: Hits, numbers: Numbers) -> None:
        self.root = root
        self.status: int | None = None
        """How the root ended: its exit status, -N after signal N; None while it runs."""
        self.has_foreign_calls = False
        """Whether a 32-bit program made system calls, while those of names were wanted."""
        self._hits = hits
        self._numbers = numbers
        self._tracees: dict[int, Tracee] = {}
        self._early: dict[int, Report] = {}
        self._adopted: dict[int, Tracee] = {}
        self._is_releasing = False
        self._released: set[int] = set()
        hits.memory = task_memory(self._tracees)

    def start(self) -> None:
        """Begin with a process that has one thread and waits to become a command: its system calls
        count from the first execve on. SyscallError where tracing is refused."""
        root = Tracee.of_process(self.root)
        root.is_waiting = True
        seize(self.root, sum(_OPTIONS))
        self._tracees[self.root] = root
        interrupt(self.root)
        self._take(next_report(self.root, waits=True))

    def renew_stops(self) -> None:
        """Other stops are wanted than until now."""
        for tid in self._tracees:
            try:
                interrupt(tid)
            except SyscallError as error:
                _expect_gone(error)

    def release(self) -> None:
        """From here on what stops is traced no more; and all are made to stop."""
        self._is_releasing = True
        for report in self._early.values():
            self._take(report)
        self.renew_stops()

    @property
    def is_released(self) -> bool:
        """Whether nobody is traced any more, but for first threads that have ended before others:
        those end with their process."""
        return all(one.has_left and one.pid in self._released for one in self._tracees.values())

    def step(self) -> bool:
        """Take one report and let the task go on; False if there is none."""
        pid = peek_report()
        if not pid:
            return False
        if self._is_ours(pid):
            self._take(next_report(pid))
            return True
        # A child of somebody else in this process stands in front of the others.
        reports = map(next_report, tuple(self._tracees))
        report = next((one for one in reports if one.pid), None)
        if report is not None:
            self._take(report)
        return report is not None

    def _is_ours(self, pid: int) -> bool:
        return pid in self._tracees or tracer_of(pid) == threading.get_native_id()

    def _take(self, report: Report) -> None:
        try:
            if self._is_releasing:
                self._let_go(report)
            else:
                self._dispatch(report)
        except SyscallError as error:
            # Killed while it stood still; that will be reported.
            _expect_gone(error)

    def _dispatch(self, report: Report) -> None:
        tracee = self._tracees.get(report.pid)
        if report.event == StopEvent.EXEC:
            self._executed(report.pid)
        elif tracee is None:
            self._meet(report)
        elif report.end is not None:
            self._ended(tracee, report.end)
        elif report.is_call:
            self._stopped_at_call(tracee)
        elif report.event == StopEvent.STOP:
            self._stopped(tracee, report.signal)
        elif report.event in _BIRTHS:
            self._told_of_child(tracee)
            self._resume(tracee)
        elif report.event == StopEvent.EXIT:
            self._leaving(tracee)
        else:
            self._signalled(tracee, report.signal)

    def _resume(self, tracee: Tracee, signal: int = 0) -> None:
        """SIGKILL takes who stands still to its last stop, which must not be passed over."""
        if (report := next_report(tracee.tid)).pid:
            self._take(report)
            return
        resume(tracee.tid, signal, to_next_call=self._hits.wanted.has_calls)

    def _stopped_at_call(self, tracee: Tracee) -> None:
        stop = call_stop(tracee.tid)
        is_native = stop.arch == self._numbers.arch
        self.has_foreign_calls |= not is_native and self._hits.wanted.names_calls
        if stop.is_entry:
            self._entered(tracee, Call(stop.number, stop.arguments, is_native))
        elif tracee.call is not None:
            if tracee.call.is_native != is_native:
                tracee.call = Call(tracee.call.number, tracee.call.arguments, is_native)
            self._left(tracee, tracee.call, stop.result)
        self._resume(tracee)

    def _entered(self, tracee: Tracee, call: Call) -> None:
        if tracee.is_waiting:
            if call.number not in self._numbers.execs:
                return
            tracee.is_waiting = False
        if tracee.held is not None:
            # But for tracing it would never have been broken off: it is the same call still.
            tracee.held = None
            return
        tracee.call = call
        self._hits.entered(tracee, call)

    def _left(self, tracee: Tracee, call: Call, result: int) -> None:
        if result in _BROKEN_OFF:
            tracee.held = result
            return
        tracee.call = None
        if call.is_native:
            if call.number == self._numbers.sigreturn:
                # The call that a handler came between is none any more, nor is this one.
                call = Call(-1, call.arguments, is_native=True)
            elif result == 0:
                self._note_effect(tracee, call)
        self._hits.left(tracee, call, result)

    def _note_effect(self, tracee: Tracee, call: Call) -> None:
        if call.number == self._numbers.prctl:
            if call.arguments[0] == _PR_SET_NAME:
                self._hits.renamed(tracee)
                tracee.renew()
        elif call.number in self._numbers.identities:
            tracee.renew()
        elif call.number == self._numbers.sigaction and DELIVER in self._hits.wanted:
            self._hits.handlers.changed(tracee, call)

    def _settle(self, tracee: Tracee) -> None:
        """The call that was broken off would have been without tracing, too."""
        if tracee.held is not None and tracee.call is not None:
            call, tracee.call = tracee.call, None
            result, tracee.held = tracee.held, None
            self._hits.left(tracee, call, result)

    def _stopped(self, tracee: Tracee, signal: int) -> None:
        """A new task that has not run yet, `interrupt`, or job control."""
        if tracee.is_new:
            self._begun(tracee)
        if signal == _SIGTRAP:
            self._resume(tracee)
        else:
            self._settle(tracee)
            listen(tracee.tid)

    def _begun(self, tracee: Tracee) -> None:
        """ptrace(2) begins after the call that has made it; the kernel's tracepoint does not."""
        tracee.is_new = False
        call, tracee.call = tracee.call, None
        if call is not None:
            self._hits.left(tracee, call, 0)

    def _told_of_child(self, parent: Tracee) -> None:
        tid = event_message(parent.tid)
        if tid in self._adopted:
            self._tell_made(parent, self._adopted.pop(tid))
        # Of who has been killed meanwhile the message is something else.
        elif self._is_unknown(tid):
            self._made(parent, tid)

    def _is_unknown(self, tid: int) -> bool:
        """Whether this is a task that is traced, but not followed yet."""
        return tid in self._early or (tid not in self._tracees and self._is_ours(tid))

    def _made(self, parent: Tracee, tid: int) -> None:
        is_thread = os.path.exists(f"/proc/{parent.pid}/task/{tid}")
        if not self._hits.wanted.has_calls:
            parent.renew()
        child = self._tracees[tid] = parent.child(tid, parent.pid if is_thread else tid)
        self._tell_made(parent, child)
        self._take_early(tid)

    def _tell_made(self, parent: Tracee, child: Tracee) -> None:
        flags = 0
        if {DELIVER, NEW_TASK} & self._hits.wanted.at:
            flags = self._clone_flags(parent)
        if child.pid != parent.pid:
            self._hits.handlers.made(parent.pid, child.pid, flags)
        self._hits.made(parent, child, flags)

    def _take_early(self, tid: int) -> None:
        early = self._early.pop(tid, None)
        if early is not None:
            self._take(early)

    def _meet(self, report: Report) -> None:
        """A task that its maker has not told of yet has to wait for that."""
        if report.event == StopEvent.EXIT:
            # It would keep its process, which may be its maker's, from ending.
            resume(report.pid)
        else:
            self._early[report.pid] = report

    def _find_lost(self, parent: Tracee) -> None:
        """Who is killed while it makes a task does not tell of it."""
        if self._numbers.name(self._current_number(parent)) in _MAKERS:
            for tid in filter(self._is_unknown, related(parent)):
                self._made(parent, tid)

    def _current_number(self, tracee: Tracee) -> int:
        return tracee.call.number if tracee.call else tracee.current_call()[0]

    def _adopt_lost(self) -> None:
        """Somebody has ended without a stop, killed a second time: what it has made is now somebody
        else's, and would wait for ever. Who is not lost will be told of late."""
        for tid in filter(self._is_unknown, processes()):
            self._tracees[tid] = self._adopted[tid] = Tracee.of_process(tid)
            self._take_early(tid)

    def _clone_flags(self, parent: Tracee) -> int:
        """As kernel_clone() has them; 0 where it was a 32-bit program's call."""
        call = parent.call
        if call is not None and not call.is_native:
            return 0
        number, first = (call.number, call.arguments[0]) if call else parent.current_call()
        match self._numbers.name(number):
            case "clone":
                return first & _U32 & ~_CSIGNAL
            case "clone3":
                return parent.word(first)
            case "vfork":
                return _CLONE_VM_VFORK
        return 0

    def _executed(self, pid: int) -> None:
        """Of a process's threads only the one is left that has called, and it has the leader's id
        now; the leader has gone without a report."""
        old_tid = event_message(pid)
        if old_tid not in self._tracees:
            # Killed meanwhile: it is something else.
            self._resume(self._tracees[pid])
            return
        tracee = self._tracees.pop(old_tid)
        tracee.started_ns = self._tracees.get(pid, tracee).started_ns
        self._tracees[pid] = tracee
        tracee.become_leader(pid)
        tracee.is_waiting = False
        self._hits.handlers.executed(pid)
        self._hits.renamed(tracee)
        tracee.renew()
        self._hits.executed(tracee, old_tid)
        self._resume(tracee)

    def _signalled(self, tracee: Tracee, signal: int) -> None:
        """Who is traced is stopped for signals, too, that nobody else would hear of."""
        if not is_ignored(tracee.tid, signal):
            number, *details = signal_details(tracee.tid)
            self._settle(tracee)
            tracee.signal = signal
            if is_fatal(tracee.tid, signal):
                # Of who is not traced it is made SIGKILL when it is sent: complete_signal().
                self._hits.delivered(tracee, _SIGKILL, (0, 0))
            elif number == signal:
                self._hits.delivered(tracee, signal, details)
        self._resume(tracee, signal)

    def _leaving(self, tracee: Tracee) -> None:
        self._settle(tracee)
        self._find_lost(tracee)
        tracee.exit_code = event_message(tracee.tid)
        tracee.ends_process = self._current_number(tracee) != self._numbers.exit
        if tracee.call is None or tracee.call.number not in self._numbers.exits:
            self._cut_short(tracee)
            self._tell_kill(tracee, tracee.exit_code)
        self._tell_end(tracee)
        self._resume(tracee)

    def _cut_short(self, tracee: Tracee) -> None:
        """Who is killed in a system call comes to its end, but to no stop there; its result is left
        in the registers. Those of 32-bit programs are others, and not looked for."""
        call, tracee.call = tracee.call, None
        if call is not None and call.is_native:
            self._hits.left(tracee, call, self._numbers.result(registers(tracee.tid)))

    def _tell_kill(self, tracee: Tracee, status: int) -> None:
        """SIGKILL stops nobody; and a process that ends kills its other threads by it."""
        if not tracee.signal or status & _TERMINATION != tracee.signal:
            self._hits.delivered(tracee, _SIGKILL, (0, 0))

    def _tell_end(self, tracee: Tracee) -> None:
        if not self._hits.wanted.has_calls:
            tracee.renew()
        tracee.has_left = True
        of_process = [one for one in self._tracees.values() if one.pid == tracee.pid]
        tracee.is_last = all(one.has_left for one in of_process)
        self._hits.ended(tracee)

    def _ended(self, tracee: Tracee, status: int) -> None:
        if not tracee.has_left:
            self._tell_end(tracee)
            self._adopt_lost()
        del self._tracees[tracee.tid]
        if tracee.tid == self.root:
            self.status = status
        if tracee.tid == tracee.pid:
            self._hits.handlers.ended(tracee.pid)

    def _let_go(self, report: Report) -> None:
        tid, event = report.pid, report.event
        tracee = self._tracees.pop(tid, None)
        if report.end is not None:
            if tid == self.root:
                self.status = report.end
            return
        if event == StopEvent.EXEC:
            self._tracees.pop(event_message(tid), None)
        elif event in _BIRTHS and (child := event_message(tid)) not in self._released:
            self._tracees[child] = Tracee(child, child)
        self._released |= {tid, tracee.pid if tracee else tid}
        detach(tid, 0 if event else report.signal)


def _expect_gone(error: SyscallError) -> None:
    if error.errno != errno.ESRCH:
        raise error
