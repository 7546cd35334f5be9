"""Events as lines: the table, JSON lines, TraceLeft's form; gaps where lines are missing."""

from __future__ import annotations

import io
import json

import pytest

from audit_batches import CLOCK, batch_of, call, catalog, event_of, opened, path_bytes, surroundings
from audit_bytes import file_bytes, header, section, socket_bytes
from json_schema import mistakes
from seismo.audit.catalog.schema_c import known_types
from seismo.audit.catalog.schema_json import event_schema, json_schema
from seismo.audit.record.account import Account, TypeAccount
from seismo.audit.record.layout import EventFlag, Section, SectionFlag
from seismo.audit.sinks.alert import Alert
from seismo.audit.sinks.content_hash import content_bytes, content_hash, fnv64a, group_hash
from seismo.audit.sinks.jsonl import JsonFormat, json_line
from seismo.audit.sinks.message import event_message
from seismo.audit.sinks.open import open_sink
from seismo.audit.sinks.settings import SinkSettings
from seismo.audit.sinks.table import TableFormat
from seismo.audit.sinks.text import TextSink
from seismo.audit.sinks.traceleft import TraceLeftFormat, traceleft_line
from seismo.base.dataclass import replace

_OPENED = opened("/etc/passwd", flags=0o2000000, mode=0o644, ret=3, file="/etc/passwd")
_ALERT = Alert(
    rule="many",
    function="count",
    time_ns=2_000_000_000,
    start_ns=1_000_000_000,
    end_ns=2_000_000_000,
    key=(("comm", "cat"),),
    value=7,
    events=7,
)


class _Lines:
    """Takes lines; `room` is how many of them, from now on."""

    def __init__(self, room: int = 1000) -> None:
        self.room = room
        self.failure = ""
        self.data = b""

    def write(self, data: bytes) -> int:
        lines = data.splitlines(keepends=True)
        taken = lines[: self.room]
        self.room -= len(taken)
        self.data += b"".join(taken)
        if len(taken) < len(lines):
            self.failure = "No space left on device"
        return len(lines) - len(taken)

    def flush(self) -> int:
        return 0

    def close(self) -> int:
        return 0


def _table_line(record: bytes, **options: object) -> str:
    return TableFormat(CLOCK, **options).line(event_of(record))  # type: ignore[arg-type]


def test_the_table_shows_who_did_what() -> None:
    out = io.BytesIO()
    sink = open_sink(SinkSettings(type="table"), surroundings(out))
    sink.write(batch_of(_OPENED, opened("/none", ret=-2), call("getpid", ret=7)))
    sink.close()
    head, first, second, third = out.getvalue().decode().splitlines()
    assert head.split() == ["TIME", "PID", "COMM", "EVENT", "RET", "DETAILS"]
    assert head.index("DETAILS") == first.index("dfd=")
    assert first.split()[1:5] == ["70001", "worker", "openat", "3"]
    assert first.endswith(
        'dfd=AT_FDCWD filename="/etc/passwd" flags=O_RDONLY|O_CLOEXEC mode=0644 -> /etc/passwd'
    )
    assert second.split()[4] == "ENOENT"
    assert third.split()[1:] == ["70001", "worker", "getpid", "7"]


def test_no_file_name_writes_to_the_terminal() -> None:
    line = _table_line(opened(b"/tmp/\x1b[2J\n\xff"))
    assert r'filename="/tmp/\x1b[2J\n\xff"' in line
    assert line.isprintable()


@pytest.mark.parametrize("width", [30, 60, 80, 200])
def test_lines_are_cut_to_the_width(width: int) -> None:
    whole = _table_line(_OPENED)
    cut = _table_line(_OPENED, width=width)
    if len(whole) <= width:
        assert cut == whole
    else:
        assert cut == f"{whole[: width - 1]}…"


