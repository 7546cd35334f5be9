"""`tcplife`: every session is a row, with exactly what it carried."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from typing import Any

import pytest

from network_setup import FAMILIES, Host, Server, connected, own_comm, until
from tool_runs import tool_rows, tool_text

pytestmark = pytest.mark.kernel

KIB = 1024
NEIGHBOUR = """
import socket
with socket.create_server(("127.0.0.1", 0)) as server:
    with socket.create_connection(server.getsockname()), server.accept()[0]:
        pass
"""


def give(giver: socket.socket, taker: socket.socket, size: int) -> None:
    """Send so many bytes, and read them."""
    with taker.makefile("rb") as file:
        for start in range(0, size, 4 * KIB):
            part = min(4 * KIB, size - start)
            giver.sendall(b"x" * part)
            assert len(file.read(part)) == part


def settle(*hosts: Host) -> None:
    until(lambda: not any(host.sessions() for host in hosts))


def row(one: socket.socket, tx_kb: int, rx_kb: int) -> dict[str, Any]:
    """What is shown of an open socket, but for its duration."""
    (laddr, lport), (raddr, rport) = one.getsockname()[:2], one.getpeername()[:2]
    who = {"pid": os.getpid(), "comm": own_comm()}
    where = {"laddr": laddr, "lport": lport, "raddr": raddr, "rport": rport}
    return who | where | {"tx_kb": tx_kb, "rx_kb": rx_kb}


def without_ms(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in one.items() if name != "ms"} for one in rows]


def test_both_ends_of_every_session_are_rows(hosts: tuple[Host, Host]) -> None:
    """A byte less than a KiB more is no KiB: SYN and FIN are not counted as bytes."""
    left, right = hosts
    expected = []
    slept_ms = 150

    def act() -> None:
        for family in FAMILIES:
            with Server(right, family) as server:
                client, peer = connected(left, server)
                give(client, peer, 11 * KIB - 1)
                give(peer, client, 200 * KIB)
                expected.extend([row(client, 10, 200), row(peer, 200, 10)])
                time.sleep(slept_ms / 1000)
                client.close()
                assert peer.recv(1) == b""
                peer.close()
        subprocess.run([sys.executable, "-c", NEIGHBOUR], check=True)
        settle(left, right)

    rows = tool_rows("tcplife", "-p", str(os.getpid()), act=act)
    assert sorted(without_ms(rows), key=str) == sorted(expected, key=str)
    assert all(slept_ms <= one["ms"] < 20_000 for one in rows)


def test_sessions_that_end_badly_are_rows(hosts: tuple[Host, Host]) -> None:
    """Refused, reset by the one who accepted, and never accepted."""
    left, right = hosts
    ends: dict[str, tuple[str, int]] = {}

    def act() -> None:
        with Server(right) as server:
            refused = server.place
        with left.inside():
            client = socket.socket()
        client.bind((left.ipv4, 0))
        ends["refused"] = client.getsockname()
        with pytest.raises(ConnectionRefusedError):
            client.connect(refused)
        client.close()
        with Server(right) as server:
            client, peer = connected(left, server)
            ends["reset"] = client.getsockname()
            client.sendall(b"unread")
            until(lambda: bool(peer.recv(1, socket.MSG_PEEK)))
            peer.close()
            client.close()
            with left.inside():
                client = socket.create_connection(server.place)
            ends["alone"] = client.getsockname()
        client.close()
        settle(left, right)

    rows = tool_rows("tcplife", "-4", act=act)
    for name in ("refused", "reset", "alone"):
        (client,) = [one for one in rows if (one["laddr"], one["lport"]) == ends[name]]
        assert (client["pid"], client["raddr"]) == (os.getpid(), right.ipv4), name
    peers = {one["rport"]: one for one in rows if one["laddr"] == right.ipv4}
    assert peers.keys() == {ends["reset"][1], ends["alone"][1]}
    assert peers[ends["reset"][1]]["pid"] == os.getpid()
    assert (peers[ends["alone"][1]]["pid"], peers[ends["alone"][1]]["comm"]) == (0, "-")


def test_ports_and_families_choose(hosts: tuple[Host, Host]) -> None:
    left, right = hosts
    with Server(right) as ipv4, Server(right, socket.AF_INET6) as ipv6:

        def act() -> None:
            for server in (ipv4, ipv6, ipv4):
                for one in connected(left, server):
                    one.close()
            settle(left, right)

        port = ipv4.place[1]
        rows = tool_rows("tcplife", "-L", str(port), act=act)
        assert [one["laddr"] for one in rows] == [right.ipv4] * 2
        rows = tool_rows("tcplife", "-D", str(port), "-p", str(os.getpid()), act=act)
        assert [one["laddr"] for one in rows] == [left.ipv4] * 2
        rows = tool_rows("tcplife", "-6", "-p", str(os.getpid()), act=act)
        assert sorted(one["laddr"] for one in rows) == [left.ipv6, right.ipv6]


def test_a_heading_stands_above_aligned_rows() -> None:
    heading, *lines = tool_text("tcplife", "-c", f"{sys.executable} -c '{NEIGHBOUR}'").splitlines()
    assert heading.split() == [
        *("PID", "COMM", "LADDR", "LPORT", "RADDR", "RPORT", "TX_KB", "RX_KB", "MS")
    ]
    assert len(lines) == 2
    for line in lines:
        assert line.index("127.0.0.1") == heading.index("LADDR")
        assert line.split()[6:8] == ["0", "0"]
