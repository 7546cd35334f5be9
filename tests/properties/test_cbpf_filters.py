"""Filter expressions accept what libpcap's accept, on packets made to be nearly what they ask."""

from __future__ import annotations

import shutil
import struct
import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from seismo.base.source import Source
from seismo.cbpf.check import check
from seismo.cbpf.errors import FilterError
from seismo.cbpf.filter.compile import compile_filter
from seismo.cbpf.insn import SockFilter
from seismo.cbpf.interpreter import Packet, run
from seismo.cbpf.read import read_program

pytestmark = pytest.mark.skipif(not shutil.which("tcpdump"), reason="tcpdump is not installed")

SNAPLEN = 65535
PADDING = bytes(80)
HOSTS = ("10.0.0.1", "10.0.0.2", "192.168.7.9", "224.0.0.251", "255.255.255.255")
HOSTS6 = ("::1", "fe80::1", "2001:db8::7", "ff02::fb")
MACS = ("02:00:00:00:00:01", "01:00:5e:00:00:fb", "ff:ff:ff:ff:ff:ff")
PORTS = (53, 80, 443, 8080)
TYPES = {"ip": 0x800, "ip6": 0x86DD, "arp": 0x806, "rarp": 0x8035, "other": 0x88CC, "llc": 60}

PACKED_HOSTS = [bytes(map(int, one.split("."))) for one in HOSTS]
PACKED_HOSTS6 = [bytes(15) + b"\1", b"\xfe\x80" + bytes(13) + b"\1"]
PACKED_HOSTS6 += [bytes.fromhex("20010db8") + bytes(11) + b"\7", b"\xff\2" + bytes(13) + b"\xfb"]
PACKED_MACS = [bytes.fromhex(one.replace(":", "")) for one in MACS]


@st.composite
def transports(draw: st.DrawFn) -> bytes:
    """The header behind IP's: ports that filters ask for, and flags."""
    ends = draw(st.sampled_from(PORTS)), draw(st.sampled_from(PORTS))
    return struct.pack("!HH", *ends) + draw(st.binary(min_size=20, max_size=40))


@st.composite
def ip_packets(draw: st.DrawFn) -> bytes:
    words = draw(st.integers(5, 8))
    fragment = draw(st.sampled_from((0, 0, 0, 0x4000, 0x2000, 7)))
    protocol = draw(st.sampled_from((6, 6, 17, 17, 1, 2, 58, 132, 50)))
    ends = draw(st.sampled_from(PACKED_HOSTS)) + draw(st.sampled_from(PACKED_HOSTS))
    head = struct.pack("!BBHHHBBH", 0x40 | words, 0, 40, 7, fragment, 64, protocol, 0)
    return head + ends + bytes(4 * (words - 5)) + draw(transports())


@st.composite
def ip6_packets(draw: st.DrawFn) -> bytes:
    protocol = draw(st.sampled_from((6, 17, 58, 132, 44, 0)))
    ends = draw(st.sampled_from(PACKED_HOSTS6)) + draw(st.sampled_from(PACKED_HOSTS6))
    return struct.pack("!IHBB", 6 << 28, 40, protocol, 64) + ends + draw(transports())


@st.composite
def arp_packets(draw: st.DrawFn) -> bytes:
    sender, target = draw(st.sampled_from(PACKED_HOSTS)), draw(st.sampled_from(PACKED_HOSTS))
    return struct.pack("!HHBBH", 1, 0x800, 6, 4, 1) + bytes(6) + sender + bytes(6) + target


@st.composite
def packets(draw: st.DrawFn) -> Packet:
    """An Ethernet frame, its payload behind tags, with more behind it than filters look at."""
    kind = draw(st.sampled_from(("ip", "ip", "ip6", "ip6", "arp", "rarp", "other", "llc")))
    payloads = {"ip": ip_packets, "ip6": ip6_packets, "arp": arp_packets, "rarp": arp_packets}
    payload = draw(payloads[kind]() if kind in payloads else st.binary(max_size=60))
    number = TYPES[kind]
    if draw(st.integers(0, 5)) == 0:
        label = draw(st.sampled_from((5, 6))) << 12 | 0x100
        payload, number = struct.pack("!I", label) + payload, 0x8847
    for tag in draw(st.lists(st.sampled_from((0x8100, 0x88A8)), max_size=2)):
        payload, number = struct.pack("!HH", draw(st.integers(4, 6)), number) + payload, tag
    macs = draw(st.sampled_from(PACKED_MACS)) + draw(st.sampled_from(PACKED_MACS))
    return Packet(macs + struct.pack("!H", number) + payload + PADDING)


@st.composite
def cut_packets(draw: st.DrawFn) -> Packet:
    """A frame that was not captured as a whole."""
    data = draw(packets()).data
    return Packet(data[: draw(st.integers(1, 100))], length=len(data))


