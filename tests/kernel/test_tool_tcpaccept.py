"""`tcpaccept`: every connection that is accepted is a row."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from network_setup import FAMILIES, Host, Server, own_comm
from script_runs import run_script
from seismo.tools.network.tcpaccept import TOOL
from tool_runs import tool_rows, tool_text

pytestmark = pytest.mark.kernel

BACKLOG = 5
NEIGHBOUR = """
import socket
with socket.create_server(("127.0.0.1", 0)) as server:
    with socket.create_connection(server.getsockname()), server.accept()[0]:
        pass
"""


class Accepted:
    """Three connections wait and are accepted then, by IPv4 and by IPv6; one is accepted over a
    socket that is not TCP's. `rows` is what is to be shown."""

    def __init__(self, hosts: tuple[Host, Host]) -> None:
        self._left, self._right = hosts
        self.rows: list[dict[str, Any]] = []

    def __call__(self) -> None:
        for family in FAMILIES:
            with ExitStack() as opened:
                server = opened.enter_context(Server(self._right, family, backlog=BACKLOG))
                with self._left.inside():
                    for _ in range(3):
                        opened.enter_context(socket.create_connection(server.place))
                for waiting in (2, 1, 0):
                    peer = opened.enter_context(server.accept()[0])
                    self.rows.append(row(peer, waiting))
        with socket.socket(socket.AF_UNIX) as local, socket.socket(socket.AF_UNIX) as client:
            local.bind("\0tcpaccept-test")
            local.listen()
            client.connect("\0tcpaccept-test")
            local.accept()[0].close()
        subprocess.run([sys.executable, "-c", NEIGHBOUR], check=True)


def row(peer: socket.socket, waiting: int) -> dict[str, Any]:
    (raddr, rport), (laddr, lport) = peer.getpeername()[:2], peer.getsockname()[:2]
    where = {"raddr": raddr, "rport": rport, "laddr": laddr, "lport": lport}
    return {"pid": os.getpid(), "comm": own_comm(), **where, "bl": waiting, "bl_max": BACKLOG}


def test_every_accepted_connection_is_a_row(hosts: tuple[Host, Host]) -> None:
    act = Accepted(hosts)
    assert tool_rows("tcpaccept", "-p", str(os.getpid()), act=act) == act.rows


def test_families_choose(hosts: tuple[Host, Host]) -> None:
    act = Accepted(hosts)
    rows = tool_rows("tcpaccept", "-6", "-p", str(os.getpid()), act=act)
    assert rows == act.rows[3:]
    act = Accepted(hosts)
    rows = tool_rows("tcpaccept", "-4", "-p", str(os.getpid()), act=act)
    assert rows == act.rows[:3]


def test_a_command_and_a_heading() -> None:
    command = f"{sys.executable} -c '{NEIGHBOUR}'"
    heading, line = tool_text("tcpaccept", "-c", command).splitlines()
    names = ["PID", "COMM", "RADDR", "RPORT", "LADDR", "LPORT", "BL", "BL_MAX"]
    assert heading.split() == names
    assert line.index("127.0.0.1") == heading.index("RADDR")
    assert line.split()[6] == "0"


@pytest.mark.guest
def test_each_script_gives_the_same_rows(hosts: tuple[Host, Host]) -> None:
    for script in TOOL.scripts:
        act = Accepted(hosts)
        output = run_script(Path(TOOL.path(script)).read_text(), act).output
        lines = [line.split() for line in output.splitlines()]
        mine = [line for line in lines if line[:1] == [str(os.getpid())]]
        assert mine == [[*map(str, one.values())] for one in act.rows], script
