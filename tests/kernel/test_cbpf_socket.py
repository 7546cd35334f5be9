"""Classic BPF in the kernel: filters on sockets, and programs translated to eBPF."""

from __future__ import annotations

import errno
import socket

import pytest

from seismo.base.source import Source
from seismo.cbpf.asm import assemble
from seismo.cbpf.attach import attach_filter, detach_filter, lock_filter
from seismo.cbpf.errors import BadProgram, SocketRefused
from seismo.cbpf.filter.compile import compile_filter
from seismo.cbpf.insn import SockFilter
from seismo.cbpf.interpreter import Packet, run
from seismo.cbpf.translate import socket_filter
from seismo.kernel.live import LiveKernel
from seismo.objects.program import load_program

pytestmark = pytest.mark.kernel

ETHERNET = bytes(12) + b"\x08\x00"
TCP = bytes.fromhex("45000028000000004006") + bytes(2) + bytes((10, 0, 0, 1, 10, 0, 0, 2))
SYN_TO_80 = TCP + bytes.fromhex("1388005000000000000000005002") + bytes(6)
PACKETS = (
    SYN_TO_80,
    SYN_TO_80[:20],
    SYN_TO_80[:33],
    SYN_TO_80[:9] + b"\x11" + SYN_TO_80[10:],
    SYN_TO_80[:6] + b"\x00\x07" + SYN_TO_80[8:],
    b"\x46" + SYN_TO_80[1:20] + bytes(4) + SYN_TO_80[20:],
    bytes.fromhex("6000000000140640") + bytes(32) + SYN_TO_80[20:],
)
EXPRESSIONS = (
    "tcp port 80",
    "tcp[tcpflags] & tcp-syn != 0 and src net 10.0.0.0/8",
    "ip[2:2] - ((ip[0] & 0xf) << 2) > 16 or ip6",
    "not udp and len > 30",
    "ip[ip[0] & 0xf] = 0 or ip[0] / (ip[1] - ip[1]) = 7",
    "ip[8] ^ 0x40 = 0 and ip[0:4] >= 0x45000000",
)


def assembled(text: str) -> tuple[SockFilter, ...]:
    return assemble(Source("stdin", text))


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_the_kernel_runs_what_becomes_of_a_filter(kernel: LiveKernel, expression: str) -> None:
    program = compile_filter(Source("filter", expression), "RAW")
    with load_program(socket_filter(program), {}, kernel) as loaded:
        # A test run takes the Ethernet header off before a socket filter sees the packet.
        results = [loaded.test_run(ETHERNET + packet).retval for packet in PACKETS]
    assert results == [run(program, Packet(packet)) for packet in PACKETS]
    assert len(set(results)) == 2


@pytest.mark.parametrize(
    "text",
    [
        "ldb [0]\nst M[3]\nldxb 4*([0]&0xf)\nld M[3]\nmul x\nxor #0xf0f0f0f0\nret a",
        "ld #-1\njgt #0x80000000, yes\nret #1\nyes: ldx #3\nmod x\nadd #5\nneg\nret a",
        "ldx #0\nld #9\ndiv x\nret #7",
        "ldx len\ntxa\nlsh #3\nret a",
        "ld [-1048576]\nret a",
        "ldx #7\nldh [x + 2]\ntax\nldh [0]\njge x, yes\nret #1\nyes: ret #2",
    ],
)
def test_the_kernel_computes_as_the_machine_does(kernel: LiveKernel, text: str) -> None:
    program = assembled(text)
    with load_program(socket_filter(program), {}, kernel) as loaded:
        result = loaded.test_run(ETHERNET + SYN_TO_80).retval
    assert result == run(program, Packet(SYN_TO_80, network_offset=0))


def test_the_verifier_takes_every_ancillary_load(kernel: LiveKernel) -> None:
    fields = ("proto", "type", "ifidx", "mark", "queue", "rxhash", "cpu", "rand")
    names = (*fields, "vlan_tci", "vlan_pr", "vlan_tpid")
    text = "\n".join(f"ld {name}" for name in names)
    with load_program(socket_filter(assembled(f"{text}\nld proto\nret a")), {}, kernel) as loaded:
        assert loaded.test_run(ETHERNET + SYN_TO_80).retval == 0x0800


def test_a_socket_sees_only_what_its_filter_accepts() -> None:
    with (
        socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0800)) as watcher,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wanted,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other,
    ):
        attach_filter(watcher, assembled("ret #0"))
        watcher.bind(("lo", 0x0800))
        for receiver in (wanted, other):
            receiver.bind(("127.0.0.1", 0))
        port = wanted.getsockname()[1]
        expression = f"inbound and udp dst port {port}"
        attach_filter(watcher, compile_filter(Source("filter", expression)))
        for number in range(5):
            other.sendto(b"lost", wanted.getsockname() if number % 2 else other.getsockname())
        watcher.settimeout(5)
        seen = [watcher.recv(2048) for _ in range(2)]
        watcher.settimeout(0)
        with pytest.raises(BlockingIOError):
            watcher.recv(2048)
    assert [one[36:38] for one in seen] == [port.to_bytes(2, "big")] * 2


def test_how_many_bytes_of_a_packet_are_kept() -> None:
    receiver, sender = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with receiver, sender:
        receiver.settimeout(0)
        attach_filter(receiver, assembled("ret #3"))
        sender.send(b"cut off")
        attach_filter(receiver, assembled("ldb [0]\njeq #0x61, 2, 3\nret #9\nret #0"))
        sender.send(b"banned")
        sender.send(b"allowed")
        detach_filter(receiver)
        sender.send(b"banned")
        assert [receiver.recv(16) for _ in range(3)] == [b"cut", b"allowed", b"banned"]


def test_what_the_kernel_refuses() -> None:
    receiver, sender = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with receiver, sender:
        with pytest.raises(BadProgram, match="does not return"):
            attach_filter(receiver, (SockFilter(7),))
        with pytest.raises(SocketRefused) as absent:
            detach_filter(receiver)
        assert absent.value.errno == errno.ENOENT
        attach_filter(receiver, assembled("ret #-1"))
        lock_filter(receiver)
        with pytest.raises(SocketRefused, match="attach a filter: Operation not permitted"):
            attach_filter(receiver, assembled("ret #0"))