def test_a_failed_result_is_red_and_nothing_else() -> None:
    plain = _table_line(opened("/none", ret=-2))
    painted = _table_line(opened("/none", ret=-2), has_color=True)
    assert painted == plain.replace(" ENOENT", "\033[31m ENOENT\033[0m")
    assert "\033" not in _table_line(_OPENED, has_color=True)


def test_colors_are_for_terminals_and_no_color_is_heeded() -> None:
    class Terminal(io.BytesIO):
        def isatty(self) -> bool:
            return True

    def first_line(stream: io.BytesIO, color: str, **environ: str) -> bytes:
        options: dict[str, str | int | bool] = {"color": color, "width": 100}
        sink = open_sink(
            SinkSettings(type="table", options=options), surroundings(stream, **environ)
        )
        sink.write(batch_of(opened("/none", ret=-2)))
        return stream.getvalue()

    assert b"\033[31m" in first_line(Terminal(), "auto")
    assert b"\033" not in first_line(Terminal(), "auto", NO_COLOR="1")
    assert b"\033" not in first_line(Terminal(), "never")
    assert b"\033" not in first_line(io.BytesIO(), "auto")
    assert b"\033[31m" in first_line(io.BytesIO(), "always", NO_COLOR="1")


def test_columns_may_be_chosen() -> None:
    format_ = TableFormat(CLOCK, columns=("event", "uid", "duration"))
    assert format_.heading().split() == ["EVENT", "UID", "USECS"]
    assert format_.line(event_of(_OPENED)).split() == ["openat", "1000", "0.2"]


def test_a_descriptor_is_shown_with_what_is_behind_it() -> None:
    file = section(Section.FILE, file_bytes(), 0) + section(
        Section.PATH, b"cpuinfo\0proc\0", 0, SectionFlag.ABSOLUTE
    )
    event = event_of(call("read", (3, 0, 5), file, ret=5))
    assert event_message(event).startswith("worker[70001] read 5 fd=3</proc/cpuinfo> ")
    ends = b"\x7f\0\0\1".ljust(16, b"\0"), b"\x0a\0\0\2".ljust(16, b"\0")
    event = event_of(call("close", (4,), section(Section.SOCKET, socket_bytes(*ends), 0)))
    assert event_message(event) == "worker[70001] close 0 fd=4<tcp 127.0.0.1:40001->10.0.0.2:80>"


def test_results_that_are_no_numbers() -> None:
    assert _table_line(call("mmap", ret=-0x5000_0000)).split()[4] == "0xffffffffb0000000"
    assert _table_line(call("mmap", ret=-12)).split()[4] == "ENOMEM"
    assert _table_line(call("read", flags=EventFlag.NO_RETURN)).split()[4] == "?"
    assert _table_line(call("exit_group", flags=EventFlag.NO_RETURN)).split()[4] == "-"


def test_json_has_the_numbers_as_they_are() -> None:
    big = (1 << 64) - 1
    record = call("lseek", (3, big, 0), ret=1 << 62, cgroup=big)
    event = event_of(record, program_id=big)
    found = json.loads(JsonFormat(CLOCK).line(event))
    assert found["time"] == "2018-06-11T12:34:57.000000000Z"
    assert found["cgroup"] == found["program_id"] == big
    assert found["ret"] == 1 << 62
    assert "error" not in found
    assert found["args"]["fd"] == 3
    keys = list(found)
    assert keys[:5] == ["event", "time", "time_ns", "duration_ns", "sequence"]
    assert keys.index("ret") < keys.index("args")


def test_json_of_an_open() -> None:
    found = json.loads(JsonFormat(CLOCK).line(event_of(_OPENED)))
    assert found["args"] == {
        "dfd": -100,
        "filename": "/etc/passwd",
        "flags": 0o2000000,
        "mode": 0o644,
    }
    assert found["shown"] == {
        "dfd": "AT_FDCWD",
        "flags": "O_RDONLY|O_CLOEXEC",
        "mode": "0644",
    }
    assert found["files"]["ret"]["path"] == "/etc/passwd"
    assert found["files"]["ret"]["inode"] == 99
    failed = json.loads(JsonFormat(CLOCK).line(event_of(opened("/none", ret=-2))))
    assert (failed["ret"], failed["error"]) == (-2, "ENOENT")


