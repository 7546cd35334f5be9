"""Lines of the trace pipe, as kernels of several ages write them, and their way through it."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path

import pytest

from seismo.bcc.trace_api import TraceApi
from seismo.bcc.trace_pipe import Fields, TracePipe, parse_line

_SIX_NONES = (None,) * 6


@pytest.mark.parametrize(
    ("line", "fields"),
    [
        pytest.param(
            b"         python3-971     [001] d..31    18.250000: bpf_trace_printk: hi there",
            (b"python3", 971, 1, b"d..31", 18.25, b"hi there"),
            id="5.9: the event's name",
        ),
        pytest.param(
            b"         derusbi-6572  [003] .... 55527.716367: 0x00000001: ptrace_attach called",
            (b"derusbi", 6572, 3, b"....", 55527.716367, b"ptrace_attach called"),
            id="before: an address",
        ),
        pytest.param(
            b"           <...>-12    [000] d... 5.5: : a: b",
            (b"<...>", 12, 0, b"d...", 5.5, b"a: b"),
            id="4.12: no name at all",
        ),
        pytest.param(
            b"    a-b [7] c: d-1234567 [127] d.h2.  0.000001: bpf_trace_printk: x - y: [1]",
            (b"a-b [7] c: d", 1234567, 127, b"d.h2.", 0.000001, b"x - y: [1]"),
            id="a task's name has any letters",
        ),
        pytest.param(
            b"            bash-10      (      9) [002] ..... 1.0: bpf_trace_printk: m",
            (b"bash", 10, 2, b".....", 1.0, b"m"),
            id="record-tgid",
        ),
    ],
)
def test_lines(line: bytes, fields: tuple[object, ...]) -> None:
    assert parse_line(line) == fields


@pytest.mark.parametrize(
    "line",
    [
        b"CPU:1 [LOST 17 EVENTS]",
        b"",
        b"a second line of a message",
        b"a second line of a message - with: a colon",
        b"          python3-x     [001] d..31    18.25: bpf_trace_printk: hi",
    ],
)
def test_what_is_no_message(line: bytes) -> None:
    with pytest.raises(ValueError):
        parse_line(line)


class _Directory:
    """What a pipe needs of a tracefs: where it is."""

    def __init__(self, root: Path) -> None:
        self.root = str(root)


@contextmanager
def _pipe(root: Path) -> Iterator[tuple[TracePipe, int]]:
    """A pipe of a file system that has no instances, and what writes to it."""
    os.mkfifo(root / "trace_pipe")
    with TracePipe(_Directory(root)) as pipe:
        pipe.open()
        writer = os.open(root / "trace_pipe", os.O_WRONLY)
        try:
            yield pipe, writer
        finally:
            os.close(writer)


def _message(task: str, text: str) -> bytes:
    return f"{task:>16}-7       [000] d..31     2.500000: bpf_trace_printk: {text}\n".encode()


def test_lines_come_one_by_one(tmp_path: Path) -> None:
    with _pipe(tmp_path) as (pipe, writer):
        assert pipe.read_line(0) == b""
        os.write(writer, b"first\n\nsecond  \nthi")
        assert [pipe.read_line(0) for _ in range(3)] == [b"first", b"second", b""]
        os.write(writer, b"rd\n")
        assert pipe.read_line() == b"third"


def test_fields_pass_over_what_is_no_message(tmp_path: Path) -> None:
    with _pipe(tmp_path) as (pipe, writer):
        api = TraceApi(pipe)
        assert api.trace_fields(nonblocking=True) == _SIX_NONES
        os.write(writer, b"CPU:0 [LOST 3 EVENTS]\n" + _message("cat", "one") + _message("ls", "x"))
        assert api.trace_fields() == Fields(b"cat", 7, 0, b"d..31", 2.5, b"one")
        task, pid, cpu, flags, ts, msg = api.trace_fields()
        assert (task, pid, cpu, flags, ts, msg) == (b"ls", 7, 0, b"d..31", 2.5, b"x")
        assert api.trace_readline(nonblocking=True) is None


@pytest.mark.parametrize(
    ("format_", "text"), [(None, _message("cat", "one").decode()), ("{1} {5}", "7 one\n")]
)
def test_print(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], format_: str | None, text: str
) -> None:
    class Full(Exception):
        pass

    class Out(io.StringIO):
        def flush(self) -> None:
            raise Full

    with _pipe(tmp_path) as (pipe, writer), redirect_stdout(Out()) as out:
        os.write(writer, _message("cat", "one"))
        with pytest.raises(Full):
            TraceApi(pipe).trace_print(format_)
    assert out.getvalue() == text


def test_an_instance_without_the_event_is_given_up(tmp_path: Path) -> None:
    (tmp_path / "instances").mkdir()
    with _pipe(tmp_path) as (pipe, writer):
        assert list((tmp_path / "instances").iterdir()) == []
        os.write(writer, b"line\n")
        assert pipe.read_line() == b"line"


def test_a_task_without_a_name_is_called_as_it_is_now(tmp_path: Path) -> None:
    with _pipe(tmp_path) as (pipe, writer):
        for pid in (os.getpid(), 4194304):
            os.write(writer, b"           <...>-%d   [000] d..31  2.5: bpf_trace_printk: x\n" % pid)
        api = TraceApi(pipe)
        own = Path("/proc/self/comm").read_bytes().strip()
        assert [api.trace_fields()[0] for _ in range(2)] == [own, b"<...>"]
