"""`test:name` and `bench:name`: probes that run on demand, with --test and --bench."""

from __future__ import annotations

import re

from seismo.isa.prog_types import ProgType
from seismo.probes.backend import Context, one_by_one
from seismo.probes.kind import ProbeKind, Target, TargetError
from seismo.probes.spec import AttachPoint
from seismo.spec.types import TestRunAttach

__all__ = ("BENCH", "TEST")

_NAME = re.compile(r"\w+", re.ASCII)


def _parse(text: str) -> Target:
    if not _NAME.fullmatch(text):
        raise TargetError(f"'{text}' is no name for a test", "write test:name or bench:name")
    return (text,)


def _attach(point: AttachPoint) -> TestRunAttach:
    return TestRunAttach()


TEST = ProbeKind(
    name="test",
    aliases=(),
    form="test:name",
    parse=_parse,
    choose=one_by_one(ProgType.XDP, Context.NONE, _attach),
    doc="A test, run by --test: it fails if it returns no 0, calls errorf() or exit(n), n not 0.",
)
BENCH = ProbeKind(
    name="bench",
    aliases=(),
    form="bench:name",
    parse=_parse,
    choose=one_by_one(ProgType.XDP, Context.NONE, _attach),
    doc="A benchmark, run by --bench until it has taken a millisecond; return 1 skips it.",
)
