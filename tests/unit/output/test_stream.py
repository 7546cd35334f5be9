"""When text is passed on, by the kind of buffering."""

from __future__ import annotations

import io
import os
import signal
import threading

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


def test_what_a_signal_cut_off_is_written_after_it() -> None:
    """A pipe that is full takes a part; a signal's handler then ends the call with that part."""
    reader, writer = os.pipe()
    expected = b"".join(b"%d\n" % number for number in range(100_000))
    received = bytearray()

    def read(_number: int, _frame: object) -> None:
        # The pipe has had its 64 KiB by now: the writer waits within write(2).
        received.extend(os.read(reader, 1000))
        thread.start()

    def read_all() -> None:
        while chunk := os.read(reader, 1 << 16):
            received.extend(chunk)

    thread = threading.Thread(target=read_all)
    previous = signal.signal(signal.SIGALRM, read)
    try:
        with open(writer, "wb", buffering=0) as target:
            stream = Stream(target)
            stream.add(expected.decode())
            signal.setitimer(signal.ITIMER_REAL, 0.2)
            stream.flush()
    finally:
        signal.signal(signal.SIGALRM, previous)
        thread.join()
        os.close(reader)
    assert received == expected


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
