"""`sslsnoop`: what goes through OpenSSL is shown as it was written, and as it is read."""

from __future__ import annotations

import os
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from network_setup import own_comm
from tool_runs import tool_rows, tool_text

pytestmark = pytest.mark.kernel

QUESTION = b"GET / HTTP/1.1\r\n\r\n"
ANSWER = "häll\0o".encode() + b"\xff" + b"x" * 9000


@pytest.fixture(scope="module")
def server_context(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    folder = tmp_path_factory.mktemp("keys")
    key, certificate = folder / "key", folder / "certificate"
    command = "openssl req -x509 -nodes -newkey ec -pkeyopt ec_paramgen_curve:prime256v1"
    files = ["-keyout", str(key), "-out", str(certificate), "-subj", "/CN=localhost"]
    subprocess.run([*command.split(), *files], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


class Pair:
    """A client and a server in this process, whose packets are handed over in memory."""

    def __init__(self, context: ssl.SSLContext) -> None:
        trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        trusting.check_hostname = False
        trusting.verify_mode = ssl.CERT_NONE
        there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.client = trusting.wrap_bio(back, there)
        self.server = context.wrap_bio(there, back, server_side=True)

    def shake_hands(self) -> None:
        left = [self.client, self.server]
        while left:
            one = left.pop(0)
            try:
                one.do_handshake()
            except ssl.SSLWantReadError:
                left.append(one)

    def talk(self) -> None:
        """A question and an answer; what there is nothing to read of is no row."""
        self.shake_hands()
        assert self.client.write(QUESTION) == len(QUESTION)
        assert self.server.read(100) == QUESTION
        with pytest.raises(ssl.SSLWantReadError):
            self.server.read(100)
        assert self.server.write(ANSWER) == len(ANSWER)
        assert self.client.read(len(ANSWER)) == ANSWER


def brief(one: dict[str, Any]) -> tuple[str, int, str]:
    return one["op"], one["len"], one["data"]


def test_what_is_written_and_read(server_context: ssl.SSLContext) -> None:
    def act() -> None:
        Pair(server_context).talk()

    rows = tool_rows("sslsnoop", "-p", str(os.getpid()), act=act)
    question = "GET / HTTP/1.1\\r\\n\\r\\n"
    answer = "häll\\x00o\\xff" + "x" * (8192 - 8)
    assert [brief(one) for one in rows] == [
        ("HANDSHAKE", 0, ""),
        ("HANDSHAKE", 0, ""),
        ("WRITE", len(QUESTION), question),
        ("READ", len(QUESTION), question),
        ("WRITE", len(ANSWER), answer),
        ("READ", len(ANSWER), answer),
    ]
    assert {(one["pid"], one["comm"]) for one in rows} == {(os.getpid(), own_comm())}


def test_the_beginning_in_hexadecimal(server_context: ssl.SSLContext) -> None:
    def act() -> None:
        Pair(server_context).talk()

    text = tool_text("sslsnoop", "-p", str(os.getpid()), "--hex", "-s", "7", act=act)
    heading, *lines = text.splitlines()
    assert heading.split() == ["PID", "COMM", "OP", "LAT_US", "LEN", "DATA"]
    place = heading.index("DATA")
    shown = [line[place:] for line in lines]
    assert shown == ["", "", *[QUESTION[:7].hex()] * 2, *[ANSWER[:7].hex()] * 2]


@pytest.fixture
def https(server_context: ssl.SSLContext) -> Iterator[int]:
    """The port of a server for one who asks."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            plain = listening.accept()[0]
            with server_context.wrap_socket(plain, server_side=True) as peer:
                assert peer.recv(100) == b"ping\n"
                peer.sendall(b"pong\n")

        thread = threading.Thread(target=serve)
        thread.start()
        yield listening.getsockname()[1]
        thread.join()


def test_the_older_functions(https: int) -> None:
    """The program of OpenSSL itself calls SSL_read and SSL_write."""

    def act() -> None:
        command = f"openssl s_client -quiet -connect 127.0.0.1:{https}"
        done = subprocess.run(command.split(), input=b"ping\n", capture_output=True, timeout=60)
        assert done.stdout == b"pong\n"

    rows = tool_rows("sslsnoop", "--comm", "openssl", act=act)
    assert [brief(one) for one in rows] == [("WRITE", 5, "ping\\n"), ("READ", 5, "pong\\n")]
