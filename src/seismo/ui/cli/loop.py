"""What every run does with its session, whether the script was just compiled or was shipped."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from seismo.base.dataclass import dataclass
from seismo.base.errors import BpfError, SyscallError
from seismo.isa.map_types import MapType
from seismo.kernel import bpf
from seismo.kernel.abi import MapCreateAttr
from seismo.kernel.privilege import effective_capabilities, needed_capabilities
from seismo.kernel.protocol import Kernel
from seismo.plan import Plan
from seismo.session import Session
from seismo.ui.cli.command import Command
from seismo.ui.cli.errors import PrivilegeError, RunError
from seismo.ui.cli.interrupt import Interrupt
from seismo.ui.cli.notes import Notes
from seismo.ui.cli.progress import NO_PROGRESS, Progress
from seismo.ui.cli.schedule import OPEN_END, Clock, Schedule

__all__ = (
    "Run",
    "announce_attached",
    "bpf_refusal",
    "refusals",
    "require_privilege",
    "run_session",
)

_NOTIFY = "__BPFTRACE_NOTIFY_PROBES_ATTACHED"
"""A variable of the environment: who sets it is told on standard output when all is attached."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """When a run of `plan` ends. `ended_fd` is readable when the command or the process that it is
    about has ended; -1 where there is neither. `begin` is called when all is attached, before the
    command is let go; where `is_over` answers true, nothing can happen any more."""

    plan: Plan
    schedule: Schedule = OPEN_END
    progress: Progress = NO_PROGRESS
    command: Command | None = None
    ended_fd: int = -1
    begin: Callable[[], object] = lambda: None
    is_over: Callable[[], bool] = lambda: False


@contextmanager
def refusals(notes: Notes) -> Iterator[None]:
    """What the kernel refuses from here on is a `RunError`; -v shows the verifier's whole log."""
    try:
        with notes.explaining():
            yield
    except BpfError as error:
        raise RunError(str(error)) from error


def require_privilege(kernel: Kernel) -> None:
    """Raise `PrivilegeError` that names what is missing, before anything is tried."""
    missing = _missing(kernel)
    if missing:
        raise PrivilegeError(
            f"tracing needs {missing} (or CAP_SYS_ADMIN), which this process lacks\n"
            "hint: run seismo as root, or give it the capabilities; `seismo doctor` says more; "
            "a command's own system calls are traced without them (-c CMD), and `seismo replay` "
            "runs scripts over recordings"
        )


def bpf_refusal(kernel: Kernel) -> str:
    """Why this process may not use BPF; "" if it may, as far as making a map tells."""
    missing = _missing(kernel)
    if missing:
        return f"this process lacks {missing}"
    attr = MapCreateAttr(map_type=MapType.ARRAY, key_size=4, value_size=4, max_entries=1)
    try:
        kernel.close(bpf.map_create(kernel, attr))
    except SyscallError as error:
        return f"{error.call}: {error.strerror}"
    return ""


def _missing(kernel: Kernel) -> str:
    """The capabilities that tracing needs and this process lacks: `CAP_BPF and CAP_PERFMON`."""
    held = effective_capabilities(kernel)
    missing = [one for one in needed_capabilities("bpf(BPF_PROG_LOAD)") if one not in held]
    return "" if "CAP_SYS_ADMIN" in held else " and ".join(missing)


def run_session(session: Session, run: Run) -> None:
    """Run until exit(), a signal, the end of the schedule, or of the command or process; at once
    to the end where nothing can happen any more."""
    # What was made until now stays; what tracing makes is looked through for garbage.
    gc.freeze()
    gc.enable()
    with Interrupt() as interrupt:
        session.start()
        session.drain()
        run.begin()
        if run.command:
            run.command.release()
        announce_attached()
        clock = Clock(run.schedule, has_ticks=run.progress.is_on)
        wake_fds = tuple(fd for fd in (interrupt.wake_fd, run.ended_fd) if fd >= 0)
        is_over = run.is_over() or (not run.plan.attachments and run.ended_fd < 0)
        while not (is_over or session.exit_requested or interrupt.is_set):
            run.progress.show(clock.elapsed, clock.length)
            ready_fds = session.poll(clock.timeout_ms(), *wake_fds)
            for _ in range(interrupt.take_requests()):
                session.answer("SIGUSR1")
            is_over = interrupt.is_set or run.ended_fd in ready_fds or clock.is_over()
            is_over = is_over or run.is_over()
            if not is_over and clock.take_round():
                session.take_maps(run.schedule.maps)
        session.finish()


def announce_attached() -> None:
    """Tell who asked for it, by a variable of the environment, that all is attached."""
    if _NOTIFY in os.environ:
        print(_NOTIFY, flush=True)
