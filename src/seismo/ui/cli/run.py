"""`run_job`: a script from text to its end, for the tracing command and for the tools alike."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import BinaryIO

from seismo.base.dataclass import dataclass
from seismo.base.errors import BpfError
from seismo.base.source import Source
from seismo.builtin.options import LowerOptions
from seismo.compiler import Compiled, Inputs, OnStage, compile_script
from seismo.events.kinds import EventLayout
from seismo.kernel.live import LiveKernel
from seismo.kernel.pid_namespace import pid_namespace
from seismo.kernel.protocol import Kernel
from seismo.kernel.tracefs import Tracefs
from seismo.output.sink import Sink
from seismo.plan import Plan
from seismo.probes.view import KernelView
from seismo.session import Render, Session
from seismo.ui.cli.command import Command
from seismo.ui.cli.engine import Engine, Opened
from seismo.ui.cli.errors import InputError, RunError
from seismo.ui.cli.loop import Run, bpf_refusal, refusals, require_privilege, run_session
from seismo.ui.cli.machine import AS_IT_IS, Machine, live_view
from seismo.ui.cli.notes import Notes
from seismo.ui.cli.progress import NO_PROGRESS, Progress
from seismo.ui.cli.schedule import OPEN_END, Schedule
from seismo.ui.cli.target import open_output, process_fd
from seismo.ui.cli.tasks import EVERYBODY, Tasks, task_filter
from seismo.ui.cli.terminal import has_color, painted

__all__ = ("Job", "Prepared", "prepared", "run_job", "taken_source")


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A script and how it is to be run.

    `inputs` says, too, whether tests or benchmarks are run instead; `machine` is what to
    believe of the machine. Where the script cannot be compiled for this kernel, one of the `others`
    does the same, the first that can; if none can, `tells_last` complains of the last alone.
    `engine` is one of `ENGINES`; `kernel_only` says why the user engine is none for this.
    """

    source: Source
    make_sink: Callable[[BinaryIO], Sink]
    render: Callable[[EventLayout], Render]
    inputs: Inputs
    others: tuple[Source, ...] = ()
    tells_last: bool = False
    schedule: Schedule = OPEN_END
    progress: Progress = NO_PROGRESS
    tasks: Tasks = EVERYBODY
    machine: Machine = AS_IT_IS
    ring_bytes: int = 0
    reports_helper_errors: bool = False
    output: str = ""
    is_verbose: bool = False
    has_warnings: bool = True
    engine: str = "auto"
    kernel_only: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A job's engine, and what became of its script there: `source` is the one that was taken."""

    engine: Engine
    source: Source
    compiled: Compiled
    command: Command | None


def run_job(job: Job) -> int:
    """Compile, load, attach, print until it ends, and clean up; the exit status."""
    with prepared(job, is_loaded=True) as ready, ExitStack() as owned:
        plan = ready.compiled.plan
        notes = Notes(is_on=job.is_verbose)
        notes.say_plan(plan)
        sink = job.make_sink(owned.enter_context(open_output(job.output)))
        owned.callback(job.progress.wipe)
        with refusals(notes):
            _check_work(plan, job.inputs.mode)
            opened = owned.enter_context(ready.engine.open(plan, sink))
            session = opened.session
            if job.inputs.mode == "test":
                return int(not session.run_tests())
            if job.inputs.mode == "bench":
                return int(not session.run_benches())
            run_session(
                session,
                Run(
                    plan=plan,
                    schedule=job.schedule,
                    progress=job.progress,
                    command=ready.command,
                    ended_fd=ready.engine.ended_fd,
                    begin=opened.begin,
                    is_over=opened.is_over,
                ),
            )
        notes.say_session(session)
        if ready.command:
            ready.command.check()
            notes.say_command(ready.command)
        return session.exit_code


def taken_source(job: Job) -> Source:
    """The job's script that this kernel takes; the first where that cannot be found out."""
    try:
        with prepared(job) as ready:
            return ready.source
    except (BpfError, OSError):
        return job.source


