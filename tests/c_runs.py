"""Programs of C, compiled and run once: by the machine in user space or by a kernel.

>>> with c_run("int f(void *ctx) { return 42; }", VmKernel()) as ran:
...     ran.retval
42
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from struct import pack

from seismo.base.source import Source
from seismo.c.compile import build_program, compile_c
from seismo.c.flavour import RAW_TRACEPOINT, Flavour
from seismo.c.tables import LOST, lost_offsets, map_specs, map_types
from seismo.c.tree import Unit
from seismo.kernel.protocol import Kernel
from seismo.objects.load import Loaded, load
from seismo.objects.map import Map
from seismo.probes.view import KernelView
from seismo.spec.types import ObjectSpec
from seismo.views import RecordedView

RECORDED = RecordedView(Path(__file__).parent / "recorded" / "6.18")
"""A kernel's types and tracepoints, the same on every machine."""


@dataclass
class Ran:
    """What a program answered, and what it left."""

    retval: int
    data: bytes
    loaded: Loaded
    unit: Unit

    def map(self, name: str) -> Map:
        """A table's map."""
        return self.loaded.maps[name]

    def items(self, name: str) -> dict[int, int]:
        """A table of integers."""
        return {_number(key): _number(value) for key, value in self.map(name).items()}

    def lost(self, name: str) -> int:
        """How many records a table could not send."""
        offset = lost_offsets(self.unit)[name]
        return _number(self.map(LOST).get(bytes(4))[offset : offset + 8])


def _number(data: bytes) -> int:
    return int.from_bytes(data, "little")


def c_unit(text: str, view: KernelView = RECORDED) -> Unit:
    """The checked tree of a text."""
    return compile_c(Source("test.c", text), view)


@contextmanager
def c_loaded(
    text: str,
    kernel: Kernel,
    flavours: Mapping[str, Flavour] | None = None,
    view: KernelView = RECORDED,
) -> Iterator[tuple[Loaded, Unit]]:
    """The program with its maps; all functions that are not static, raw tracepoints by default."""
    unit = c_unit(text, view)
    programs = tuple(
        build_program(unit, name, (flavours or {}).get(name, RAW_TRACEPOINT), view)
        for name, function in unit.functions.items()
        if not function.is_static
    )
    spec = ObjectSpec(maps=map_specs(unit), programs=programs, btf=map_types(unit))
    with load(spec, kernel) as loaded:
        yield loaded, unit


@contextmanager
def c_run(
    text: str,
    kernel: Kernel,
    args: Sequence[int] = (),
    *,
    flavour: Flavour = RAW_TRACEPOINT,
    packet: bytes = b"",
    repeat: int = 1,
    view: KernelView = RECORDED,
) -> Iterator[Ran]:
    """Run the function `f` of a text: as a raw tracepoint, with its arguments, or on a packet."""
    with c_loaded(text, kernel, {"f": flavour}, view) as (loaded, unit):
        ctx = b"" if packet else pack(f"<{len(args)}Q", *(one & (1 << 64) - 1 for one in args))
        for _ in range(repeat):
            run = loaded.programs["f"].test_run(data=packet, ctx=ctx)
        yield Ran(run.retval, run.data, loaded, unit)