def test_json_keeps_the_bytes_of_names_that_are_no_utf8() -> None:
    line = JsonFormat(CLOCK).line(event_of(opened(b"/tmp/\xff\xfe\n")))
    found = json.loads(line.encode("utf-8"))
    assert found["args"]["filename"] == "/tmp/��\n"
    assert bytes.fromhex(found["raw"]["filename"]) == b"/tmp/\xff\xfe\n"
    assert "\n" not in line


def test_json_keeps_the_bytes_of_words_that_are_no_utf8() -> None:
    fixed = header(catalog()["process_exec"].id) + bytes(catalog()["process_exec"].fixed.size)
    lines = [
        json.loads(JsonFormat(CLOCK).line(event_of(fixed + section(Section.WORDS, words))))
        for words in (b"rm\0a\xff\0", b"rm\0\xc3\xa4\0")
    ]
    assert [one["args"]["argv"] for one in lines] == [["rm", "a�"], ["rm", "ä"]]
    assert lines[0]["raw"] == {"argv": [b"rm".hex(), b"a\xff".hex()]}
    assert "raw" not in lines[1]


def test_json_has_contents_of_messages_beside_their_addresses() -> None:
    sent = call("sendmsg", (3, 0x7000, 0), section(Section.IOVEC, b"text", 1))
    read = call("read", (3, 0x7000, 4), section(Section.BYTES, b"text", 1))
    found, other = (json.loads(JsonFormat(CLOCK).line(event_of(one))) for one in (sent, read))
    assert (found["args"]["msg"], found["contents"]) == (None, {"1": b"text".hex()})
    assert other["args"]["buf"] == b"text".hex() and "contents" not in other


def test_json_with_chosen_keys_is_in_the_same_order() -> None:
    line = JsonFormat(CLOCK, fields=("ret", "event", "comm")).line(event_of(_OPENED))
    assert line == '{"event":"openat","comm":"worker","ret":3}'


def test_a_call_without_a_return_has_no_result() -> None:
    found = json.loads(JsonFormat(CLOCK).line(event_of(call("exit_group", flags=4))))
    assert "ret" not in found
    assert found["flags"] == ["no_return"]


def test_no_file_name_ends_its_quotes() -> None:
    name = b'a" Flags 0 \\"\n'
    shown = r'"a\" Flags 0 \\\"\n"'
    assert f"filename={shown} flags" in _table_line(opened(name))
    assert f"Filename {shown} Flags" in traceleft_line(event_of(opened(name)))
    assert f"filename={shown} flags" in event_message(event_of(opened(name)))


def test_a_directory_is_behind_its_descriptor() -> None:
    parts = section(Section.STRING, b"name", 1, SectionFlag.ENTRY)
    parts += section(Section.DIRECTORY, path_bytes("/srv"), 1, SectionFlag.ABSOLUTE)
    own, current = (call("mkdirat", (fd, 0x7000, 0o700), parts) for fd in (5, -100))
    assert "dfd=5</srv> " in _table_line(own)
    assert "Dfd 5</srv> " in traceleft_line(event_of(own))
    assert "dfd=AT_FDCWD</srv> " in _table_line(current)
    assert "Dfd -100 " in traceleft_line(event_of(current))


def test_traceleft_line() -> None:
    line = traceleft_line(event_of(opened("/etc/passwd", flags=524288, mode=438, ret=8)))
    number = content_hash(event_of(opened("/etc/passwd", flags=524288, mode=438, ret=8)))
    assert line == (
        f"name openat pid 70001 program id 0 return value 8 hash {number} "
        'Dfd -100 Filename "/etc/passwd" Flags 524288 Mode 438'
    )


