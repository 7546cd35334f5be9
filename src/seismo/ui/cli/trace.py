"""`seismo -e/FILE/-`: compile, load, attach, print until it ends, and clean up."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import BinaryIO

from seismo.base.errors import BpfError
from seismo.base.source import Source
from seismo.compiler import compile_script
from seismo.kernel.live import LiveKernel
from seismo.kernel.privilege import effective_capabilities, needed_capabilities
from seismo.kernel.protocol import Kernel
from seismo.kernel.tracefs import Tracefs
from seismo.lower.resources import LowerOptions
from seismo.objects.load import load
from seismo.session import Session
from seismo.ui.cli.command import Command
from seismo.ui.cli.interrupt import Interrupt
from seismo.ui.cli.notes import Notes
from seismo.ui.cli.options import TraceOptions, task_filter
from seismo.ui.cli.sinks import make_sink
from seismo.ui.cli.stages import check_stages, stage_printer
from seismo.views import LiveView

__all__ = (
    "InputError",
    "PrivilegeError",
    "open_output",
    "read_source",
    "require_privilege",
    "run_session",
    "run_trace",
)


class InputError(BpfError):
    """A script, an output file or a process that was named cannot be used."""


class PrivilegeError(BpfError):
    """This process may not trace."""


def run_trace(options: TraceOptions) -> int:
    """Run a script as the options say; the exit status."""
    check_stages(options.stages)
    source = read_source(options)
    kernel = LiveKernel()
    with ExitStack() as owned:
        if not options.stages:
            require_privilege(kernel)
        tracefs = owned.enter_context(Tracefs(kernel))
        view = LiveView(kernel, tracefs)
        command = owned.enter_context(Command(options.command)) if options.command else None
        command_pid = command.pid if command else 0
        lower = LowerOptions(
            possible_cpus=view.possible_cpus(),
            filter=task_filter(options.pid, command_pid, is_tree=options.is_tree),
            command_pid=command_pid,
            ring_bytes=options.ring_bytes,
        )
        on_stage = stage_printer(options.stages, sys.stdout) if options.stages else None
        compiled = compile_script(source, view, lower, options.parameters, on_stage)
        for warning in compiled.warnings:
            print(warning, file=sys.stderr)
        if options.stages:
            return 0
        notes = Notes(is_on=options.is_verbose)
        notes.say_plan(compiled.plan)
        if options.is_dry_run:
            with notes.explaining():
                load(compiled.plan.object, kernel).close()
            return 0
        stream = owned.enter_context(open_output(options.output))
        sink = make_sink(options.format, stream, is_quiet=options.is_quiet)
        with notes.explaining():
            session = owned.enter_context(Session(compiled.plan, kernel, tracefs, sink))
        status = run_session(session, command, options.pid)
        notes.say_session(session)
        return status


def run_session(session: Session, command: Command | None, pid: int) -> int:
    """Run until exit(), a signal, or the end of the command or process; the exit status."""
    with ExitStack() as owned:
        interrupt = owned.enter_context(Interrupt())
        ended_fd = command.exit_fd if command else owned.enter_context(process_fd(pid))
        session.start()
        session.drain()
        if command:
            command.release()
        wake_fds = tuple(fd for fd in (interrupt.wake_fd, ended_fd) if fd >= 0)
        while not (session.exit_requested or interrupt.is_set):
            if any(fd in wake_fds for fd in session.poll(-1, *wake_fds)):
                break
        session.finish()
    return session.exit_code


def read_source(options: TraceOptions) -> Source:
    """The script text; the command line and standard input are both called `stdin`."""
    if options.program is not None:
        return Source("stdin", options.program)
    if options.file == "-":
        return Source("stdin", sys.stdin.read())
    try:
        with open(options.file, encoding="utf-8", errors="surrogateescape") as file:
            return Source(options.file, file.read())
    except OSError as error:
        raise InputError(f"cannot read the script {options.file}: {error.strerror}") from error


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


@contextmanager
def open_output(path: str) -> Iterator[BinaryIO]:
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
def process_fd(pid: int) -> Iterator[int]:
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
