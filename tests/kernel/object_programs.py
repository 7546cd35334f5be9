"""Programs of one object that the tests attach: each is called `counter` and counts in `runs`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from bpf_programs import ProgramWriter, counter_map, u32
from seismo.base.dataclass import replace
from seismo.isa.prog_types import AttachType, ProgType
from seismo.kernel.live import LiveKernel
from seismo.objects.load import Loaded, load
from seismo.spec.types import MapSpec, ObjectSpec, ProgramSpec

__all__ = ("loaded_one", "plain_counter", "runs")


def plain_counter(type_: ProgType, attach_type: AttachType | None, verdict: int) -> ProgramSpec:
    """Counts its runs and returns `verdict`."""
    asm = ProgramWriter()
    asm.count("runs")
    asm.returns(verdict)
    return replace(asm.spec("counter", type_), expected_attach_type=attach_type)


@contextmanager
def loaded_one(kernel: LiveKernel, program: ProgramSpec, *maps: MapSpec) -> Iterator[Loaded]:
    """The program, the map that it counts in, and `maps`."""
    with load(ObjectSpec(maps=(counter_map("runs"), *maps), programs=(program,)), kernel) as one:
        yield one


def runs(loaded: Loaded, name: str = "runs") -> int:
    """What a program has counted so far."""
    value = loaded.maps[name].get(u32(0))
    return int.from_bytes(value, sys.byteorder, signed=True)
