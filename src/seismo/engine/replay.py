"""Scripts over hits that are all known: a recording's, or those of a test. No kernel, no privilege.

>>> source = recorded_source(read_recording("web.rec.gz"))
>>> plan = compile_script(script, EngineView(source.places), options).plan
>>> run_hits(plan, source, sink)

The same hits and the same plan give the same output: time is that of the hits.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from seismo.engine.hit import Hit
from seismo.engine.listed import ListedSource
from seismo.engine.places import Places, system_call_places
from seismo.engine.recording import Recording
from seismo.engine.run import open_run
from seismo.output.sink import Sink
from seismo.plan import Plan
from seismo.probes.format import TracepointFormat
from seismo.probes.wildcard import has_wildcard, wildcard

__all__ = ("listed_source", "recorded_source", "run_hits")

_FUNCTIONS = ("kprobe:", "kretprobe:")
_RAW = "rawtracepoint:"
_TRACEPOINT = "tracepoint:"
_SHOWN = 4


def recorded_source(recording: Recording) -> ListedSource:
    """The hits of a recording, whose places are those that it was made of."""
    header = recording.header
    known = {**system_call_places(header.machine).tracepoints, **recording.formats}
    places = _places(
        known,
        (*header.probes, *{hit.at: None for hit in recording.hits}),
        machine=header.machine,
        cpus=header.cpus,
        absence=f"the recording has {_shortened(header.probes)}; `seismo record` records others",
    )
    return ListedSource(recording.hits, places, wall_offset_ns=header.wall_offset_ns)


def listed_source(
    hits: Sequence[Hit], formats: Mapping[str, TracepointFormat], machine: str
) -> ListedSource:
    """Hits as a test lists them. Its places are those of system calls and processes, the
    tracepoints of `formats`, and the functions and raw tracepoints of the hits."""
    known = {**system_call_places(machine).tracepoints, **formats}
    places = _places(
        known,
        (f"{_TRACEPOINT}*", f"{_RAW}sys_enter", f"{_RAW}sys_exit", *{hit.at: None for hit in hits}),
        machine=machine,
        cpus=1 + max((hit.cpu for hit in hits), default=0),
        absence="no event of the test is there; a tracepoint may have its format in a section "
        "`-- format CATEGORY:NAME`",
    )
    return ListedSource(hits, places)


def run_hits(plan: Plan, source: ListedSource, sink: Sink) -> int:
    """Run a plan over all hits, or until it calls exit(); its exit code."""
    with open_run(plan, source, sink) as run:
        run.session.start()
        run.session.drain()
        run.kernel.start()
        while not (run.session.exit_requested or run.kernel.is_over):
            run.session.poll(0)
        run.session.finish()
        return run.session.exit_code


def _places(
    known: Mapping[str, TracepointFormat],
    probes: Iterable[str],
    *,
    machine: str,
    cpus: int,
    absence: str,
) -> Places:
    """The places that attach points and wildcards name: a wildcard means tracepoints alone, of
    which it is known what there are."""
    tracepoints: dict[str, TracepointFormat] = {}
    functions: set[str] = set()
    raw: set[str] = set()
    for probe in probes:
        name = probe.partition(":")[2]
        if probe.startswith(_TRACEPOINT):
            matches = wildcard(name).fullmatch
            found = filter(matches, known) if has_wildcard(name) else (name,)
            tracepoints.update({one: known[one] for one in found if one in known})
        elif has_wildcard(name):
            continue
        elif probe.startswith(_FUNCTIONS):
            functions.add(name)
        elif probe.startswith(_RAW):
            raw.add(name)
    return Places(
        tracepoints=tracepoints,
        functions=frozenset(functions),
        raw_tracepoints=frozenset(raw),
        machine=machine,
        cpus=cpus,
        absence=absence,
    )


def _shortened(probes: Sequence[str]) -> str:
    more = len(probes) - _SHOWN
    return ", ".join(probes[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
