"""Programs on timers, and what counters and breakpoints share with them: an event each CPU."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterable, Iterator

from seismo.base.errors import SyscallError
from seismo.kernel.fd import Fd
from seismo.kernel.perf import Scope, open_timer
from seismo.kernel.proc import online_cpus, thread_ids
from seismo.kernel.protocol import Kernel
from seismo.objects.errors import AttachRefused
from seismo.objects.link import Link, join_links, link_perf_event
from seismo.objects.program import Program
from seismo.spec.types import TimerAttach

__all__ = ("attach_timer", "link_each", "scopes_of")


def attach_timer(program: Program, at: TimerAttach, kernel: Kernel) -> Link:
    """Run `program` at every tick: on each online CPU, on the first alone, or in one process.

    Since Linux 4.9, in a process since 5.13.
    """

    def open_one(scope: Scope) -> Fd:
        return open_timer(kernel, scope, period_ns=at.period_ns, frequency_hz=at.frequency_hz)

    rate = f"of {at.period_ns} ns" if at.period_ns else f"of {at.frequency_hz} Hz"
    try:
        scopes = scopes_of(kernel, at.pid)
        chosen = scopes if at.pid or at.every_cpu else scopes[:1]
        return link_each(program, chosen, open_one, kernel)
    except SyscallError as error:
        raise AttachRefused(f"timer {rate}", error) from error


def scopes_of(kernel: Kernel, pid: int) -> tuple[Scope, ...]:
    """The threads that the process has now (they pass events on to new ones), or every online CPU.

    `SyscallError` (ESRCH) when there is no such process.
    """
    if not pid:
        return tuple(Scope(cpu=cpu) for cpu in online_cpus(kernel))
    try:
        return tuple(Scope(tid=tid) for tid in thread_ids(kernel, pid))
    except SyscallError:
        raise SyscallError(f"threads of process {pid}", errno.ESRCH) from None


def link_each(
    program: Program, scopes: Iterable[Scope], open_one: Callable[[Scope], Fd], kernel: Kernel
) -> Link:
    """Attach to an event of each scope; a thread that has ended meanwhile is left out.

    `SyscallError` (ESRCH) when all of them have.
    """

    def links() -> Iterator[Link]:
        for scope in scopes:
            try:
                link = link_perf_event(kernel, program, open_one(scope))
            except SyscallError as error:
                if error.errno != errno.ESRCH:
                    raise
                continue
            # New threads' copies of an event run the program until the event itself is closed.
            yield Link(link.fds) if scope.tid >= 0 else link

    whole = join_links(links())
    if not whole.attached:
        raise SyscallError("perf_event_open", errno.ESRCH)
    return whole
