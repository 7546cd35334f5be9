"""A run of a plan without a kernel: its session, over the hits of a source.

>>> with open_run(plan, source, sink) as run:
...     run.session.start()
...     run.kernel.start()
...     while not (run.session.exit_requested or run.kernel.is_over):
...         run.session.poll(-1)
...     run.session.finish()
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from seismo.base.dataclass import dataclass
from seismo.builtin.options import NO_FILTER, LowerOptions, TaskFilter
from seismo.engine.kernel import VmKernel
from seismo.engine.source import Source
from seismo.events.stack import Frame
from seismo.kernel.tracefs import Tracefs
from seismo.objects.load import load
from seismo.output.sink import Sink
from seismo.plan import Plan
from seismo.runtime.actions import MakeRender, as_text
from seismo.runtime.resolve import LiveResolver
from seismo.session import Session

__all__ = ("EngineRun", "check_plan", "lower_options", "open_run")


@dataclass(frozen=True, slots=True)
class EngineRun:
    """What `open_run` opens: both are closed with it."""

    session: Session
    kernel: VmKernel


@contextmanager
def open_run(
    plan: Plan, source: Source, sink: Sink, *, render: MakeRender = as_text
) -> Iterator[EngineRun]:
    """Load a plan that was compiled for the places of `source`; what goes wrong in its programs is
    told to `sink`. The source stays the caller's to close.

    Raises SyscallError for what the machine has not.
    """
    kernel = VmKernel(source, programs=plan.object.programs, warn=sink.warning)
    resolver = LiveResolver(kernel) if source.is_live else _ListedResolver(kernel, source)
    with (
        Tracefs(kernel) as tracefs,
        Session(
            plan,
            kernel,
            tracefs,
            sink,
            render=render,
            attach=kernel.attach,
            resolver=resolver,
            has_kernel_memory=False,
        ) as session,
    ):
        yield EngineRun(session, kernel)


def check_plan(plan: Plan, kernel: VmKernel) -> None:
    """Raise what refuses a plan: NotSupported or NotInKernel for a place of its own that no hit
    comes from, SyscallError for what the machine has not."""
    with load(plan.object, kernel) as loaded:
        for one in plan.attachments:
            if not one.may_fail and plan.settings.missing_probes == "error":
                kernel.attach(loaded.programs[one.program], one.at).close()


def lower_options(
    source: Source,
    *,
    filter: TaskFilter = NO_FILTER,
    command_pid: int = 0,
    ring_bytes: int = 0,
    reports_helper_errors: bool = False,
) -> LowerOptions:
    """How a script is compiled for the hits of `source`; tasks are counted as they tell them."""
    started_ns, tai_offset_ns = source.started_ns, 0
    if source.is_live:
        started_ns = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        tai_offset_ns = time.clock_gettime_ns(time.CLOCK_TAI) - started_ns
    return LowerOptions(
        possible_cpus=source.places.cpus,
        filter=filter,
        command_pid=command_pid,
        ring_bytes=ring_bytes,
        started_ns=started_ns,
        tai_offset_ns=tai_offset_ns,
        reports_helper_errors=reports_helper_errors,
    )


class _ListedResolver(LiveResolver):
    """Of what happened elsewhere, or never, this machine knows no symbols and no cgroups."""

    def __init__(self, kernel: VmKernel, source: Source) -> None:
        super().__init__(kernel)
        self._now_ns = kernel.now_ns
        self._wall_offset_ns = source.wall_offset_ns

    def kernel_frames(self, addresses: Sequence[int]) -> Sequence[Frame]:
        return [Frame(address) for address in addresses]

    def _kernel_frame(self, address: int) -> Frame:
        return Frame(address)

    def wall_now_ns(self) -> int:
        return self._now_ns() + self._wall_offset_ns

    def wall_ns(self, clock: str, ns: int) -> int:
        return ns + self._wall_offset_ns

    def cgroup_path(self, number: int, hierarchies: str) -> str:
        return ""
