"""Filter expressions: the programs, and what is said of mistakes."""

from __future__ import annotations

import pytest

from seismo.base.source import Source
from seismo.cbpf.check import check
from seismo.cbpf.disasm import disassemble
from seismo.cbpf.errors import FilterError
from seismo.cbpf.filter.compile import compile_filter
from seismo.cbpf.insn import SockFilter
from seismo.cbpf.interpreter import Packet, run

ACCEPTED = SockFilter(6, k=262144)
TCP_PORT_80 = """\
(000) ldh      [12]
(001) jeq      #0x86dd          jt 2\tjf 8
(002) ldb      [20]
(003) jeq      #0x6             jt 4\tjf 19
(004) ldh      [54]
(005) jeq      #0x50            jt 18\tjf 6
(006) ldh      [56]
(007) jeq      #0x50            jt 18\tjf 19
(008) jeq      #0x800           jt 9\tjf 19
(009) ldb      [23]
(010) jeq      #0x6             jt 11\tjf 19
(011) ldh      [20]
(012) jset     #0x1fff          jt 19\tjf 13
(013) ldxb     4*([14]&0xf)
(014) ldh      [x + 14]
(015) jeq      #0x50            jt 18\tjf 16
(016) ldh      [x + 16]
(017) jeq      #0x50            jt 18\tjf 19
(018) ret      #262144
(019) ret      #0"""


def compiled(text: str, link: str = "EN10MB", netmask: int = 0) -> tuple[SockFilter, ...]:
    program = compile_filter(Source("filter", text), link, netmask=netmask)
    check(program)
    return program


def same(one: str, other: str) -> bool:
    return compiled(one) == compiled(other)


def test_the_program_of_a_port() -> None:
    assert disassemble(compiled("tcp port 80")) == TCP_PORT_80


def test_nothing_asked_is_everything_accepted() -> None:
    assert compiled("") == compiled(" \n") == (ACCEPTED,)
    assert compiled("1 < 2") == compiled("ip or not ip") == (ACCEPTED,)


def test_what_is_kept_of_a_packet() -> None:
    program = compile_filter(Source("filter", "arp"), accepted=96)
    assert [one.k for one in program if one.is_return] == [96, 0]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("tcp port 80 or 443", "tcp port 80 or tcp port 443"),
        ("tcp port (80 or 443)", "tcp port 80 or tcp port 443"),
        ("host 10.0.0.1 and not 10.0.0.2", "host 10.0.0.1 and not host 10.0.0.2"),
        ("(src host 10.0.0.1 or 10.0.0.2)", "src 10.0.0.1 or src 10.0.0.2"),
        ("ip or arp and len > 60", "(ip or arp) and len > 60"),
        ("not ip and arp", "(not ip) and arp"),
        ("! ip && arp || rarp", "not ip and arp or rarp"),
        ("host 10.1", "net 10.1.0.0/16"),
        ("net 10", "net 10.0.0.0 mask 255.0.0.0"),
        ("dst or src port 53", "port domain"),
        ("dst and src port 53", "src and dst port domain"),
        ("port http", "tcp port 80"),
        ("portrange 90-80", "portrange 80-90"),
        ("portrange 80", "port 80"),
        ("ether host 02:00:00:00:00:01", "ether host 0200.0000.0001"),
        ("ether host 2-0-0-0-0-1", "ether host 020000000001"),
        ("ether proto \\arp", "arp"),
        ("ip proto \\udp or ip6 proto 17", "udp"),
        ("icmp[icmptype] == icmp-echo", "icmp[0] = 8"),
        ("tcp[tcpflags] & (tcp-syn|tcp-fin) != 0", "tcp[13] & 3 != 0"),
        ("ip[0] + 2 * 3 = 7", "ip[0] + (2 * 3) = 7"),
        ("ip[0] - 2 - 3 = 7", "(ip[0] - 2) - 3 = 7"),
        ("ip[0] & 3 | 4 << 1 = 9", "(ip[0] & 3) | (4 << 1) = 9"),
        ("ip[0] % 5 + 2 = 3", "ip[0] % 7 = 3"),
        ("ip[0] ^ 1 + 2 = 3", "ip[0] ^ 3 = 3"),
        ("5 < ip[0]", "ip[0] > 5"),
        ("5 >= ip[0]", "ip[0] <= 5"),
        ("0x10 = ip[010]", "ip[8] = 16"),
        ("less 100", "len <= 100"),
        ("greater 100", "length >= 100"),
        ("icmpv6", "icmp6"),
        ("net ::/0", "ip6"),
        ("tcp[0] = 1 and ip and tcp", "tcp[0] = 1"),
    ],
)
def test_two_ways_to_say_it(one: str, other: str) -> None:
    assert same(one, other)


def test_what_is_known_is_not_asked_again() -> None:
    listing = disassemble(compiled("ip and (tcp[13] & 2 != 0 or udp[0:2] = 53 or ip6)"))
    assert listing.count("[12]") == listing.count("#0x800") == 1
    assert "#0x86dd" not in listing


def test_tags_move_what_follows() -> None:
    assert "[16]" in disassemble(compiled("vlan 5 and ip"))
    assert disassemble(compiled("ip or vlan")).count("ld") == 1
    assert "jeq      #0x60" in disassemble(compiled("mpls and ip6"))
    assert "[20]" in disassemble(compiled("pppoes 7 and ip"))


