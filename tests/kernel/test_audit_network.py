"""TCP connections and UDP datagrams: whose they are, both ends, how many bytes."""

from __future__ import annotations

import errno
import os
import socket
import struct
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import ip_address

import pytest
from audit_reader import AuditRun, Found, audit_run

from network_setup import Host
from seismo.audit.record.layout import SOCKET, Counter, KernelEvent
from seismo.base.dataclass import dataclass

pytestmark = pytest.mark.kernel

CONNECT, ACCEPT = KernelEvent.NET_CONNECT, KernelEvent.NET_ACCEPT
CLOSE, LISTEN = KernelEvent.NET_CLOSE, KernelEvent.NET_LISTEN
FAILED = KernelEvent.NET_CONNECT_FAILED
SEND, RECEIVE = KernelEvent.NET_SEND, KernelEvent.NET_RECEIVE
TCP = (CONNECT, ACCEPT, CLOSE, LISTEN, FAILED)
UDP = (SEND, RECEIVE)
ESTABLISHED, SYN_SENT, CLOSED, CLOSE_WAIT, LISTENS = 1, 2, 7, 8, 10
HOSTS = {
    "IPv4": (socket.AF_INET, "127.0.0.1", "127.0.0.1"),
    "IPv6": (socket.AF_INET6, "::1", "::1"),
    "mapped": (socket.AF_INET6, "::ffff:127.0.0.1", "127.0.0.1"),
}


@dataclass(frozen=True, slots=True)
class Ends:
    """A socket, as text and numbers."""

    local: str
    local_port: int
    remote: str
    remote_port: int


def number(found: Found, name: str) -> int:
    """A number of the event's socket."""
    value = found.blob("socket", SOCKET)[name]
    assert isinstance(value, int)
    return value


def ends(found: Found) -> Ends:
    """Both ends of the event's socket."""
    is_ipv4 = number(found, "family") == socket.AF_INET
    texts = []
    for name in ("local", "remote"):
        data = found.blob("socket", SOCKET)[name]
        assert isinstance(data, bytes)
        texts.append(str(ip_address(data[:4] if is_ipv4 else data)))
        assert not is_ipv4 or not any(data[4:])
    ports = number(found, "local_port"), number(found, "remote_port")
    return Ends(texts[0], ports[0], texts[1], ports[1])


def netns(fd: int | None = None) -> int:
    """The number of a network namespace: the own one, or that of a descriptor."""
    return os.fstat(fd).st_ino if fd is not None else os.stat("/proc/thread-self/ns/net").st_ino


@contextmanager
def listening(family: int, address: str) -> Iterator[socket.socket]:
    """A socket that listens at a port of its own."""
    with socket.socket(family) as server:
        server.bind((address, 0))
        server.listen()
        yield server


def until(count: int, event: int, run: AuditRun) -> list[Found]:
    """The events of a type, once there are so many: some come when the network gets to it."""
    deadline = time.monotonic() + 10
    while len(run.of(event)) < count and time.monotonic() < deadline:
        time.sleep(0.01)
    assert len(run.of(event)) == count
    return run.of(event)


@pytest.mark.parametrize("name", list(HOSTS))
def test_both_ends_of_a_connection(name: str) -> None:
    family, address, shown = HOSTS[name]
    with listening(family, address) as server, audit_run(TCP) as run:
        port = server.getsockname()[1]

        def serve() -> None:
            accepted, _ = server.accept()
            while accepted.recv(1 << 16):
                pass
            accepted.sendall(b"y" * 777)
            accepted.close()

        def ask() -> None:
            with socket.create_connection((address, port)) as asking:
                asking.sendall(b"x" * 100_000)
                asking.shutdown(socket.SHUT_WR)
                while asking.recv(1 << 16):
                    pass

        with run.child(serve) as serving:
            asking = run.did(ask)
        closes = {one["tgid"]: one for one in until(2, CLOSE, run)}
        (connect,), (accept,) = run.of(CONNECT), run.of(ACCEPT)
        assert (connect["tgid"], accept["tgid"]) == (asking, serving)
        client, own = ends(connect), ends(accept)
        assert client == Ends(shown, client.local_port, shown, port)
        assert own == Ends(shown, port, shown, client.local_port)
        assert (ends(closes[asking]), ends(closes[serving])) == (client, own)
        assert closes.keys() == {asking, serving}
        sent = [number(closes[one], "sent_bytes") for one in (asking, serving)]
        received = [number(closes[one], "received_bytes") for one in (asking, serving)]
        assert (sent, received) == ([100_000, 777], [777, 100_000])
        assert {number(one, "netns") for one in run.records()} == {netns()}
        assert {number(one, "protocol") for one in run.records()} == {socket.IPPROTO_TCP}
        assert number(accept, "fd") == accept["ret"]
        assert number(connect, "state") == ESTABLISHED
        assert number(accept, "state") in (ESTABLISHED, CLOSE_WAIT)  # all may have come by then
        for first, last in ((connect, closes[asking]), (accept, closes[serving])):
            for same in ("cookie", "inode", "started_ns"):
                assert number(first, same) == number(last, same) > 0
            assert number(first, "is_ipv6") == (family == socket.AF_INET6)
            assert number(first, "started_ns") <= first["time_ns"] < last["time_ns"]
        assert not list(run.maps["sockets"].items())
        assert all(run.is_exact(one) for one in TCP)