def test_traceleft_marks() -> None:
    event = event_of(call("close", (3,), flags=EventFlag.INCOMPLETE))
    event.notes = ("container",)
    assert traceleft_line(event).endswith("Fd 3 [container][incomplete]")


def test_traceleft_descriptor() -> None:
    parts = section(Section.FILE, file_bytes(), 0) + section(
        Section.PATH, b"cpuinfo\0proc\0", 0, SectionFlag.ABSOLUTE
    )
    assert "Fd 3</proc/cpuinfo>" in traceleft_line(event_of(call("close", (3,), parts)))


def test_the_hash_is_fnv_1a() -> None:
    # Vectors of the FNV draft.
    assert fnv64a(b"") == 0xCBF29CE484222325
    assert fnv64a(b"a") == 0xAF63DC4C8601EC8C
    assert fnv64a(b"foobar") == 0x85944171F73967E8


def test_what_is_hashed() -> None:
    event = event_of(opened("/etc/passwd", flags=524288, mode=438, ret=8), program_id=9)
    arguments = (
        b"openat\0"
        + (-100 & (1 << 64) - 1).to_bytes(8, "little")
        + b"/etc/passwd\0"
        + (524288).to_bytes(8, "little")
        + (438).to_bytes(8, "little")
    )
    assert content_bytes(event) == arguments
    head = b"".join(number.to_bytes(8, "little") for number in (9, 70001, 8))
    assert content_hash(event) == fnv64a(head + arguments)
    assert group_hash(event) == fnv64a(arguments)


def test_equal_events_have_equal_hashes() -> None:
    first = event_of(opened("/a", time_ns=1, tid=1, cpu=0, sequence=3))
    second = event_of(opened("/a", time_ns=2, tid=2, cpu=1, sequence=4))
    assert content_hash(first) == content_hash(second)
    for other in (opened("/b"), opened("/a", ret=1), opened("/a", tgid=5)):
        assert content_hash(event_of(other)) != content_hash(first)
    assert group_hash(event_of(opened("/a", tgid=5, ret=-2))) == group_hash(first)


def test_alerts_are_lines_of_their_own() -> None:
    assert _ALERT.text() == "many: count 7 comm=cat in 1s"
    assert TraceLeftFormat().alert(_ALERT) == _ALERT.text()
    assert TableFormat(CLOCK).alert(_ALERT) == "12:34:58.000000 ALERT many: count 7 comm=cat in 1s"
    found = json.loads(JsonFormat(CLOCK).alert(_ALERT))
    assert (found["event"], found["rule"], found["value"]) == ("alert", "many", 7)
    assert found["key"] == {"comm": "cat"}


def test_the_account_comes_at_the_end() -> None:
    lost = TypeAccount(produced=10, delivered=7, lost={"ring": 3})
    missed = {"commit_creds": 2}
    account = Account(types={257: lost}, names={257: "openat"}, sequence_holes=3, missed=missed)
    found = json.loads(JsonFormat(CLOCK).account(account, is_final=True))
    assert found["event"] == "audit.account"
    assert found["lost"] == {"ring": 3, "pending": 0, "consumer": 0}
    assert found["types"]["openat"]["delivered"] == 7
    assert found["missed"] == missed
    assert JsonFormat(CLOCK).account(account, is_final=False) == ""
    assert TraceLeftFormat().account(account, is_final=True) == "Lost 3 events"
    assert "produced 10 = delivered 7" in TableFormat(CLOCK).account(account, is_final=True)


def test_what_cannot_be_written_is_counted_and_its_place_is_told() -> None:
    lines = _Lines(room=2)
    sink = TextSink(JsonFormat(CLOCK, fields=("event",)), lines)
    sink.write(batch_of(*[call("getpid")] * 5))
    assert (sink.failed, sink.failure) == (3, "No space left on device")
    sink.write(batch_of(call("getuid")))
    assert sink.failed == 4
    lines.room = 10
    sink.write(batch_of(call("getgid"), call("getgid")))
    sink.alert(_ALERT)
    found = [json.loads(line) for line in lines.data.splitlines()]
    assert [one["event"] for one in found] == [
        *["getpid"] * 2,
        "audit.gap",
        *["getgid"] * 2,
        "alert",
    ]
    assert found[2] == {
        "event": "audit.gap",
        "failed": 4,
        "reason": "No space left on device",
    }
    assert sink.failed == 4


