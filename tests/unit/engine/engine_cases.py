"""What tests of the user engine share: hits, and scripts that run over them."""

from __future__ import annotations

from collections.abc import Iterable
from io import BytesIO

from seismo.base.dataclass import dataclass
from seismo.base.source import Source as Text
from seismo.builtin.options import NO_FILTER, TaskFilter
from seismo.compiler import Inputs, compile_script
from seismo.engine.hit import Hit, Value
from seismo.engine.listed import ListedSource
from seismo.engine.places import Places, system_call_places
from seismo.engine.run import lower_options, open_run
from seismo.engine.view import EngineView
from seismo.output.text import TextSink
from seismo.plan import Plan
from seismo.runtime.losses import Losses
from seismo.vm.environment import Task

__all__ = ("CAT", "OPENAT", "PLACES", "Ran", "calls", "hit", "plan_of", "run_over")

PLACES = system_call_places("x86_64", 2)
OPENAT = "tracepoint:syscalls:sys_enter_openat"
CAT = Task(pid=7, tid=8, uid=1000, gid=100, comm=b"cat", cgroup_id=42)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What a script wrote, without the blank lines of its end, how it ended, and what became of its
    records."""

    output: str
    errors: str
    exit_code: int
    received: int
    losses: Losses


def hit(at: str = OPENAT, ns: int = 0, task: Task = CAT, cpu: int = 0, **arguments: Value) -> Hit:
    """A hit with these arguments."""
    return Hit(at=at, task=task, ns=ns, cpu=cpu, arguments=arguments)


def calls(count: int, step_ns: int = 1000) -> list[Hit]:
    """So many calls of openat(2), the n-th with flags n, at 0, step_ns and so on."""
    return [hit(ns=n * step_ns, filename=f"/tmp/{n}", flags=n) for n in range(count)]


def plan_of(script: str, source: ListedSource, ring_bytes: int, filter: TaskFilter) -> Plan:
    """A script compiled for the places of a source."""
    options = lower_options(source, ring_bytes=ring_bytes, filter=filter)
    inputs = Inputs(is_unsafe=True)
    return compile_script(Text("case.bt", script), EngineView(source.places), options, inputs).plan


def run_over(
    script: str,
    hits: Iterable[Hit] = (),
    *,
    places: Places = PLACES,
    ring_bytes: int = 0,
    filter: TaskFilter = NO_FILTER,
    wall_offset_ns: int = 0,
) -> Ran:
    """Run a script over hits to its end."""
    source = ListedSource(hits, places, wall_offset_ns=wall_offset_ns)
    stream, errors = BytesIO(), BytesIO()
    sink = TextSink(stream, errors, is_quiet=True)
    plan = plan_of(script, source, ring_bytes, filter)
    with open_run(plan, source, sink) as run:
        session = run.session
        session.start()
        run.kernel.start()
        while not (session.exit_requested or run.kernel.is_over):
            session.poll(-1)
        session.finish()
        return Ran(
            output=stream.getvalue().decode().rstrip("\n"),
            errors=errors.getvalue().decode(),
            exit_code=session.exit_code,
            received=session.received,
            losses=session.losses(),
        )
