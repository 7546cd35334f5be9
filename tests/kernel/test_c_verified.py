"""Programs of C that not every kernel loads (fentry, LSM), verified in user space."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kernel_release import only_on
from seismo.base.source import Source
from seismo.btf.spec import VMLINUX, Btf
from seismo.c.compile import build_program, compile_c
from seismo.c.flavour import flavour_of
from seismo.c.tables import map_specs
from seismo.isa.prog_types import ProgType
from seismo.kernel.live import LiveKernel
from seismo.kernel.tracefs import Tracefs
from seismo.verifier.check import Types, verify
from seismo.views import LiveView

pytestmark = [pytest.mark.kernel, only_on(6, 18)]

PROGRAMS = Path(__file__).parents[1] / "unit" / "c" / "programs"


@pytest.fixture
def view(kernel: LiveKernel) -> Iterator[LiveView]:
    with Tracefs(kernel) as tracefs:
        yield LiveView(kernel, tracefs)


@pytest.mark.parametrize("name", ["mptcpify", "vfsstat"])
def test_a_program_is_accepted(name: str, view: LiveView) -> None:
    text = (PROGRAMS / f"{name}.c").read_text(encoding="utf-8")
    unit = compile_c(Source(f"{name}.c", text), view)
    maps, types = {one.name: one for one in map_specs(unit)}, Types(Btf.open(VMLINUX))
    checked = []
    for function in unit.functions.values():
        flavour = flavour_of(function.name)
        if not function.is_static and flavour.type in (ProgType.TRACING, ProgType.LSM):
            verdict = verify(build_program(unit, function.name, flavour, view), maps, types=types)
            assert verdict.is_accepted, str(verdict)
            checked.append(function.name)
    assert checked
