"""When text is passed on, by the kind of buffering."""

from __future__ import annotations

import io

import pytest

from seismo.base.source import NOWHERE
from seismo.output.stream import Buffering, Stream
from seismo.output.trial import TrialSink


@pytest.mark.parametrize(
    ("buffering", "after_add", "after_flush"),
    [
        (Buffering.NONE, b"a", b"a"),
        (Buffering.LINE, b"", b"a"),
        (Buffering.FULL, b"", b""),
    ],
)
def test_when_text_is_written(buffering: Buffering, after_add: bytes, after_flush: bytes) -> None:
    target = io.BytesIO()
    stream = Stream(target, buffering)
    stream.add("a")
    assert target.getvalue() == after_add
    stream.flush()
    assert target.getvalue() == after_flush
    stream.flush(is_last=True)
    assert target.getvalue() == b"a"


def test_a_full_buffer_is_written() -> None:
    target = io.BytesIO()
    stream = Stream(target, Buffering.FULL)
    for _ in range(3):
        stream.add("x" * 30_000)
        stream.flush()
    assert len(target.getvalue()) == 90_000


def test_a_trial_keeps_all_output_as_one_text_and_counts_errors() -> None:
    sink = TrialSink()
    sink.time("12:00\n")
    sink.errorf("bad", NOWHERE)
    sink.warnf("hm", NOWHERE)
    sink.join("a b")
    assert sink.errors == 1
    sink.runtime_error("division by 0", NOWHERE)
    sink.helper_error("map_update_elem", -7, NOWHERE)
    assert sink.errors == 3
    assert sink.text.splitlines()[:4] == [
        "12:00",
        "<generated>:1:1: ERROR: bad",
        "<generated>:1:1: WARNING: hm",
        "a b",
    ]
