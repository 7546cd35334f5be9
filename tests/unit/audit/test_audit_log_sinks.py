"""syslog (RFC 5424) and the journal's native protocol, to daemons that tests play."""

from __future__ import annotations

import json
import os
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from audit_batches import CLOCK, batch_of, call, opened
from audit_listeners import busy_listener
from seismo.audit.record.account import Account
from seismo.audit.sinks.alert import Alert
from seismo.audit.sinks.errors import SinkError
from seismo.audit.sinks.journald import JournaldSink, journal_entry
from seismo.audit.sinks.syslog import SyslogSink

_ALERT = Alert(
    rule="many",
    function="count",
    time_ns=2_000_000_000,
    start_ns=0,
    end_ns=2_000_000_000,
    key=(("comm", 'a"]\\b'),),
    value=7,
    events=7,
)
_MESSAGE = re.compile(
    rb"<(\d+)>1 (\S+) (\S+) (\S+) (\d+) (\S+) (-|\[.*?[^\\]\]) \xef\xbb\xbf(.*)", re.DOTALL
)


@contextmanager
def _daemon(path: Path, kind: socket.SocketKind = socket.SOCK_DGRAM) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, kind) as daemon:
        daemon.bind(str(path))
        daemon.settimeout(5)
        if kind == socket.SOCK_STREAM:
            daemon.listen()
        yield daemon
    path.unlink()


def _fields(entry: bytes) -> dict[str, bytes]:
    """An entry, read as systemd documents it."""
    found: dict[str, bytes] = {}
    while entry:
        line, _, rest = entry.partition(b"\n")
        name, sign, value = line.partition(b"=")
        if not sign:
            size = int.from_bytes(rest[:8], "little")
            value, end, rest = rest[8 : 8 + size], rest[8 + size : 9 + size], rest[9 + size :]
            assert end == b"\n"
        found[name.decode()] = value
        entry = rest
    return found


