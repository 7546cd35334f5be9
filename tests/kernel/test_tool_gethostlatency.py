"""`gethostlatency`: every look-up of a name is a row, whichever function was asked."""

from __future__ import annotations

import ctypes
import os
import socket
import subprocess
import sys
from typing import Any

import pytest

from network_setup import own_comm
from tool_runs import tool_rows, tool_text

pytestmark = pytest.mark.kernel

NOBODY = "n" * 64  # longer than a label may be: no name server is asked
_libc = ctypes.CDLL(None)


def in_numbers(name: str) -> None:
    """Have getaddrinfo(3) take a name as an address, which it is not."""
    with pytest.raises(socket.gaierror):
        socket.getaddrinfo(name, 80, flags=socket.AI_NUMERICHOST)


def look_up() -> None:
    socket.getaddrinfo("localhost", 80)
    in_numbers("no-number")
    _libc.gethostbyname(b"localhost")
    _libc.gethostbyname(NOBODY.encode())
    _libc.gethostbyname2(b"127.0.0.1", socket.AF_INET)
    _libc.gethostbyname2(NOBODY.encode(), socket.AF_INET6)
    socket.getaddrinfo(None, 80)
    program = "import socket; socket.getaddrinfo('localhost', 80)"
    subprocess.run([sys.executable, "-c", program], check=True)


def brief(one: dict[str, Any]) -> tuple[str | None, str]:
    return one["err"], one["host"]


def test_every_look_up_is_a_row() -> None:
    rows = tool_rows("gethostlatency", "-p", str(os.getpid()), act=look_up)
    assert [brief(one) for one in rows] == [
        (None, "localhost"),
        ("EAI_NONAME", "no-number"),
        (None, "localhost"),
        ("FAILED", NOBODY),
        (None, "127.0.0.1"),
        ("FAILED", NOBODY),
        (None, ""),
    ]
    assert {(one["pid"], one["comm"]) for one in rows} == {(os.getpid(), own_comm())}
    assert all(0 <= one["lat_ms"] < 60_000 for one in rows)


def test_a_command_as_text() -> None:
    program = 'import socket; socket.getaddrinfo("127.0.0.3", 80)'
    text = tool_text("gethostlatency", "-c", f"{sys.executable} -c '{program}'")
    heading, line = text.splitlines()
    assert heading.split() == ["PID", "COMM", "LAT_MS", "ERR", "HOST"]
    assert line.split()[1::2] == [os.path.basename(sys.executable), "-"]
    assert line.index("127.0.0.3") == heading.index("HOST")
