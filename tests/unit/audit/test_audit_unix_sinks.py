"""Events over Unix sockets: many readers, slow ones, ones that leave; and connecting to one."""

from __future__ import annotations

import json
import os
import resource
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from audit_batches import CLOCK, batch_of, call
from audit_listeners import busy_listener
from seismo.audit.record.account import Account
from seismo.audit.record.batch import Batch
from seismo.audit.sinks.alert import Alert
from seismo.audit.sinks.errors import SinkError
from seismo.audit.sinks.unix_socket import ConnectingSink, ListeningSink

_ALERT = Alert(
    rule="many", function="count", time_ns=9, start_ns=0, end_ns=9, key=(), value=3, events=3
)


def _calls(count: int, first: int = 0) -> Batch:
    return batch_of(*[call("getpid", ret=number) for number in range(first, first + count)])


def _until(holds: Callable[[], bool]) -> None:
    """Wait for what another thread does."""
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.005)


@contextmanager
def _reader(path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(30)
        connection.connect(str(path))
        yield connection


@contextmanager
def _no_more_files() -> Iterator[None]:
    """All descriptors that there may be are taken, also those that threads give back."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, before[1]))
    taken: list[int] = []
    try:
        deadline = time.monotonic() + 0.5
        while time.monotonic() < deadline:
            with suppress(OSError):
                taken.append(os.open(os.devnull, os.O_RDONLY))
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
        for fd in taken:
            os.close(fd)


def _rest(connection: socket.socket) -> list[dict[str, object]]:
    """All lines up to the end, each an object."""
    with connection.makefile("rb") as stream:
        return [json.loads(line) for line in stream]


def test_every_reader_gets_what_comes_from_when_it_connects(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    sink = ListeningSink(str(path), CLOCK)
    assert path.stat().st_mode & 0o777 == 0o600
    with _reader(path) as first, _reader(path) as second:
        _until(lambda: sink.readers.count == 2)
        sink.write(_calls(2))
        sink.alert(_ALERT)
        with _reader(path) as third:
            _until(lambda: sink.readers.count == 3)
            sink.write(_calls(1, 2))
            sink.account(Account(), is_final=True)
            sink.flush()
            sink.close()
            sink.close()
            whole = _rest(first)
            assert [one.get("ret", one["event"]) for one in whole] == [
                *[0, 1, "alert", 2],
                "audit.account",
            ]
            assert _rest(second) == whole
            assert [one["event"] for one in _rest(third)] == ["getpid", "audit.account"]
    assert sink.failed == 0
    assert list(tmp_path.iterdir()) == []


def test_a_slow_reader_is_dropped_and_the_others_get_all(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    sink = ListeningSink(str(path), CLOCK, limit_bytes=1 << 20, fields=("ret",))
    with _reader(path) as slow, _reader(path) as quick:
        _until(lambda: sink.readers.count == 2)
        taken = b""
        sent = 0
        while not sink.readers.dropped:
            began = time.monotonic()
            sink.write(_calls(10_000, sent))
            assert time.monotonic() - began < 20  # a reader that is waited for would be for ever
            sent += 10_000
            while taken.count(b"\n") < sent:
                taken += quick.recv(1 << 20)
            assert sent < 1_000_000
        sink.close()
        assert [json.loads(line)["ret"] for line in taken.splitlines()] == list(range(sent))
        got = b""
        while part := slow.recv(1 << 20):
            got += part
        assert got.count(b"\n") + sink.failed == sent
        assert sink.readers.dropped == 1
        assert sink.failure == "a reader was more than 1048576 bytes behind"


def test_a_reader_that_leaves_is_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    sink = ListeningSink(str(path), CLOCK)
    with _reader(path):
        _until(lambda: sink.readers.count == 1)
    sink.write(_calls(3))
    _until(lambda: sink.readers.gone == 1)
    sink.write(_calls(1))
    sink.close()
    assert (sink.readers.dropped, sink.failed) == (0, 3)


def test_a_reader_may_shut_its_own_direction(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    sink = ListeningSink(str(path), CLOCK)
    with _reader(path) as reader:
        reader.shutdown(socket.SHUT_WR)
        _until(lambda: sink.readers.count == 1)
        sink.write(_calls(3))
        sink.close()
        assert [one["ret"] for one in _rest(reader)] == [0, 1, 2]


def test_a_socket_that_is_left_over_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as before:
        before.bind(str(path))
    sink = ListeningSink(str(path), CLOCK)
    with _reader(path):
        _until(lambda: sink.readers.count == 1)
    with pytest.raises(SinkError, match="cannot listen: Address already in use\nhint: another"):
        ListeningSink(str(path), CLOCK)
    sink.close()
    path.write_text("a file")
    with pytest.raises(SinkError, match="cannot listen: File exists"):
        ListeningSink(str(path), CLOCK)
    with pytest.raises(SinkError, match="No such file or directory\nhint: the directory"):
        ListeningSink(str(tmp_path / "none" / "socket"), CLOCK)
    assert path.read_text() == "a file"


def test_connecting_and_again(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    seconds = [100.0]

    def listening() -> socket.socket:
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(str(path))
        listener.listen()
        listener.settimeout(30)
        return listener

    with listening() as listener:
        sink = ConnectingSink(str(path), CLOCK, now=lambda: seconds[0])
        connection, _ = listener.accept()
        with connection:
            sink.write(_calls(1))
            assert json.loads(connection.makefile("rb").readline())["ret"] == 0
    os.unlink(path)
    while not sink.failed:
        sink.write(_calls(1))
        time.sleep(0.01)
    lost = sink.failed
    _until(lambda: not sink._readers.count)
    sink.write(_calls(2))
    assert sink.failed == lost + 2
    with listening() as listener:
        sink.write(_calls(1))  # it is not a second yet
        assert sink.failed == lost + 3
        seconds[0] += 1
        sink.write(_calls(2, 70))
        connection, _ = listener.accept()
        with connection:
            sink.close()
            assert [one["ret"] for one in _rest(connection)] == [70, 71]
    assert sink.failed == lost + 3


def test_nobody_to_connect_to(tmp_path: Path) -> None:
    with pytest.raises(SinkError, match=r"cannot connect: No such file.*\nhint: somebody must"):
        ConnectingSink(str(tmp_path / "socket"), CLOCK)


def test_a_listener_that_takes_nobody_is_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    with busy_listener(path):
        with pytest.raises(SinkError, match="cannot connect: Resource temporarily unavailable"):
            ConnectingSink(str(path), CLOCK)
        with pytest.raises(SinkError, match="cannot listen: Address already in use"):
            ListeningSink(str(path), CLOCK)


def test_without_descriptors_readers_are_served_and_later_ones_taken(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    sink = ListeningSink(str(path), CLOCK)
    with _reader(path) as first, socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as second:
        second.settimeout(30)
        _until(lambda: sink.readers.count == 1)
        with _no_more_files():
            second.connect(str(path))
            _until(lambda: sink.failure == "Too many open files")
            with _no_more_files():
                sink.write(_calls(1))
                assert b"getpid" in first.recv(1 << 16)
        _until(lambda: sink.readers.count == 2)
        sink.write(_calls(1))
        assert b"getpid" in second.recv(1 << 16)
        sink.close()
    assert sink.failed == 0