def test_syslog_messages(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with _daemon(path) as daemon:
        sink = SyslogSink(
            CLOCK, path=str(path), facility="local0", severity="notice", tag="my tag", host="höst"
        )
        sink.write(batch_of(opened("/etc/passwd", ret=-2, comm=b'a"]\\b'), program_id=12))
        found = _MESSAGE.fullmatch(daemon.recv(65536))
        assert found is not None
        priority, when, host, tag, pid, id_, data, text = found.groups()
        assert int(priority) == 16 * 8 + 5
        assert when == b"2018-06-11T12:34:57.000000Z"
        assert (host, tag, int(pid), id_) == (b"h_st", b"my_tag", os.getpid(), b"openat")
        assert data.startswith(b'[seismo@32473 tgid="70001" ')
        assert b' program_id="12" ' in data
        assert rb'comm="a\"\]\\b"' in data
        assert text.startswith(b'a"]\\b[70001] openat ENOENT dfd=AT_FDCWD filename="/etc/passwd"')
        sink.alert(_ALERT)
        found = _MESSAGE.fullmatch(daemon.recv(65536))
        assert found is not None
        assert (int(found[1]), found[6]) == (16 * 8 + 4, b"alert")
        assert found[8].startswith(b"many: count 7")
        sink.account(Account(), is_final=True)
        assert daemon.recv(65536).endswith(b"unfinished 0")
        sink.close()
        assert (sink.failed, sink.failure) == (0, "")


def test_syslog_over_a_stream_ends_messages_with_newlines(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with _daemon(path, socket.SOCK_STREAM) as daemon:
        sink = SyslogSink(CLOCK, path=str(path))
        connection, _ = daemon.accept()
        sink.write(batch_of(call("getpid"), opened("/a\nb")))
        sink.close()
        with connection, connection.makefile("rb") as stream:
            lines = stream.read().splitlines()
        assert [line.split()[5] for line in lines] == [b"getpid", b"openat"]
        assert lines[1].startswith(b"<86>1 ")


def test_a_daemon_that_starts_anew_is_found_again(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with _daemon(path):
        sink = SyslogSink(CLOCK, path=str(path))
    sink.write(batch_of(call("getpid"), call("getpid")))
    assert sink.failed == 2
    assert sink.failure in ("No such file or directory", "Connection refused")
    with _daemon(path) as daemon:
        sink.write(batch_of(call("getuid")))
        assert b" getuid " in daemon.recv(65536)
        sink.close()
    assert sink.failed == 2


def test_a_daemon_that_does_not_read_is_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with _daemon(path) as daemon:
        sink = SyslogSink(CLOCK, path=str(path))
        sink.write(batch_of(*[call("getpid")] * 2000))
        assert sink.failure == "Resource temporarily unavailable"
        daemon.setblocking(False)
        taken = 0
        while True:
            try:
                daemon.recv(65536)
            except BlockingIOError:
                break
            taken += 1
        assert taken + sink.failed == 2000
        sink.close()


def test_a_daemon_that_takes_nobody_is_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with (
        busy_listener(path),
        pytest.raises(SinkError, match=r"cannot connect .*: Resource temporarily unavailable"),
    ):
        SyslogSink(CLOCK, path=str(path))


def test_words_that_syslog_has_not() -> None:
    with pytest.raises(
        SinkError, match="there is no facility 'locl0'\nhint: did you mean 'local0'"
    ):
        SyslogSink(CLOCK, path="/dev/null", facility="locl0")
    with pytest.raises(SinkError, match="there is no severity 'x'\nhint: one of emerg, alert"):
        SyslogSink(CLOCK, path="/dev/null", severity="x")
    with pytest.raises(
        SinkError, match=r"cannot connect to /none: No such file.*\nhint: is the daemon"
    ):
        SyslogSink(CLOCK, path="/none")


def test_journal_entries(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    with _daemon(path) as daemon:
        sink = JournaldSink(CLOCK, path=str(path), tag="me")
        sink.write(batch_of(opened("/etc/passwd", ret=-2, comm=b"a\nb"), program_id=(1 << 64) - 1))
        fields = _fields(daemon.recv(1 << 20))
        assert fields["PRIORITY"] == b"6"
        assert fields["SYSLOG_IDENTIFIER"] == b"me"
        assert fields["MESSAGE"].startswith(b"a\\nb[70001] openat ENOENT ")
        assert fields["SEISMO_COMM"] == b"a\nb"
        assert fields["SEISMO_RET"] == b"-2"
        assert fields["SEISMO_ERROR"] == b"ENOENT"
        assert fields["SEISMO_PROGRAM_ID"] == b"18446744073709551615"
        assert json.loads(fields["SEISMO_JSON"])["args"]["filename"] == "/etc/passwd"
        sink.alert(_ALERT)
        fields = _fields(daemon.recv(1 << 20))
        assert (fields["PRIORITY"], fields["SEISMO_RULE"]) == (b"4", b"many")
        sink.account(Account(), is_final=True)
        assert _fields(daemon.recv(1 << 20))["SEISMO_EVENT"] == b"audit.account"
        sink.close()
        assert sink.failed == 0


def test_large_entries_go_in_memory(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    with _daemon(path) as daemon:
        sink = JournaldSink(CLOCK, path=str(path))
        small = 4096
        sink._socket._sockets[0].setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, small)
        name = "/" + "x" * 12_000
        sink.write(batch_of(opened(name)))
        data, descriptors, _, _ = socket.recv_fds(daemon, 1 << 20, 4)
        assert (data, len(descriptors)) == (b"", 1)
        with os.fdopen(descriptors[0], "rb") as memory:
            memory.seek(0)
            fields = _fields(memory.read())
        assert json.loads(fields["SEISMO_JSON"])["args"]["filename"] == name
        sink.close()
        assert sink.failed == 0


def test_an_entry_of_several_lines() -> None:
    assert journal_entry({"A": "x=y", "B": "1\n2"}) == b"A=x=y\nB\n\x03\0\0\0\0\0\0\x001\n2\n"