def test_what_is_missing_at_the_end_is_told_before_the_account() -> None:
    lines = _Lines(room=1)
    sink = TextSink(JsonFormat(CLOCK, fields=("event",)), lines)
    sink.write(batch_of(*[call("getpid")] * 3))
    sink.account(Account(), is_final=True)
    lines.room = 10
    sink.account(Account(), is_final=True)
    sink.close()
    found = [json.loads(line)["event"] for line in lines.data.splitlines()]
    assert found == ["getpid", "audit.gap", "audit.account"]


def test_json_line_is_one_line() -> None:
    assert (
        json_line({"a": "\n\u2028\udcff", "b": 1 << 63})
        == '{"a":"\\n\u2028�","b":9223372036854775808}'
    )
    assert json_line({"a": "\x1b\x9b2J"}) == r'{"a":"\u001b\u009b2J"}'
    assert json.loads(json_line({"a": "ä\x85\x9f\xa0"})) == {"a": "ä\x85\x9f\xa0"}


def _every_type() -> list[bytes]:
    """A record of each type: numbers alone of system calls, zeros of what the kernel tells."""
    calls = [one for one in catalog().types if one.is_syscall]
    others = [one for one in catalog().types if not one.is_syscall]
    records = [call(one.name, (1, 2, 3, 4, 5, 6), ret=-2) for one in calls]
    return records + [header(one.id) + bytes(one.fixed.size) for one in others]


def test_every_line_is_as_the_schema_says() -> None:
    schema = json_schema(catalog())
    exec_ = catalog()["process_exec"]
    ends = b"\x7f\0\0\1".ljust(16, b"\0"), b"\x0a\0\0\2".ljust(16, b"\0")
    records = [
        *_every_type(),
        _OPENED,
        opened(b"/tmp/\xff", flags=EventFlag.INCOMPLETE),
        header(exec_.id) + bytes(exec_.fixed.size) + section(Section.WORDS, b"a\xff\0"),
        call("sendmsg", (3, 0x7000, 0), section(Section.IOVEC, b"text", 1)),
        call("close", (4,), section(Section.SOCKET, socket_bytes(*ends), 0)),
    ]
    events = batch_of(*records).events()
    assert len(events) == len(records)
    events[-1].notes = ("container",)
    events[-1].paths["x"] = "/x"
    known = {one.name for one in known_types(catalog())}
    for event in events:
        row = json.loads(JsonFormat(CLOCK).line(event))
        one = event_schema(event.type) if event.type.name in known else schema
        assert mistakes(one, row, one) == [], event.type.name


def test_alerts_accounts_and_gaps_are_as_the_schema_says() -> None:
    schema = json_schema(catalog())
    lost = TypeAccount(produced=10, delivered=7, lost={"ring": 3})
    account = Account(types={257: lost}, names={257: "openat"}, sequence_holes=3)
    format_ = JsonFormat(CLOCK)
    for line in (
        format_.alert(_ALERT),
        format_.alert(replace(_ALERT, value=(("a", 1),), last=(event_of(_OPENED),))),
        format_.account(account, is_final=True),
        format_.gap(3, "why"),
    ):
        row = json.loads(line)
        assert mistakes(schema, row, schema) == []


def test_every_type_can_be_shown() -> None:
    for event in batch_of(*_every_type()).events():
        assert TableFormat(CLOCK).line(event).split()[3] == event.type.name
        assert event_message(event).isprintable()
        assert traceleft_line(event).startswith(f"name {event.type.name} pid 70001 ")
