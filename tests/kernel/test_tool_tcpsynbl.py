"""`tcpsynbl`: each handshake that ends is counted by how many connections wait then."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from contextlib import ExitStack
from functools import partial
from typing import Any

import pytest

from network_setup import Host, Server, until
from tool_runs import tool_rows, tool_text

pytestmark = pytest.mark.kernel

LIMIT = 61  # no limit that anybody else would choose
NEIGHBOUR = """
import socket
with socket.create_server(("127.0.0.1", 0), backlog=62) as server:
    with socket.create_connection(server.getsockname()):
        pass
"""


def act(hosts: tuple[Host, Host]) -> None:
    """Five connections come, two are accepted, another one comes: at a socket of IPv4, and by both
    families at one of IPv6."""
    left, right = hosts
    for family, address, targets in (
        (socket.AF_INET, right.ipv4, [right.ipv4] * 6),
        (socket.AF_INET6, "::", [right.ipv4, right.ipv6] * 3),
    ):
        with ExitStack() as opened:
            server = opened.enter_context(Server(right, family, backlog=LIMIT, address=address))
            for count, target in enumerate(targets):
                if count == 5:
                    opened.enter_context(server.accept()[0])
                    opened.enter_context(server.accept()[0])
                waiting = server.waiting
                with left.inside():
                    place = (target, server.place[1])
                    opened.enter_context(socket.create_connection(place))
                until(partial(_has_waiting, server, waiting + 1))
    subprocess.run([sys.executable, "-c", NEIGHBOUR], check=True)


def _has_waiting(server: Server, count: int) -> bool:
    return server.waiting == count


def counts(buckets: list[dict[str, Any]]) -> dict[int, int]:
    """How often there waited as many, or less than twice as many."""
    return {one["min"]: one["count"] for one in buckets if one["count"]}


def shown(text: str) -> dict[str, int]:
    """The buckets of a histogram in words."""
    found = re.findall(r"^(\[.*?[\])]) +(\d+) \|", text, re.MULTILINE)
    return {bucket: int(count) for bucket, count in found}


def test_each_handshake_is_counted(hosts: tuple[Host, Host]) -> None:
    pid = str(os.getpid())
    (found,) = tool_rows("tcpsynbl", "-p", pid, act=lambda: act(hosts))
    assert found["limit"] == LIMIT
    assert counts(found["buckets"]) == {0: 2, 1: 2, 2: 6, 4: 2}


def test_a_handshake_that_finds_no_room_is_counted(hosts: tuple[Host, Host]) -> None:
    """Three are answered at once, where two may wait: one is beyond the limit, and the third finds
    no room each time that it tries."""
    left, right = hosts

    def overflow() -> None:
        with ExitStack() as opened:
            server = opened.enter_context(Server(right, backlog=1))
            with right.silent(), left.inside():
                for _ in range(3):
                    client = opened.enter_context(socket.socket())
                    client.setblocking(False)
                    client.connect_ex(server.place)
            until(lambda: right.counter("ListenOverflows") > 0)

    text = tool_text("tcpsynbl", "-p", str(os.getpid()), act=overflow)
    assert text.splitlines()[0] == "limit = 1 (connections):"
    found = shown(text)
    assert found.keys() == {"[0]", "[1]", "[2, 4)"}
    assert (found["[0]"], found["[1]"]) == (1, 1)
