"""`tcpdrop`: every packet that is thrown away is a row, with its reason."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from typing import Any

import pytest

from network_setup import FAMILIES, Host, Server, connected, until
from tool_runs import tool_rows, tool_text

pytestmark = pytest.mark.kernel


def refused(host: Host, family: int, place: tuple[str, int]) -> tuple[str, int, str, int]:
    """Connect to where nobody listens: whose packet that was, and to whom."""
    with host.inside():
        client = socket.socket(family, socket.SOCK_STREAM)
    with client:
        client.bind((host.address(family), 0))
        source = client.getsockname()[:2]
        with pytest.raises(ConnectionRefusedError):
            client.connect(place)
    return (*source, *place)


def line_of(one: dict[str, Any]) -> tuple[str, int, str, int]:
    return (one["saddr"], one["sport"], one["daddr"], one["dport"])


def test_packets_for_nobody(hosts: tuple[Host, Host]) -> None:
    """A row each, and none of the packets that arrive, to the last FIN."""
    left, right = hosts
    expected = []

    def act() -> None:
        for family in FAMILIES:
            with Server(right, family) as server:
                place = server.place
                client, peer = connected(left, server)
                client.sendall(b"x")
                assert peer.recv(2) == b"x"
                client.close()
                peer.close()
            expected.extend([refused(left, family, place) for _ in range(3)])
        until(lambda: not left.sessions() and not right.sessions())

    rows = [one for one in tool_rows("tcpdrop", act=act) if one["saddr"] in (left.ipv4, left.ipv6)]
    assert [line_of(one) for one in rows] == expected
    assert {(one["state"], one["flags"]) for one in rows} == {(None, "SYN")}
    for one in rows:
        assert any(name in ("tcp_v4_rcv", "tcp_v6_rcv") for name in one["stack"])


def test_filters_go_by_whose_the_socket_is(hosts: tuple[Host, Host]) -> None:
    """A packet that is lost on its way out has a socket; a neighbour's, too."""
    left, right = hosts
    expected = []

    def act() -> None:
        with Server(right) as server, left.silent(), left.inside():
            program = f"import socket; socket.create_connection({server.place})"
            with subprocess.Popen(left.command(sys.executable, "-c", program)) as neighbour:
                until(lambda: left.counter("ActiveOpens") == 1)
                for _ in range(2):
                    with socket.socket() as client:
                        client.setblocking(False)
                        client.connect_ex(server.place)
                        expected.append((*client.getsockname(), *server.place))
                neighbour.kill()

    rows = tool_rows("tcpdrop", "-4", "-p", str(os.getpid()), act=act)
    mine = [one for one in rows if one["saddr"] == left.ipv4]
    assert [line_of(one) for one in mine] == expected
    assert {(one["pid"], one["state"], one["flags"]) for one in mine} == {
        (os.getpid(), "SYN_SENT", "SYN")
    }


def test_a_heading_and_a_stack_below_each_row(hosts: tuple[Host, Host]) -> None:
    left, right = hosts
    expected = []

    def act() -> None:
        with Server(right) as server:
            place = server.place
        expected.append(refused(left, socket.AF_INET, place))

    heading, *lines = tool_text("tcpdrop", act=act).splitlines()
    names = ["PID", "COMM", "SADDR", "SPORT", "DADDR", "DPORT", "STATE", "FLAGS", "REASON"]
    assert heading.split() == names
    at = next(at for at, line in enumerate(lines) if left.ipv4 in line)
    words = [*map(str, expected[0]), "-", "SYN", "SKB_DROP_REASON_NO_SOCKET"]
    assert lines[at].split()[2:] == words
    assert lines[at].index(left.ipv4) == heading.index("SADDR")
    assert lines[at + 1].startswith("        ")
