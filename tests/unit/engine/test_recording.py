"""Recordings and hit lines: what is written is read back, and what is none is refused."""

from __future__ import annotations

import gzip
import io
import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seismo.base.errors import SourceError
from seismo.base.source import Source, Span
from seismo.engine.hit import Hit
from seismo.engine.recording import (
    Accounts,
    Header,
    Recording,
    RecordingError,
    RecordingWriter,
    read_recording,
    writing_stream,
)
from seismo.engine.recording_line import STEP_NS, format_hit, parse_hit
from seismo.probes.format import FormatField, TracepointFormat
from seismo.vm.environment import Task

HEADER = Header(
    machine="x86_64",
    release="6.18.0",
    cpus=4,
    wall_offset_ns=1_700_000_000_000_000_000,
    probes=("tracepoint:syscalls:*",),
    command="cat /etc/hostname",
)
FORMAT = TracepointFormat(
    "sched",
    "sched_switch",
    (
        FormatField(name="prev_comm", c_type="char[16]", offset=8, size=16, signed=False),
        FormatField(name="prev_pid", c_type="pid_t", offset=24, size=4, signed=True),
    ),
)
OPENED = Hit(
    at="tracepoint:syscalls:sys_enter_openat",
    ns=1_000,
    task=Task(pid=7, tid=8, uid=1000, gid=100, comm=b"cat", cgroup_id=42),
    arguments={"dfd": 0xFFFFFF9C, "filename": "/etc/hostname", "flags": 0},
)
ACCOUNTS = Accounts(produced=3, recorded=2, lost=1)

# What user space holds is any bytes without a NUL, which a str has as surrogate escapes.
texts = st.binary(max_size=20).map(
    lambda data: data.replace(b"\0", b"").decode("utf-8", "surrogateescape")
)
numbers = st.integers(-(1 << 63), (1 << 64) - 1)
values = st.one_of(
    numbers,
    texts,
    st.binary(max_size=12),
    st.lists(numbers, max_size=3).map(tuple),
    st.lists(texts, max_size=3).map(tuple),
)
names = st.from_regex(r"[a-z_][a-z0-9_]{0,8}", fullmatch=True)
addresses = st.lists(st.integers(0, (1 << 64) - 1), max_size=3).map(tuple)
hits = st.builds(
    Hit,
    at=st.sampled_from(["tracepoint:a:b", "kprobe:vfs_read", "rawtracepoint:sys_enter"]),
    ns=st.integers(0, (1 << 63) - 1),
    cpu=st.integers(0, HEADER.cpus - 1),
    task=st.builds(
        Task,
        pid=st.integers(0, 1 << 22),
        tid=st.integers(0, 1 << 22),
        uid=st.integers(0, (1 << 32) - 1),
        gid=st.integers(0, (1 << 32) - 1),
        comm=st.binary(max_size=15).map(lambda data: data.replace(b"\0", b"")),
        cgroup_id=st.integers(0, 1 << 63),
    ),
    arguments=st.dictionaries(names, values, max_size=4),
    kernel_stack=addresses,
    user_stack=addresses,
)


def written(*lines: Hit, header: Header = HEADER, accounts: Accounts | None = ACCOUNTS) -> bytes:
    """The bytes of a recording; without accounts it is cut short."""
    stream = io.BytesIO()
    writer = RecordingWriter(stream, header)
    writer.format(FORMAT)
    for hit in lines:
        writer.hit(hit)
    if accounts:
        writer.end(accounts)
    return stream.getvalue()


def read(directory: Path, data: bytes, name: str = "a.rec") -> Recording:
    path = directory / name
    path.write_bytes(data)
    return read_recording(str(path))


def line(text: str, before_ns: int = 0) -> Hit:
    return parse_hit(Span(Source("events.test", text), 0, len(text)), before_ns)


@settings(deadline=None)
@given(st.lists(hits, max_size=4))
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, some: list[Hit]) -> None:
    found = read(tmp_path_factory.getbasetemp(), written(*some))
    assert found.hits == tuple(sorted(some, key=lambda hit: hit.ns))
    assert (found.header, found.accounts) == (HEADER, ACCOUNTS)
    assert found.formats == {"sched:sched_switch": FORMAT}


