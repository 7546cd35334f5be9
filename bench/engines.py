"""How long the virtual machine takes for a run of a program, by each of its engines.

Every round runs each engine for a while, one after the other. A run is what a hit costs: the frame
and the context are part of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from time import perf_counter_ns

from bench.sample import Sample
from bench.table import Section
from seismo.base.errors import NotSupported
from seismo.isa.map_types import MapType
from seismo.isa.parse import parse_listing
from seismo.spec.types import MapSpec
from seismo.vm.environment import Environment, Task
from seismo.vm.machine import Engine, Machine
from seismo.vm.maps.create import create_maps

__all__ = ("PROGRAMS", "measure_engines")

_ENGINES: tuple[Engine, ...] = ("interpreted", "translated", "native")
_CONTEXT = bytes(range(200))
_ROUND_NS = 50_000_000
_LEAST_RUNS = 3


@dataclass(frozen=True, slots=True)
class Program:
    """A program over a context of 200 bytes and a map `counts`, as a listing."""

    title: str
    listing: str


PROGRAMS = (
    Program(
        "1000 turns of a loop",
        "r0 = 0; r1 = 0; r0 += r1; r0 ^= 23505; r1 += 1; if r1 < 0x3e8 goto pc-4; exit",
    ),
    Program(
        "200 bytes summed and copied",
        "r6 = r1; r0 = 0; r2 = r10; r2 += -256; r1 = 0; "
        "r3 = r6; r3 += r1; r4 = *(u8 *)(r3 +0); r5 = r2; r5 += r1; *(u8 *)(r5 +0) = r4; "
        "r0 += r4; r1 += 1; if r1 < 0xc8 goto pc-9; exit",
    ),
    Program(
        "a count in a map, by name",
        "r1 = r10; r1 += -16; r2 = 16; call get_current_comm#16; "
        "r1 = map[fd:0]; r2 = r10; r2 += -16; call map_lookup_elem#1; if r0 == 0x0 goto pc+4; "
        "r1 = 1; lock *(u64 *)(r0 +0) += r1; r0 = 0; exit; "
        "*(u64 *)(r10 -24) = 1; r1 = map[fd:0]; r2 = r10; r2 += -16; r3 = r10; r3 += -24; r4 = 0; "
        "call map_update_elem#2; r0 = 0; exit",
    ),
)
"""Computing, memory, and helpers, which are Python by whatever engine they are called."""


def measure_engines(rounds: int) -> Section:
    """A row a program: what one run takes, and its part of what the interpreter takes."""
    return Section(
        name="engines",
        title=f"A run in the virtual machine: median (min – max) of {rounds} rounds",
        header=("what", *_ENGINES),
        rows=tuple([_row(program, rounds) for program in PROGRAMS]),
        notes=(
            "to make: 0.3 ms to interpret, 1 ms to translate, 20 ms for native code of programs as "
            "small as these, and 0.05 s once to import llvmlite",
        ),
    )


def _row(program: Program, rounds: int) -> tuple[str, ...]:
    machines = {engine: machine for engine in _ENGINES for machine in _made(program, engine)}
    times: dict[Engine, list[float]] = {engine: [] for engine in machines}
    for _ in range(rounds):
        for engine, machine in machines.items():
            times[engine].append(_run_us(machine))
    samples = {engine: Sample(tuple(values)) for engine, values in times.items()}
    plain = samples["interpreted"]
    return (program.title, *[_cell(samples.get(engine), plain) for engine in _ENGINES])


def _made(program: Program, engine: Engine) -> Iterator[Machine]:
    counts = MapSpec(name="counts", type=MapType.HASH, key_size=16, value_size=8, max_entries=64)
    insns = parse_listing(program.listing.replace("; ", "\n"))
    environment = Environment(task=Task(pid=1, tid=1, comm=b"bench"))
    try:
        yield Machine(insns, create_maps([counts]), engine=engine, environment=environment)
    except NotSupported:
        return


def _run_us(machine: Machine) -> float:
    """What one run takes in a round of many."""
    runs, begin = 0, perf_counter_ns()
    while runs < _LEAST_RUNS or perf_counter_ns() - begin < _ROUND_NS:
        machine.run(_CONTEXT)
        runs += 1
    return (perf_counter_ns() - begin) / runs / 1000


def _cell(sample: Sample | None, plain: Sample) -> str:
    if sample is None:
        return "not installed"
    text = f"{sample.median:.1f} ({sample.low:.1f} – {sample.high:.1f}) µs"
    return text if sample is plain else f"{text}, {sample.median / plain.median:.3f}x"
