"""Network packets and sockets: `skboutput`, `socket_cookie`, at raw tracepoints of the loopback."""

from __future__ import annotations

import os
import socket
import struct
import time
from pathlib import Path

import pytest

from script_runs import run_script
from seismo.base.diagnostics import DiagnosticsError
from seismo.base.errors import SyscallError

pytestmark = pytest.mark.kernel

_FILE_HEADER, _PACKET_HEADER = struct.Struct("=IHHiIII"), struct.Struct("=IIII")
_UDP_BYTES = 28  # the headers of IPv4 and UDP
_SO_COOKIE = 57  # include/uapi/asm-generic/socket.h


def send(port: int, texts: list[bytes]) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for text in texts:
            sender.sendto(text, ("127.0.0.1", port))


def packets(path: Path) -> list[tuple[float, bytes]]:
    """Time (s) and bytes of each packet of a file, whose header is as it must be."""
    content = path.read_bytes()
    assert _FILE_HEADER.unpack_from(content) == (0xA1B23C4D, 2, 4, 0, 0, 65535, 1)
    found: list[tuple[float, bytes]] = []
    at = _FILE_HEADER.size
    while at < len(content):
        seconds, rest, kept, length = _PACKET_HEADER.unpack_from(content, at)
        at += _PACKET_HEADER.size
        assert kept == length
        found.append((seconds + rest / 1e9, content[at : at + kept]))
        at += kept
    return found


def test_packets_go_to_their_files(tmp_path: Path) -> None:
    """Those of one port: whole in one file, without the headers of IP and UDP in the other."""
    whole, bare = tmp_path / "whole.pcap", tmp_path / "bare.pcap"
    texts = [b"packet %d" % number + bytes(number * 100) for number in range(5)]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        port = receiver.getsockname()[1]
        before = time.time()
        # The first 4 bytes behind the header of IP are the ports.
        ran = run_script(
            f"rawtracepoint:netif_receive_skb /pid == {os.getpid()}/ {{\n"
            "    $ports = *(uint32 *)kptr(args.skb.data + 20);\n"
            f"    if (bswap((uint16)($ports >> 16)) == {port}) {{\n"
            f'        @[skboutput("{whole}", args.skb, args.skb.len, 0)] = count();\n'
            f'        skboutput("{bare}", args.skb, args.skb.len, {_UDP_BYTES});\n'
            "    }\n"
            "}",
            lambda: send(port, texts),
        )
        after = time.time()
    assert ran.output.split() == ["@[0]:", "5"]
    assert [packet for _, packet in packets(bare)] == texts
    assert [packet[_UDP_BYTES:] for _, packet in packets(whole)] == texts
    assert all(packet[0] == 0x45 for _, packet in packets(whole))
    times = [when for when, _ in packets(whole)]
    assert times == sorted(times)
    assert before - 1 < times[0] <= times[-1] < after + 1


def test_more_than_a_packet_has_is_refused_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "none.pcap"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        port = receiver.getsockname()[1]
        ran = run_script(
            f"rawtracepoint:netif_receive_skb /pid == {os.getpid()}/ {{\n"
            f'    @[skboutput("{path}", args.skb, args.skb.len + 1, 0)] = count();\n'
            "}",
            lambda: send(port, [b"one"]),
        )
    assert ran.output.split() == ["@[-14]:", "1"]
    assert "1 call of skb_output failed" in ran.errors
    assert packets(path) == []


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    path = tmp_path / "no" / "such.pcap"
    script = f'rawtracepoint:netif_receive_skb {{ skboutput("{path}", args.skb, 1, 0); }}'
    with pytest.raises(SyscallError, match=r"write .*such\.pcap: No such file"):
        run_script(script)


def test_the_cookie_is_that_of_the_socket() -> None:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        ran = run_script(
            f"rawtracepoint:inet_sock_set_state /pid == {os.getpid()}/ {{\n"
            '    printf("%lu\\n", socket_cookie(args.sk));\n'
            "}",
            one.listen,
        )
        (cookie,) = struct.unpack("Q", one.getsockopt(socket.SOL_SOCKET, _SO_COOKIE, 8))
    assert ran.output.split() == [str(cookie)]


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ("$s = args.sk; @ = socket_cookie($s);", "$s: socket_cookie() takes what args or ctx"),
        (
            "@ = socket_cookie((struct sock *)1);",
            "(struct sock *)1: socket_cookie() takes what args or ctx",
        ),
        ('skboutput("x", args.sk, 1, 0);', "args.sk: skboutput() takes a struct sk_buff *, not"),
    ],
)
def test_pointers_whose_types_the_kernel_does_not_know(body: str, complaint: str) -> None:
    with pytest.raises(DiagnosticsError) as caught:
        run_script(f"rawtracepoint:inet_sock_set_state {{ {body} }}")
    (one,) = caught.value.diagnostics
    assert f"{one.span.text}: {one.message}".startswith(complaint)