@given(hits)
def test_a_line_is_the_hit(hit: Hit) -> None:
    assert line(format_hit(hit)) == hit


def test_a_recording_can_be_read_by_people() -> None:
    header, told, opened, end = written(OPENED).decode().splitlines()
    assert json.loads(header)["probes"] == ["tracepoint:syscalls:*"]
    assert told.startswith('{"format": "sched:sched_switch", "fields": [["prev_comm", "char[16]"')
    assert opened == (
        '{"at": "tracepoint:syscalls:sys_enter_openat", "ns": 1000, "cpu": 0, "pid": 7, "tid": 8, '
        '"uid": 1000, "gid": 100, "comm": "cat", "cgroup": 42, '
        '"args": {"dfd": 4294967196, "filename": "/etc/hostname", "flags": 0}}'
    )
    assert end == '{"end": {"produced": 3, "recorded": 2, "lost": 1, "unread": 0}}'


def test_bytes_that_are_no_utf8_are_ascii_in_the_file_and_come_back(tmp_path: Path) -> None:
    hit = Hit(at="kprobe:f", ns=0, task=Task(), arguments={"a": "\udcff\u00e9"})
    data = written(hit)
    assert rb'"\udcff' + "\u00e9".encode() in data
    assert read(tmp_path, data).hits[0].arguments == {"a": "\udcff\u00e9"}


def test_a_compressed_recording_is_the_same_every_time(tmp_path: Path) -> None:
    files = []
    for _ in range(2):
        stream = io.BytesIO()
        with writing_stream(stream, "x.rec.gz") as compressed:
            compressed.write(written(OPENED))
        files.append(stream.getvalue())
    assert files[0] == files[1]
    assert read(tmp_path, files[0], "x.rec.gz").hits == (OPENED,)


def test_a_file_cut_short_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    data = written(OPENED, OPENED)
    whole, cut = data.splitlines(keepends=True), data[:-80]
    assert len(cut) > len(b"".join(whole[:3]))
    found = read(tmp_path, cut)
    assert (found.hits, found.accounts) == ((OPENED,), None)


def test_a_compressed_file_cut_short_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    many = [OPENED] * 20_000
    data = gzip.compress(written(*many))
    found = read(tmp_path, data[: len(data) // 2], "x.rec.gz")
    assert 0 < len(found.hits) < 20_000 and found.accounts is None


def test_a_compressed_file_that_is_damaged_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    data = bytearray(gzip.compress(written(*[OPENED] * 3000), 6))
    data[len(data) // 2 :] = bytes(len(data) - len(data) // 2)
    found = read(tmp_path, bytes(data), "x.rec.gz")
    assert found.accounts is None
    assert 0 < len(found.hits) < 3000


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "it is empty"),
        (b"BEGIN { }\n", ":1: this is no line of a recording"),
        (b'{"seismo": "map"}\n', "ValueError: it is a map"),
        (b"[]\n", "this is no line of a recording"),
        (written().replace(b'"version": 1', b'"version": 9'), "of version 9 of the format"),
        (
            written() + b'{"at": "kprobe:f"}\n',
            ":4: this is no line of a recording (KeyError: 'ns')",
        ),
        (written(OPENED).replace(b'"flags": 0', b'"flags": 0.5'), ":3: "),
        (written(OPENED).replace(b'"flags": 0', b'"flags": [0, "a"]'), ":3: "),
        (written(OPENED).replace(b'"flags": 0', b'"flags": 18446744073709551616'), ":3: "),
        (written(OPENED).replace(b'"ns": 1000', b'"ns": {}'), ":3: "),
        (written(OPENED).replace(b'"cpu": 0', b'"cpu": 4'), "cpu must be a number from 0 to 3"),
        (written(OPENED).replace(b'"comm": "cat"', b'"comm": 5'), "comm must be text"),
        (written(OPENED).replace(b'"args"', b'"kstack": [""], "args"'), "kstack must be a list"),
        (written().replace(b'"cpus": 4', b'"cpus": 1000000000'), ":1: "),
        (written().replace(b'"cpus": 4', b'"cpus": 0'), "there must be a processor"),
        (
            written().replace(b'"char[16]", 8, 16', b'"char[]", 8, 99999999999'),
            "outside of a record",
        ),
        (written().replace(b'"lost": 1', b'"lost": null'), "lost must be a number"),
        (b"[" * 100_000 + b"\n", ":1: this is no line of a recording"),
    ],
)
def test_what_is_no_recording_is_refused(tmp_path: Path, data: bytes, message: str) -> None:
    with pytest.raises(RecordingError, match=re.escape(message)):
        read(tmp_path, data)