def test_other_link_types() -> None:
    bare = compiled("tcp port 80", "RAW")
    packet = bytes.fromhex("4500002800000000400600000a0000010a000002") + b"\x13\x88\x00\x50" * 5
    assert run(bare, Packet(packet)) == 262144
    assert run(bare, Packet(packet[:9] + b"\x11" + packet[10:])) == 0
    cooked = compiled("tcp port 80", "LINUX_SLL")
    assert run(cooked, Packet(bytes(14) + b"\x08\x00" + packet)) == 262144
    out = compiled("outbound", "LINUX_SLL")
    assert [run(out, Packet(bytes((0, way, *packet)))) for way in (0, 4)] == [0, 262144]
    cooked = compiled("outbound and tcp port 80", "LINUX_SLL2")
    assert run(cooked, Packet(b"\x08\x00" + bytes(8) + b"\4" + bytes(9) + packet)) == 262144
    assert run(cooked, Packet(b"\x08\x00" + bytes(18) + packet)) == 0


def test_the_netmask_of_a_broadcast() -> None:
    program = compiled("ip broadcast", netmask=0xFFFFFF00)
    head = bytes(12) + b"\x08\x00" + bytes(16)
    results = [run(program, Packet(head + bytes((10, 0, 0, last)))) for last in (0, 7, 255)]
    assert results == [262144, 0, 262144]


def test_jumps_that_are_too_far_take_a_detour() -> None:
    hosts = [f"10.{one}.{two}.9" for one in range(4) for two in range(100)]
    program = compiled("src host " + " or ".join(hosts))
    assert any(one.code == 0x05 for one in program)
    head = bytes(12) + b"\x08\x00" + bytes(12)
    for host in (hosts[0], hosts[200], hosts[-1]):
        data = head + bytes(map(int, host.split("."))) + bytes(4)
        assert run(program, Packet(data)) == 262144
    assert run(program, Packet(head + bytes(8))) == 0


@pytest.mark.parametrize(
    ("text", "message", "column", "hint"),
    [
        ("tcp port", "the expression ends too early", 9, "a value follows `port`"),
        ("tcp prot 80", "unexpected 'prot'", 5, "`and` or `or` goes between two conditions"),
        ("tcp and 80", "unexpected '80'", 9, "say what it is: `host`, `net`, `port`, `proto`"),
        ("10.0.0.1", "unexpected '10.0.0.1'", 1, "a condition is e.g. `host 10.0.0.1`, "),
        ("port htp", "'htp' is no port known here", 6, "did you mean 'ftp'?"),
        ("udp port http", "'http' is a port of tcp", 10, "write the number, 80"),
        ("port 65536", "65536 is no port", 6, "the largest is 65535"),
        ("icmp port 80", "'icmp' has no ports", 1, "tcp, udp and sctp have"),
        ("host 10.0.0.256", "'10.0.0.256' is no address", 6, "a part is at most 255"),
        ("host example.org", "'example.org' is no address", 6, "names are not looked up"),
        ("host ::g", "unexpected 'g'", 8, "`and` or `or` goes between"),
        ("net 10.0.0.1/8", "the address has bits that its mask leaves out", 1, ""),
        ("net 10.0.0.0/33", "no prefix has 33 bits", 14, "32 at most"),
        ("net fe80::1/10", "the address has bits that its prefix leaves out", 1, ""),
        ("host 10.0.0.0/8", "a mask goes with `net` only", 15, "write `net`"),
        ("tcp host 10.0.0.1", "'tcp' has no such addresses", 1, "write `tcp and host 10.0.0.1`"),
        ("host 1:2:3:4:5:6", "this is an Ethernet address", 1, "write `ether host 1:2:3:4:5:6`"),
        ("src proto 6", "'proto' has no direction", 5, "take out `src`"),
        ("ip[0", "the expression ends too early", 5, "']' is missing here"),
        ("ip[0:3] = 1", "no access of 3 bytes", 6, "it is 1, 2 or 4"),
        ("ip[0] 5", "unexpected '5'", 7, "a number is compared by one of"),
        ("ip[-1] = 1", "no packet has so many bytes", 4, ""),
        ("ip[0] / 0 = 1", "division by zero", 1, ""),
        ("ip[0] << 32 = 1", "a shift by 32 bits", 1, "the most is 31"),
        ("len > 4294967296", "4294967296 does not fit 32 bits", 7, ""),
        ("vlan 4096", "4096 is too large", 6, "the largest is 4095"),
        ("mpls and vlan", "no vlan is looked for behind mpls or pppoes", 10, ""),
        ("ip protochain 6", "'protochain' would have to loop", 1, "`proto` looks at"),
        ("geneve", "there is no 'geneve' in these filters", 1, "write `udp port 6081`"),
        ("ip and arp", "no packet is like that", 1, ""),
        ("ip $ arp", "a filter has no '$'", 4, ""),
        ("(" * 65 + "ip" + ")" * 65, "more than 64 levels deep", 65, ""),
    ],
)
def test_mistakes(text: str, message: str, column: int, hint: str) -> None:
    with pytest.raises(FilterError) as caught:
        compiled(text)
    assert caught.value.message.startswith(message)
    assert caught.value.span.location.column == column
    assert caught.value.hint.startswith(hint)


def test_a_link_type_that_is_not_known() -> None:
    with pytest.raises(FilterError, match="there is no link type 'EN10'"):
        compiled("ip", "EN10")
    with pytest.raises(FilterError, match="no Ethernet addresses"):
        compiled("broadcast", "RAW")