HOST = st.sampled_from(HOSTS)
HOST6 = st.sampled_from(HOSTS6)
PORT = st.sampled_from(PORTS).map(str)
SIDE = st.sampled_from(("", "src ", "dst ", "src or dst ", "src and dst "))
WORDS = (
    *("ip", "ip6", "arp", "rarp", "tcp", "udp", "icmp", "icmp6", "sctp", "igmp", "esp"),
    *("vlan", "vlan 5", "mpls", "mpls 5", "broadcast", "multicast", "ip multicast", "stp"),
    *("ip6 multicast", "ip broadcast", "less 140", "greater 140", "len > 144", "ether proto 60"),
    *("net 10.0.0.0/8", "net 192.168", "net 10", "ip net 10.0.0.0 mask 255.255.255.254"),
    *("ip6 net fe80::/10", "net ff00::/9", "net 0.0.0.0/0", "ip proto 17", "ip6 proto 6"),
    *("proto \\udp", "ether proto \\arp", "port domain", "port http"),
)
LISTS = (
    *("udp port 53 or 443", "host 10.0.0.1 or 10.0.0.2", "port (53 or 80)"),
    "not host 10.0.0.1 and 224.0.0.251",
)
FIELDS = (
    *("ip[0]", "ip[2:2]", "ip[6:2]", "tcp[13]", "tcp[tcpflags]", "udp[0:2]", "udp[4:4]", "len"),
    *("ip6[6]", "icmp[icmptype]", "icmp6[0]", "arp[6:2]", "ether[0]", "ether[12:2]", "5", "0xff"),
    *("ip[ip[0] & 0xf]", "tcp[tcp[12] >> 4]", "-ip[8]", "ip[0] + ip[1] * 2", "igmp[1]"),
)
OPERATORS = st.sampled_from(["&", "|", "+", "-", "*", "/", "^"]) | st.sampled_from(
    ("<< 2 +", ">> 1 |")
)


@st.composite
def relations(draw: st.DrawFn) -> str:
    left = draw(st.sampled_from(FIELDS))
    if draw(st.booleans()):
        left = f"({left}) {draw(OPERATORS)} {draw(st.sampled_from(FIELDS))}"
    op = draw(st.sampled_from(["=", "!=", ">", ">=", "<", "<="]))
    right = draw(st.sampled_from((*map(str, (0, 1, 2, 5, 17, 80, 0x45)), *FIELDS)))
    return f"{left} {op} {right}"


def primitives() -> st.SearchStrategy[str]:
    name = st.sampled_from(("", "tcp ", "udp ", "sctp "))
    range_ = st.tuples(st.integers(1, 500), st.integers(1, 9000)).map(
        lambda one: "{}-{}".format(*one)
    )
    return st.one_of(
        st.sampled_from(WORDS),
        relations(),
        st.builds("{}{}host {}".format, st.sampled_from(("", "ip ", "arp ", "rarp ")), SIDE, HOST),
        st.builds("{}{}host {}".format, st.sampled_from(("", "ip6 ")), SIDE, HOST6),
        st.builds("ether {}host {}".format, SIDE, st.sampled_from(MACS)),
        st.builds("{}{}port {}".format, name, SIDE, PORT),
        st.builds("{}{}portrange {}".format, name, SIDE, range_),
    )


def expressions() -> st.SearchStrategy[str]:
    return st.recursive(
        primitives() | st.sampled_from(LISTS),
        lambda inner: st.one_of(
            st.builds("{} and {}".format, inner, inner),
            st.builds("{} or {}".format, inner, inner),
            st.builds("not ({})".format, inner),
            st.builds("({})".format, inner),
        ),
        max_leaves=4,
    )


def libpcap_program(expression: str) -> tuple[SockFilter, ...] | None:
    """What libpcap makes of it, None where it refuses.

    Its optimizer takes some divisors for 0 that are loaded: `ip and ip and ip[2:2] / ip[0] = 0`.
    """
    command = ["tcpdump", "-y", "EN10MB", "-ddd", f"({expression})"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assume("division by zero" not in done.stderr)
    return read_program(Source("tcpdump", done.stdout)) if done.returncode == 0 else None


def our_program(expression: str) -> tuple[SockFilter, ...] | None:
    try:
        return compile_filter(Source("filter", expression))
    except FilterError:
        return None


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(expressions(), st.lists(packets(), min_size=20, max_size=20))
def test_the_same_packets_pass(expression: str, sent: list[Packet]) -> None:
    ours, theirs = our_program(expression), libpcap_program(expression)
    if ours is None or theirs is None:
        # Either may see that no packet passes, or refuse what makes no sense: then the other one's
        # program, if there is one, lets nothing pass.
        for packet in sent:
            assert run(ours or theirs or (SockFilter(6),), packet) == 0
        return
    check(ours)
    differing = [packet for packet in sent if run(ours, packet) != run(theirs, packet)]
    assert not differing[:1]


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(primitives(), st.lists(cut_packets(), min_size=20, max_size=20))
def test_one_condition_reads_as_much_of_a_packet(expression: str, sent: list[Packet]) -> None:
    # With more than one, libpcap may ask in another order, and so meet the end of a packet later.
    ours, theirs = our_program(expression), libpcap_program(expression)
    if ours is not None and theirs is not None:
        differing = [packet for packet in sent if run(ours, packet) != run(theirs, packet)]
        assert not differing[:1]


def passed(expression: str, sent: list[Packet]) -> list[int]:
    """The indexes of the packets that tcpdump lets pass, from a file to a file."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "sent.pcap")
        head = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, SNAPLEN, 1)
        records = [
            struct.pack("<IIII", index, 0, len(one.data), one.wire_length) + one.data
            for index, one in enumerate(sent)
        ]
        file.write_bytes(head + b"".join(records))
        command = ["tcpdump", "-r", str(file), "-w", "-", "--", expression]
        kept = subprocess.run(command, capture_output=True, check=True).stdout
    indexes, at = [], len(head)
    while at < len(kept):
        index, _, size, _ = struct.unpack_from("<IIII", kept, at)
        indexes.append(index)
        at += 16 + size
    return indexes


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(primitives(), st.lists(packets(), min_size=40, max_size=40))
def test_libpcaps_own_machine_agrees(expression: str, sent: list[Packet]) -> None:
    ours = our_program(expression)
    if ours is not None and libpcap_program(expression) is not None:
        results = [run(ours, packet) for packet in sent]
        assert [index for index, one in enumerate(results) if one] == passed(expression, sent)