def test_not_one_of_many_connections_is_missed() -> None:
    many = 300
    with listening(socket.AF_INET, "127.0.0.1") as server, audit_run(TCP) as run:
        port = server.getsockname()[1]

        def serve() -> None:
            for _ in range(many):
                server.accept()[0].close()

        def ask() -> None:
            for _ in range(many):
                with socket.create_connection(("127.0.0.1", port)) as asking:
                    asking.recv(1)

        with run.child(serve) as serving:
            asking = run.did(ask)
        until(2 * many, CLOSE, run)
        ports = [ends(one).local_port for one in run.of(CONNECT)]
        assert [one["tgid"] for one in run.of(CONNECT)] == [asking] * many
        assert [one["tgid"] for one in run.of(ACCEPT)] == [serving] * many
        assert [ends(one).remote_port for one in run.of(ACCEPT)] == ports
        assert len({number(one, "cookie") for one in run.of(CLOSE)}) == 2 * many
        assert not list(run.maps["sockets"].items())
        assert all(run.is_exact(one) for one in TCP)


def test_a_connection_that_is_refused() -> None:
    with listening(socket.AF_INET, "127.0.0.1") as server:
        port = server.getsockname()[1]
    with audit_run(TCP) as run:
        child = run.did(lambda: socket.socket().connect_ex(("127.0.0.1", port)))
        (failed,) = run.of(FAILED)
        assert (failed["tgid"], failed["ret"]) == (child, -errno.ECONNREFUSED)
        assert number(failed, "state") == SYN_SENT
        assert ends(failed) == Ends("127.0.0.1", ends(failed).local_port, "127.0.0.1", port)
        assert ends(failed).local_port > 0
        assert len(run.records()) == 1
        assert not list(run.maps["sockets"].items())


def test_who_listens() -> None:
    def work() -> None:
        with listening(socket.AF_INET6, "::1"):
            pass

    with audit_run(TCP) as run:
        child = run.did(work)
        (begun,), (ended,) = run.of(LISTEN), run.of(CLOSE)
        assert begun["tgid"] == ended["tgid"] == child
        assert ends(begun) == ends(ended)
        assert ends(begun).local == "::1"
        assert number(begun, "state") == number(ended, "state") == LISTENS


def test_what_nobody_accepts_is_nobodys() -> None:
    with listening(socket.AF_INET, "127.0.0.1") as server, audit_run(TCP) as run:
        port = server.getsockname()[1]
        child = run.did(lambda: socket.create_connection(("127.0.0.1", port)).close())
        server.close()
        until(1, CLOSE, run)
        assert [one["tgid"] for one in run.records()] == [child] * 2
        assert not list(run.maps["sockets"].items())


def test_a_connection_that_ends_before_it_is_accepted() -> None:
    """The other end resets it."""
    with listening(socket.AF_INET, "127.0.0.1") as server, audit_run((ACCEPT, CLOSE)) as run:
        linger = struct.pack("ii", 1, 0)
        asking = socket.create_connection(server.getsockname())
        asking.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        asking.close()
        child = run.did(lambda: server.accept()[0].close())
        (accepted,), (closed,) = run.of(ACCEPT), run.of(CLOSE)
        assert accepted["tgid"] == closed["tgid"] == child
        assert number(accepted, "state") == CLOSED
        assert not list(run.maps["sockets"].items())


def test_a_full_table_of_sockets_is_counted() -> None:
    with listening(socket.AF_INET, "127.0.0.1") as server, audit_run(TCP) as run:
        owner = bytes(run.maps["sockets"].spec.value_size)
        size = run.maps["sockets"].spec.max_entries
        run.maps["sockets"].put_many((struct.pack("=Q", key), owner) for key in range(1, size + 1))
        address = server.getsockname()
        run.did(lambda: socket.create_connection(address).close())
        assert not run.records()
        for event in (CONNECT, CLOSE):
            counts = [run.count(event, one) for one in (Counter.PRODUCED, Counter.LOST_PENDING)]
            assert counts == [1, 1]


