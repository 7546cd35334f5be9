"""`run_job`: a script from text to its end, for the tracing command and for the tools alike."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import BinaryIO

from seismo.base.dataclass import dataclass
from seismo.base.errors import BpfError
from seismo.base.source import Source
from seismo.compiler import compile_script
from seismo.events.kinds import EventLayout
from seismo.kernel.live import LiveKernel
from seismo.kernel.privilege import effective_capabilities, needed_capabilities
from seismo.kernel.protocol import Kernel
from seismo.kernel.tracefs import Tracefs
from seismo.lower.resources import LowerOptions, TaskFilter
from seismo.objects.load import load
from seismo.output.sink import Sink
from seismo.plan import Plan
from seismo.session import Render, Session
from seismo.ui.cli.command import Command
from seismo.ui.cli.interrupt import Interrupt
from seismo.ui.cli.notes import Notes
from seismo.ui.cli.stages import stage_printer
from seismo.views import LiveView

__all__ = ("InputError", "Job", "PrivilegeError", "run_job")


class InputError(BpfError):
    """A script, an output file or a process that was named cannot be used."""


class PrivilegeError(BpfError):
    """This process may not trace."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A script and how it is to be run.

    `command` is run and traced to its end, `pid` traced until it ends (0: neither); `is_tree`
    follows whichever it is with all that it forks. `stages` are printed instead of running.
    """

    source: Source
    make_sink: Callable[[BinaryIO], Sink]
    render: Callable[[EventLayout], Render]
    parameters: tuple[str, ...] = ()
    command: str = ""
    pid: int = 0
    is_tree: bool = False
    ring_bytes: int
    output: str = ""
    stages: tuple[str, ...] = ()
    is_dry_run: bool = False
    is_verbose: bool = False


def run_job(job: Job) -> int:
    """Compile, load, attach, print until it ends, and clean up; the exit status."""
    kernel = LiveKernel()
    if not job.stages:
        require_privilege(kernel)
    with ExitStack() as owned:
        tracefs = owned.enter_context(Tracefs(kernel))
        command = owned.enter_context(Command(job.command)) if job.command else None
        plan = _compile(job, LiveView(kernel, tracefs), command)
        notes = Notes(is_on=job.is_verbose)
        if job.stages:
            return 0
        notes.say_plan(plan)
        if job.is_dry_run:
            with notes.explaining():
                load(plan.object, kernel).close()
            return 0
        sink = job.make_sink(owned.enter_context(_open_output(job.output)))
        with notes.explaining():
            session = owned.enter_context(Session(plan, kernel, tracefs, sink, render=job.render))
        _run_session(session, command, job.pid)
        notes.say_session(session)
        return session.exit_code


def require_privilege(kernel: Kernel) -> None:
    """Raise `PrivilegeError` that names what is missing, before anything is tried."""
    held = effective_capabilities(kernel)
    missing = [one for one in needed_capabilities("bpf(BPF_PROG_LOAD)") if one not in held]
    if missing and "CAP_SYS_ADMIN" not in held:
        names = " and ".join(missing)
        raise PrivilegeError(
            f"tracing needs {names} (or CAP_SYS_ADMIN), which this process lacks\n"
            "hint: run seismo as root, or give it the capabilities; `seismo doctor` says more"
        )


def _compile(job: Job, view: LiveView, command: Command | None) -> Plan:
    """The plan; warnings go to standard error, wanted stages to standard output."""
    command_pid = command.pid if command else 0
    traced_pid = job.pid or (command_pid if job.is_tree else 0)
    options = LowerOptions(
        possible_cpus=view.possible_cpus(),
        filter=TaskFilter(traced_pid, and_children=job.is_tree),
        command_pid=command_pid,
        ring_bytes=job.ring_bytes,
    )
    on_stage = stage_printer(job.stages, sys.stdout) if job.stages else None
    compiled = compile_script(job.source, view, options, job.parameters, on_stage)
    for warning in compiled.warnings:
        print(warning, file=sys.stderr)
    return compiled.plan


def _run_session(session: Session, command: Command | None, pid: int) -> None:
    """Run until exit(), a signal, or the end of the command or process."""
    with ExitStack() as owned:
        interrupt = owned.enter_context(Interrupt())
        ended_fd = command.exit_fd if command else owned.enter_context(_process_fd(pid))
        session.start()
        session.drain()
        if command:
            command.release()
        wake_fds = tuple(fd for fd in (interrupt.wake_fd, ended_fd) if fd >= 0)
        while not (session.exit_requested or interrupt.is_set):
            if any(fd in wake_fds for fd in session.poll(-1, *wake_fds)):
                break
        session.finish()


@contextmanager
def _open_output(path: str) -> Iterator[BinaryIO]:
    """Where output goes: the file of `-o`, else standard output."""
    if not path:
        yield sys.stdout.buffer
        return
    try:
        file = open(path, "wb")  # noqa: SIM115
    except OSError as error:
        raise InputError(f"cannot write the output {path}: {error.strerror}") from error
    with file:
        yield file


@contextmanager
def _process_fd(pid: int) -> Iterator[int]:
    """A pidfd that becomes readable when the process of `-p` ends; -1 without one."""
    if not pid:
        yield -1
        return
    try:
        fd = os.pidfd_open(pid)
    except OSError as error:
        raise InputError(f"-p {pid}: {error.strerror}") from error
    try:
        yield fd
    finally:
        os.close(fd)
