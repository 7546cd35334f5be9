"""The engine that needs no privilege: seismo's own machine, over what a command is seen to do."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial

from seismo.base.dataclass import replace
from seismo.engine.kernel import VmKernel
from seismo.engine.listed import ListedSource
from seismo.engine.live.source import CommandSource
from seismo.engine.places import system_call_places
from seismo.engine.run import check_plan, lower_options, open_run
from seismo.engine.source import Source
from seismo.engine.view import EngineView
from seismo.output.sink import Sink
from seismo.plan import Plan
from seismo.runtime.actions import MakeRender
from seismo.ui.cli.command import Command
from seismo.ui.cli.engine import Engine, Opened
from seismo.ui.cli.errors import InputError
from seismo.ui.cli.tasks import Tasks, task_filter

__all__ = ("user_engine",)

_FOREIGN_CALLS = (
    "the command has run 32-bit programs, whose system calls only raw_syscalls:* and "
    "rawtracepoint:sys_* tell of, as with a kernel"
)


@contextmanager
def user_engine(
    tasks: Tasks,
    command: Command | None,
    *,
    mode: str,
    render: MakeRender,
    ring_bytes: int,
    reports_helper_errors: bool,
) -> Iterator[Engine]:
    """Trace `command`, which waits to be released; tests and benchmarks need none.

    Raises `InputError` for tasks that cannot be followed without the kernel's help, SyscallError
    where ptrace(2) is refused.
    """
    _check_tasks(tasks, mode)
    with ExitStack() as owned:
        source = owned.enter_context(_source(command))
        kernel = VmKernel(source)

        @contextmanager
        def open_session(plan: Plan, sink: Sink) -> Iterator[Opened]:
            with open_run(plan, source, sink, render=render) as run:
                yield Opened(
                    session=run.session, begin=run.kernel.start, is_over=lambda: run.kernel.is_over
                )
            if isinstance(source, CommandSource) and source.has_foreign_calls:
                sink.warning(_FOREIGN_CALLS)

        yield Engine(
            kernel=kernel,
            view=EngineView(source.places),
            options=lower_options(
                source,
                # Whatever is seen at all is of the command's family.
                filter=task_filter(replace(tasks, is_tree=False), kernel, 0),
                command_pid=command.pid if command else 0,
                ring_bytes=ring_bytes,
                reports_helper_errors=reports_helper_errors,
            ),
            open=open_session,
            check=partial(check_plan, kernel=kernel),
            ended_fd=source.ended_fd,
        )


@contextmanager
def _source(command: Command | None) -> Iterator[Source]:
    if command is None:
        machine = os.uname().machine
        yield ListedSource((), system_call_places(machine, os.cpu_count() or 1))
        return
    with CommandSource(*command.lend()) as source:
        yield source


def _check_tasks(tasks: Tasks, mode: str) -> None:
    if tasks.pid:
        raise InputError(
            "--engine user traces a command from its beginning, and no process that runs already\n"
            "hint: -c CMD runs one"
        )
    if tasks.cgroup or tasks.container:
        raise InputError(
            "--engine user cannot tell who is below a cgroup\n"
            "hint: -c traces its command and all that it starts; scripts know the `cgroup` of each"
        )
    if not tasks.command and not mode:
        raise InputError(
            "--engine user traces a command: give it with -c\n"
            "hint: `seismo replay` runs scripts over recordings, `seismo test` over lists of hits"
        )
