"""Whole programs in the manner of BCC's tools: compiled with the running kernel's types, and taken
by its verifier."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from seismo.base.source import Source
from seismo.c.compile import build_program, compile_c
from seismo.c.flavour import PERF_EVENT, Flavour, flavour_of
from seismo.c.tables import map_specs, map_types
from seismo.c.tree import FunctionDecl
from seismo.c.types import Pointer
from seismo.isa.prog_types import ProgType
from seismo.kernel.live import LiveKernel
from seismo.kernel.tracefs import Tracefs
from seismo.objects.load import load
from seismo.spec.types import ObjectSpec
from seismo.views import LiveView

pytestmark = pytest.mark.kernel

PROGRAMS = sorted((Path(__file__).parents[1] / "unit" / "c" / "programs").glob("*.c"))

# By the record that the context points to, where the function's name does not tell.
FLAVOURS = {
    "bpf_perf_event_data": PERF_EVENT,
    "xdp_md": Flavour(type=ProgType.XDP),
    "__sk_buff": Flavour(type=ProgType.SCHED_CLS),
}


@pytest.fixture
def view(kernel: LiveKernel) -> Iterator[LiveView]:
    with Tracefs(kernel) as tracefs:
        yield LiveView(kernel, tracefs)


def _flavour(function: FunctionDecl) -> Flavour:
    context = function.parameters[0].type
    record = getattr(context.target, "tag", "") if isinstance(context, Pointer) else ""
    return FLAVOURS.get(record) or flavour_of(function.name)


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_a_program_is_taken(path: Path, kernel: LiveKernel, view: LiveView) -> None:
    unit = compile_c(Source(path.name, path.read_text(encoding="utf-8")), view)
    functions = [one for one in unit.functions.values() if not one.is_static]
    programs = [build_program(unit, one.name, _flavour(one), view) for one in functions]
    # Kernels may lack fentry and LSM; what is compiled for them is compiled all the same.
    loadable = tuple(one for one in programs if one.type not in (ProgType.TRACING, ProgType.LSM))
    assert programs
    spec = ObjectSpec(maps=map_specs(unit), programs=loadable, btf=map_types(unit))
    with load(spec, kernel) as loaded:
        assert list(loaded.programs) == [one.name for one in loadable]
