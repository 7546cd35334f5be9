"""The formats that need no tracefs are those that tracefs has, where the kernel has the place."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from seismo.engine.places import system_call_places
from seismo.kernel.live import LiveKernel
from seismo.kernel.tracefs import Tracefs
from seismo.probes.format import parse_format

pytestmark = pytest.mark.kernel

RELEASE = tuple(map(int, os.uname().release.split(".")[:2]))
KNOWN = system_call_places(os.uname().machine).tracepoints


@pytest.fixture
def tracefs() -> Iterator[Tracefs]:
    with Tracefs(LiveKernel()) as found:
        yield found


@pytest.mark.skipif(RELEASE != (6, 18), reason="the formats are those of Linux 6.18")
def test_formats_are_those_of_tracefs(tracefs: Tracefs) -> None:
    there = [one for one in tracefs.events() if one in KNOWN]
    assert len(there) > 600
    for one in there:
        category, name = one.split(":")
        assert KNOWN[one] == parse_format(category, tracefs.format_text(category, name))


def test_every_system_call_of_the_kernel_is_known(tracefs: Tracefs) -> None:
    if RELEASE > (6, 18):
        pytest.skip("newer kernels have more system calls")
    calls = {one for one in tracefs.events() if one.startswith("syscalls:")}
    assert calls - set(KNOWN) == set()