@contextmanager
def prepared(
    job: Job, on_stage: OnStage | None = None, *, is_loaded: bool = False
) -> Iterator[Prepared]:
    """The script compiled, its command waiting; what is to be loaded needs privilege from the
    start. Warnings go to standard error."""
    with ExitStack() as owned:
        kernel = LiveKernel()
        is_by_kernel = _is_by_kernel(job, kernel) if is_loaded else job.engine != "user"
        if is_by_kernel and is_loaded:
            require_privilege(kernel)
        command = owned.enter_context(Command(job.tasks.command)) if job.tasks.command else None
        engine = owned.enter_context(
            _kernel_engine(job, kernel, command) if is_by_kernel else _user_engine(job, command)
        )
        notes = Notes(is_on=job.is_verbose)
        source, compiled = _compiled(job, engine, on_stage, notes)
        for warning in compiled.warnings if job.has_warnings else ():
            text = str(warning)
            print(painted(text) if has_color(os.environ) else text, file=sys.stderr)
        yield Prepared(engine=engine, source=source, compiled=compiled, command=command)


def _is_by_kernel(job: Job, kernel: Kernel) -> bool:
    """Whether the kernel is to run a job; says so where it is not asked because it would refuse."""
    if job.engine == "kernel" or (job.engine == "auto" and not job.tasks.command):
        return True
    why = bpf_refusal(kernel) if job.engine == "auto" else ""
    if job.engine == "auto" and not why:
        return True
    if job.kernel_only:
        hint = "docs/user-engine.md lists the tools that need no BPF"
        who = why or "--engine user"
        raise InputError(f"{who}: only a kernel tells this: {job.kernel_only}\nhint: {hint}")
    if why:
        print(
            f"note: {why}; so only what the command does is traced, from user space: its system "
            "calls, forks, execs and exits",
            file=sys.stderr,
        )
    return False


@contextmanager
def _kernel_engine(job: Job, kernel: Kernel, command: Command | None) -> Iterator[Engine]:
    with ExitStack() as owned:
        tracefs = owned.enter_context(Tracefs(kernel))
        ended_fd = (
            command.exit_fd
            if command
            else owned.enter_context(process_fd(job.tasks.pid, job.tasks.tid))
        )
        view = live_view(kernel, tracefs, job.machine, job.tasks.pid)

        @contextmanager
        def open_session(plan: Plan, sink: Sink) -> Iterator[Opened]:
            with Session(plan, kernel, tracefs, sink, render=job.render) as session:
                yield Opened(session=session)

        yield Engine(
            kernel=kernel,
            view=view,
            options=_lower_options(job, kernel, view, command.pid if command else 0),
            open=open_session,
            ended_fd=ended_fd,
        )


def _user_engine(job: Job, command: Command | None) -> AbstractContextManager[Engine]:
    from seismo.ui.cli.user_engine import (  # noqa: PLC0415 (lazy: docs/architecture.md)
        user_engine,
    )

    return user_engine(
        job.tasks,
        command,
        mode=job.inputs.mode,
        render=job.render,
        ring_bytes=job.ring_bytes,
        reports_helper_errors=job.reports_helper_errors,
    )


def _compiled(
    job: Job, engine: Engine, on_stage: OnStage | None, notes: Notes
) -> tuple[Source, Compiled]:
    """The first of the job's scripts that the engine takes; else what is wrong with each."""
    wrong: list[BpfError] = []
    for source in (job.source, *job.others):
        try:
            compiled = compile_script(source, engine.view, engine.options, job.inputs, on_stage)
            if job.others:
                engine.check(compiled.plan)
        except BpfError as error:
            wrong.append(error)
            continue
        if job.others:
            notes.say_script(source.name, wrong)
        return source, compiled
    if len(wrong) == 1 or job.tells_last:
        raise wrong[-1]
    raise RunError("\n".join(dict.fromkeys(map(str, wrong))))


def _lower_options(job: Job, kernel: Kernel, view: KernelView, command_pid: int) -> LowerOptions:
    boot_ns = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    return LowerOptions(
        possible_cpus=view.possible_cpus(),
        filter=task_filter(job.tasks, kernel, command_pid),
        command_pid=command_pid,
        ring_bytes=job.ring_bytes,
        pid_namespace=pid_namespace(),
        started_ns=boot_ns,
        tai_offset_ns=time.clock_gettime_ns(time.CLOCK_TAI) - boot_ns,
        reports_helper_errors=job.reports_helper_errors,
    )


def _check_work(plan: Plan, mode: str) -> None:
    """A script of tests alone has nothing to trace, and one without tests nothing to test."""
    wanted = {"test": len(plan.tests), "bench": len(plan.benches), "": plan.probe_count}
    if wanted[mode]:
        return
    if mode:
        raise RunError(f"the script has no {mode}: probe that --probe-filter lets through")
    raise RunError("there is nothing to attach\nhint: --test runs test: probes, --bench bench:")
