"""What a program reserves in the ring and never finishes: it is given up, and that is told of."""

from __future__ import annotations

from io import BytesIO

import pytest
from engine_cases import OPENAT, PLACES, plan_of

from seismo.builtin.options import NO_FILTER
from seismo.engine.listed import ListedSource
from seismo.engine.run import open_run
from seismo.output.text import TextSink

_MOST_FDS = 100


def test_what_lies_behind_an_unfinished_record_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seismo.session._UNFINISHED_SECONDS", 0.01)
    source = ListedSource([], PLACES)
    script = f'BEGIN {{ printf("shown\\n"); }} {OPENAT} {{ }} END {{ printf("behind\\n"); }}'
    stream, errors = BytesIO(), BytesIO()
    sink = TextSink(stream, errors, is_quiet=True)
    with open_run(plan_of(script, source, 0, NO_FILTER), source, sink) as run:
        run.session.start()
        run.session.drain()
        events = next(ring for fd in range(_MOST_FDS) if (ring := run.kernel.ring(fd)) is not None)
        events.reserve(8)
        run.session.finish()
    assert stream.getvalue().decode().strip() == "shown"
    told = "bytes of records are not shown: a program has not finished the first of them\n"
    assert errors.getvalue().decode() == f"warning: 32 {told}", "what END printed is behind it"