def test_hosts_of_their_own(hosts: tuple[Host, Host]) -> None:
    """Across a wire, between namespaces."""
    left, right = hosts
    with right.inside():
        server = socket.create_server((right.ipv4, 0))
    port = server.getsockname()[1]

    def ask() -> None:
        with left.inside():
            socket.create_connection((right.ipv4, port)).close()

    with server, audit_run(TCP) as run:
        with run.child(lambda: server.accept()[0].recv(1)) as serving:
            asking = run.did(ask)
        until(2, CLOSE, run)
        (connect,), (accept,) = run.of(CONNECT), run.of(ACCEPT)
        assert (connect["tgid"], accept["tgid"]) == (asking, serving)
        assert (number(connect, "netns"), number(accept, "netns")) == (
            netns(left.fd),
            netns(right.fd),
        )
        assert ends(connect) == Ends(left.ipv4, ends(connect).local_port, right.ipv4, port)


def test_a_command_that_talks() -> None:
    """The socket belongs to whoever asked, though a child closes it."""
    with listening(socket.AF_INET, "127.0.0.1") as server, audit_run(TCP) as run:
        port = server.getsockname()[1]

        def work() -> None:
            with socket.create_connection(("127.0.0.1", port)) as asking:
                subprocess.run(["true"], pass_fds=[asking.fileno()], check=True)

        child = run.did(work)
        server.accept()[0].close()
        (closed,) = until(1, CLOSE, run)
        assert closed["tgid"] == child


def _connected(one: socket.socket, to: tuple[str, int]) -> int:
    """The descriptor of the socket, which sends to that address from now on."""
    one.connect(to)
    return one.fileno()


WAYS: dict[str, Callable[[socket.socket, tuple[str, int]], object]] = {
    "sendto": lambda one, to: one.sendto(b"x" * 10, to),
    "sendmsg": lambda one, to: one.sendmsg([b"x" * 4, b"x" * 6], [], 0, to),
    "write": lambda one, to: os.write(_connected(one, to), b"x" * 10),
    "writev": lambda one, to: os.writev(_connected(one, to), [b"x" * 9, b"x"]),
}


@pytest.mark.parametrize("way", list(WAYS))
@pytest.mark.parametrize("name", list(HOSTS))
def test_a_datagram_is_sent(name: str, way: str) -> None:
    family, address, shown = HOSTS[name]
    with socket.socket(family, socket.SOCK_DGRAM) as to, audit_run(UDP) as run:
        to.bind((address, 0))
        port = to.getsockname()[1]

        def work() -> None:
            with socket.socket(family, socket.SOCK_DGRAM) as one:
                one.bind((address, 0))
                WAYS[way](one, (address, port))

        child = run.did(work)
        data, source = to.recvfrom(100)
        (sent,) = run.records()
        assert (sent["type"], sent["tgid"], sent["bytes"], len(data)) == (SEND, child, 10, 10)
        assert ends(sent) == Ends(shown, source[1], shown, port)
        assert number(sent, "type") == socket.SOCK_DGRAM
        assert run.is_exact(SEND)


READS: dict[str, Callable[[socket.socket], object]] = {
    "recvfrom": lambda one: one.recvfrom(100),
    "recvmsg": lambda one: one.recvmsg(100),
    "peek": lambda one: (one.recvfrom(100, socket.MSG_PEEK), one.recvfrom(100)),
}


@pytest.mark.parametrize("way", list(READS))
@pytest.mark.parametrize("name", list(HOSTS))
def test_a_datagram_is_received(name: str, way: str) -> None:
    family, address, shown = HOSTS[name]
    with (
        socket.socket(family, socket.SOCK_DGRAM) as to,
        socket.socket(family, socket.SOCK_DGRAM) as sender,
        audit_run(UDP) as run,
    ):
        to.bind((address, 0))
        port = to.getsockname()[1]
        sender.bind((address, 0))
        sender.sendto(b"12345", (address, port))
        child = run.did(lambda: READS[way](to))
        (got,) = run.records()
        assert (got["type"], got["tgid"], got["bytes"]) == (RECEIVE, child, 5)
        assert ends(got) == Ends(shown, port, shown, sender.getsockname()[1])


def test_reading_from_a_connected_socket() -> None:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as to,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender,
        audit_run(UDP) as run,
    ):
        for one in (to, sender):
            one.bind(("127.0.0.1", 0))
        to.connect(sender.getsockname())
        sender.sendto(b"", to.getsockname())
        sender.sendto(b"123", to.getsockname())
        run.did(lambda: (to.recv(9), os.read(to.fileno(), 9)))
        assert [one["bytes"] for one in run.of(RECEIVE)] == [0, 3]
        both = Ends("127.0.0.1", to.getsockname()[1], "127.0.0.1", sender.getsockname()[1])
        assert [ends(one) for one in run.of(RECEIVE)] == [both] * 2


def test_files_and_streams_are_no_datagrams() -> None:
    def work() -> None:
        one, other = socket.socketpair()
        one.send(b"x")
        other.recv(1)
        ends_of_pipe = os.pipe()
        os.write(ends_of_pipe[1], b"x")
        os.read(ends_of_pipe[0], 1)

    with audit_run(UDP) as run:
        run.did(work)
        assert not run.records()
