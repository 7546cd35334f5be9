"""Two hosts with a wire between them: network namespaces with the two ends of a veth pair.

>>> with two_hosts() as (left, right), left.inside():
...     socket.create_connection((right.ipv4, 80))

The sockets that a test opens `inside` a host stay in there, whoever uses them then. Nothing of it
has a name, and all of it goes away with the last descriptor of a namespace.
"""

from __future__ import annotations

import ctypes
import os
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from disk_setup import load_modules

__all__ = ("FAMILIES", "Host", "Server", "connected", "own_comm", "two_hosts", "until")

FAMILIES = (socket.AF_INET, socket.AF_INET6)

_CLONE_NEWNET = 0x40000000  # include/uapi/linux/sched.h
_SECONDS = 20
# include/uapi/linux/tcp.h: of a socket that listens, tcpi_unacked is who waits
_TCP_INFO_BYTES, _TCPI_UNACKED = 104, 24
_TCP_STATES_OVER = ("06", "0A")  # TIME_WAIT, LISTEN: include/net/tcp_states.h
_libc = ctypes.CDLL(None, use_errno=True)


class Host:
    """A network namespace whose device `wire` leads to the other host."""

    def __init__(self, number: int) -> None:
        self.ipv4, self.ipv6 = f"10.77.0.{number}", f"fd77::{number}"
        self.link = f"02:00:00:00:00:{number:02x}"
        self.fd = _new_namespace()

    def address(self, family: int) -> str:
        """Its address at the wire."""
        return self.ipv4 if family == socket.AF_INET else self.ipv6

    @property
    def path(self) -> str:
        """A path of the namespace, for as long as this process has it open."""
        return f"/proc/{os.getpid()}/fd/{self.fd}"

    @contextmanager
    def inside(self) -> Iterator[None]:
        """This thread's sockets are this host's."""
        own = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        try:
            _enter(self.fd)
            try:
                yield
            finally:
                _enter(own)
        finally:
            os.close(own)

    def command(self, *arguments: str) -> list[str]:
        """The command, to be run on this host."""
        return ["nsenter", f"--net={self.path}", *arguments]

    def is_up(self) -> bool:
        """Whether packets go through the wire."""
        command = self.command("ip", "-o", "link", "show", "wire")
        return " state UP " in subprocess.check_output(command, text=True)

    def run(self, line: str) -> None:
        """Run a command on this host."""
        subprocess.run(self.command(*line.split()), check=True)

    @contextmanager
    def silent(self) -> Iterator[None]:
        """Whatever it sends over the wire is lost, before it has left."""
        self.run("tc qdisc replace dev wire root blackhole")
        try:
            yield
        finally:
            self.run("tc qdisc delete dev wire root")

    def counter(self, name: str) -> int:
        """A counter of TCP's, by its name in /proc/net/snmp or /proc/net/netstat."""
        with self.inside():
            text = Path("/proc/thread-self/net/snmp").read_text()
            text += Path("/proc/thread-self/net/netstat").read_text()
        lines = [line.split() for line in text.splitlines() if line.startswith("Tcp")]
        for names, values in zip(lines[::2], lines[1::2], strict=True):
            if name in names:
                return int(values[names.index(name)])
        raise KeyError(name)

    def sessions(self) -> int:
        """How many TCP sockets there are that neither listen nor are closed."""
        with self.inside():
            tables = [Path(f"/proc/thread-self/net/{one}").read_text() for one in ("tcp", "tcp6")]
        states = [line.split()[3] for text in tables for line in text.splitlines()[1:]]
        return sum(one not in _TCP_STATES_OVER for one in states)


class Server(socket.socket):
    """A socket that listens on a host, at its address of that family unless it is told another."""

    def __init__(
        self, host: Host, family: int = socket.AF_INET, *, backlog: int = 16, address: str = ""
    ) -> None:
        with host.inside():
            super().__init__(family, socket.SOCK_STREAM)
        self.bind((address or host.address(family), 0))
        self.listen(backlog)

    @property
    def place(self) -> tuple[str, int]:
        """Its address and port."""
        address, port = self.getsockname()[:2]
        return address, port

    @property
    def waiting(self) -> int:
        """How many connections wait to be accepted."""
        info = self.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO_BYTES)
        (count,) = struct.unpack_from("I", info, _TCPI_UNACKED)
        return int(count)


@contextmanager
def two_hosts() -> Iterator[tuple[Host, Host]]:
    """Two hosts that reach each other by IPv4 and IPv6, and need not look for each other first."""
    if "SEISMO_LAB_KERNEL" in os.environ:
        load_modules("veth")
    left, right = Host(1), Host(2)
    try:
        left.run(
            f"ip link add wire address {left.link} type veth "
            f"peer name wire address {right.link} netns {right.path}"
        )
        for host, other in ((left, right), (right, left)):
            host.run("ip link set lo up")
            host.run("ip link set wire up")
            host.run(f"ip address add {host.ipv4}/24 dev wire")
            host.run(f"ip address add {host.ipv6}/64 dev wire nodad")
            for address in (other.ipv4, other.ipv6):
                host.run(f"ip neighbour replace {address} lladdr {other.link} dev wire")
        until(lambda: left.is_up() and right.is_up())
        yield left, right
    finally:
        os.close(left.fd)
        os.close(right.fd)


def connected(host: Host, server: Server) -> tuple[socket.socket, socket.socket]:
    """A connection from the host to the server: its two ends, the one that connected first."""
    with host.inside():
        client = socket.socket(server.family, socket.SOCK_STREAM)
    client.settimeout(_SECONDS)
    client.connect(server.place)
    return client, server.accept()[0]


def own_comm() -> str:
    """What this thread is called."""
    return Path("/proc/thread-self/comm").read_text().rstrip("\n")


def until(is_so: Callable[[], bool]) -> None:
    """Wait until it is so; fails if that takes too long."""
    end = time.monotonic() + _SECONDS
    while not is_so():
        assert time.monotonic() < end, "it takes too long"
        time.sleep(0.02)


def _new_namespace() -> int:
    """A descriptor of a new network namespace, in which no thread stays."""
    found: list[int] = []

    def make() -> None:
        if not _libc.unshare(_CLONE_NEWNET):
            found.append(os.open("/proc/thread-self/ns/net", os.O_RDONLY))

    thread = threading.Thread(target=make)
    thread.start()
    thread.join()
    assert found, "no network namespace can be made"
    return found[0]


def _enter(fd: int) -> None:
    if _libc.setns(fd, _CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")