def test_a_name_that_ends_in_gz_does_not_make_a_file_compressed(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="Not a gzipped file"):
        read(tmp_path, written(), "x.rec.gz")


def test_a_file_that_is_not_there() -> None:
    with pytest.raises(RecordingError, match=r"cannot read the recording .*No such file"):
        read_recording("/nowhere/x.rec")


def test_the_line_of_a_test() -> None:
    text = 'tracepoint:syscalls:sys_enter_openat pid=7 comm=cat filename="/etc/hostname" flags=0'
    assert line(text, 5_000) == Hit(
        at="tracepoint:syscalls:sys_enter_openat",
        ns=5_000 + STEP_NS,
        task=Task(pid=7, tid=7, comm=b"cat"),
        arguments={"filename": "/etc/hostname", "flags": 0},
    )


def test_all_forms_of_values() -> None:
    text = r'kprobe:f a=-1 b=0x1f c=word d="\"x\" y" e=hex:00ff f=["a b", "]"] g=[1, 0x2] h= i=[]'
    assert line(text).arguments == {
        "a": -1,
        "b": 31,
        "c": "word",
        "d": '"x" y',
        "e": b"\x00\xff",
        "f": ("a b", "]"),
        "g": (1, 2),
        "h": "",
        "i": (),
    }


def test_an_argument_may_be_called_as_something_of_the_task() -> None:
    hit = line("tracepoint:sched:sched_process_exit pid=7 comm=sh args.pid=8 args.comm=cat ns=3")
    assert (hit.task.pid, hit.task.comm, hit.ns) == (7, b"sh", 3)
    assert hit.arguments == {"pid": 8, "comm": "cat"}


def test_stacks_are_addresses() -> None:
    hit = line("kprobe:f kstack=[0xffffffff81000000, 2] ustack=[1]")
    assert (hit.kernel_stack, hit.user_stack) == ((0xFFFFFFFF81000000, 2), (1,))


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("openat pid=7", 1, "'openat' is no attach point"),
        ("kprobe:f pid", 10, "this is no value"),
        ("kprobe:f pid=7 pid=8", 16, "pid stands here twice"),
        ("kprobe:f x=1 args.x=1", 14, "x stands here twice"),
        ("kprobe:f pid=cat", 10, "pid is a number"),
        ("kprobe:f kstack=7", 10, "kstack is a list of addresses"),
        ("kprobe:f x=7q", 10, "'7q' is no value"),
        ("kprobe:f x=0x10000000000000000", 10, "'0x10000000000000000' is no value"),
        ("kprobe:f cpu=8192", 10, "cpu is a number from 0 to 8191"),
        ("kprobe:f pid=-1", 10, "pid is a number from 0 to 4294967295"),
        ('kprobe:f x="a"b', 10, "this is no value"),
        ("kprobe:f x=hex:0", 10, "'hex:0' is no value"),
        ('kprobe:f x=[1, "a"]', 10, """'[1, "a"]' is no value"""),
    ],
)
def test_mistakes_in_lines_are_shown_where_they_are(text: str, column: int, message: str) -> None:
    with pytest.raises(SourceError) as caught:
        line(text)
    assert (caught.value.span.location.column, caught.value.message) == (column, message)
    assert caught.value.hint
