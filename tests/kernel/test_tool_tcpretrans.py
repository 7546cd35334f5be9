"""`tcpretrans`: as many rows as the kernel counts segments that were sent again."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest

from network_setup import Host, Server, connected, own_comm, until
from tool_runs import tool_rows, tool_text

pytestmark = pytest.mark.kernel


def test_as_many_rows_as_the_kernel_counts(hosts: tuple[Host, Host]) -> None:
    """Data by IPv4, SYNs and answered SYNs by IPv6; of either host, which count for themselves."""
    left, right = hosts
    counted: dict[str, int] = {}
    ends: list[tuple[str, int, str, int]] = []

    def act() -> None:
        with Server(right) as server:
            client, peer = connected(left, server)
            with client, peer:
                with left.silent():
                    client.sendall(b"x" * 100)
                    until(lambda: left.counter("RetransSegs") >= 3)
                assert len(peer.recv(100)) == 100
                ends.append((*client.getsockname(), *client.getpeername()))
        with Server(right, socket.AF_INET6) as server, left.inside():
            client = socket.socket(socket.AF_INET6)
            with client, right.silent():
                client.setblocking(False)
                client.connect_ex(server.place)
                until(lambda: right.counter("RetransSegs") > 0)
                until(lambda: left.counter("TCPSynRetrans") > 0)
                ends.append((*client.getsockname()[:2], *server.place))
        for name, host in (("left", left), ("right", right)):
            counted[name] = host.counter("RetransSegs")
        counted["probes"] = left.counter("TCPLossProbes")

    rows = tool_rows("tcpretrans", act=act)
    lines = [(one["laddr"], one["lport"], one["raddr"], one["rport"]) for one in rows]
    data = [row for row, line in zip(rows, lines, strict=True) if line == ends[0]]
    syns = [row for row, line in zip(rows, lines, strict=True) if line == ends[1]]
    answers = [
        row for row, line in zip(rows, lines, strict=True) if line == (*ends[1][2:], *ends[1][:2])
    ]
    assert (len(data) + len(syns), len(answers)) == (counted["left"], counted["right"])
    assert {one["pid"] for one in data + syns + answers} == {os.getpid()}
    assert {one["comm"] for one in data + syns + answers} == {own_comm()}
    assert {one["state"] for one in data} == {"ESTABLISHED"}
    assert [one["type"] for one in data].count("L") == counted["probes"] <= 1
    assert {(one["state"], one["type"]) for one in syns} == {("SYN_SENT", "R")}
    assert {(one["state"], one["type"]) for one in answers} == {("SYN_RECV", "R")}


def test_filters_go_by_whose_the_socket_is(hosts: tuple[Host, Host]) -> None:
    """A neighbour's segments are lost, too; as text."""
    left, right = hosts

    def act() -> None:
        with Server(right) as server, left.silent(), left.inside():
            program = f"import socket; socket.create_connection({server.place})"
            command = left.command(sys.executable, "-c", program)
            with subprocess.Popen(command) as neighbour, socket.socket() as client:
                client.setblocking(False)
                client.connect_ex(server.place)
                until(lambda: left.counter("TCPSynRetrans") >= 2)
                neighbour.kill()

    text = tool_text("tcpretrans", "-4", "-p", str(os.getpid()), act=act)
    heading, *lines = text.splitlines()
    assert heading.split() == ["PID", "COMM", "LADDR", "LPORT", "RADDR", "RPORT", "TYPE", "STATE"]
    assert lines
    for line in lines:
        assert line.split()[0] == str(os.getpid())
        assert line.split()[-2:] == ["R", "SYN_SENT"]
        assert line.index(left.ipv4) == heading.index("LADDR")
