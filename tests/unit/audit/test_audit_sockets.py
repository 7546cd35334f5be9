"""Connections by socket: both ends, bytes, duration; names and services of addresses."""

from __future__ import annotations

import struct
from ipaddress import ip_address

import pytest

from audit_histories import socket_bytes
from seismo.audit.correlate.dns import NoAnswer, parse_answer
from seismo.audit.correlate.existing_sockets import read_socket_rows
from seismo.audit.correlate.process import Life, Process
from seismo.audit.correlate.services import NameStore, Services, read_hosts, read_services
from seismo.audit.correlate.sockets import Listener, SocketTable, plain_address
from seismo.audit.record.event import SocketAddress, SocketState
from seismo.audit.record.layout import KernelEvent
from seismo.audit.record.sections import socket_state
from seismo.base.dataclass import replace

CLIENT, SERVER = ("127.0.0.1", 40_000), ("127.0.0.1", 80)
NAMELESS = SocketAddress(family="AF_UNIX", address="")
SECOND = 1_000_000_000


def who(tgid: int) -> Process:
    life = Life(tgid, tgid)
    life.comms.put(0, f"comm{tgid}")
    return life.at(0)


def state(local: tuple[str, int], remote: tuple[str, int], **more: int) -> SocketState:
    return socket_state(socket_bytes(local, remote, **more))


def test_a_connection_from_its_beginning_to_its_end() -> None:
    table = SocketTable()
    table.apply(KernelEvent.NET_CONNECT, state(CLIENT, SERVER, cookie=1), 100, who(5))
    table.apply(KernelEvent.NET_ACCEPT, state(SERVER, CLIENT, cookie=2, started_ns=90), 110, who(6))
    table.apply(
        KernelEvent.NET_CLOSE, state(CLIENT, SERVER, cookie=1, sent=7, received=9), 400, who(5)
    )
    client, server = sorted(table.connections, key=lambda one: one.state.local.port, reverse=True)
    assert (client.opened_ns, client.closed_ns, client.duration_ns) == (100, 400, 300)
    assert (client.sent_bytes, client.received_bytes) == (7, 9)
    assert (server.opened_ns, server.duration_ns, server.is_accepted) == (90, 0, True)
    assert client.peer is server
    assert server.peer is client
    peer = table.peer(state(CLIENT, SERVER, cookie=1))
    assert peer is not None
    assert peer.tgid == 6
    assert str(server) == "127.0.0.1:80 <- 127.0.0.1:40000"


def test_a_cookie_or_inode_that_comes_later_is_the_same_socket() -> None:
    table = SocketTable()
    table.apply(KernelEvent.NET_ACCEPT, state(SERVER, CLIENT), 100, who(5))
    table.apply(KernelEvent.NET_SEND, state(SERVER, CLIENT, inode=44), 150, who(5), 3)
    table.apply(KernelEvent.NET_CLOSE, state(SERVER, CLIENT, cookie=9), 200, who(5))
    (one,) = table.connections
    assert one.key == ("cookie", 9)
    assert one.duration_ns == 100


def test_the_same_addresses_after_the_end_are_another_connection() -> None:
    table = SocketTable()
    for begin in (100, 500):
        table.apply(KernelEvent.NET_CONNECT, state(CLIENT, SERVER), begin, who(5))
        table.apply(KernelEvent.NET_CLOSE, state(CLIENT, SERVER), begin + 50, who(5))
    (one,) = table.connections
    assert (one.opened_ns, one.closed_ns) == (500, 550)
    table = SocketTable()
    for cookie in (1, 2):
        table.apply(KernelEvent.NET_CONNECT, state(CLIENT, SERVER, cookie=cookie), 5, who(5))
        table.apply(KernelEvent.NET_CLOSE, state(CLIENT, SERVER, cookie=cookie), 6, who(5))
    assert len(table) == 2


def test_the_same_addresses_again_are_not_joined_to_who_is_gone() -> None:
    table = SocketTable()
    table.apply(KernelEvent.NET_ACCEPT, state(SERVER, CLIENT, cookie=1), 10, who(1))
    table.apply(KernelEvent.NET_CLOSE, state(SERVER, CLIENT, cookie=1), 20, who(1))
    table.apply(KernelEvent.NET_CONNECT, state(CLIENT, SERVER, cookie=2), 30, who(2))
    assert table.peer(state(CLIENT, SERVER, cookie=2)) is None
    table.apply(KernelEvent.NET_ACCEPT, state(SERVER, CLIENT, cookie=3), 31, who(3))
    peer = table.peer(state(CLIENT, SERVER, cookie=2))
    assert peer is not None
    assert peer.tgid == 3
    assert len(table._by_ends) == 2


def test_addresses_that_are_known_only_later_leave_nothing_behind() -> None:
    table = SocketTable()
    table.apply(KernelEvent.NET_CONNECT, state(("0.0.0.0", 9), SERVER, cookie=1), 10, who(1))
    table.apply(KernelEvent.NET_CLOSE, state(CLIENT, SERVER, cookie=1), 20, who(1))
    assert len(table._by_ends) == 1
    table.apply(KernelEvent.NET_CLOSE, state(("0.0.0.0", 0), ("0.0.0.0", 0), cookie=1), 30, who(1))
    (one,) = table.connections
    assert (one.state.local.port, one.duration_ns) == (CLIENT[1], 20)


def test_sockets_without_addresses_have_no_peer() -> None:
    unix = replace(
        state(CLIENT, SERVER, inode=5), family="AF_UNIX", local=NAMELESS, remote=NAMELESS
    )
    assert SocketTable().peer(unix) is None
    assert Services().lookup("nonsense", 1).names == ()


def test_ends_in_two_network_namespaces_are_joined_but_not_by_loopback() -> None:
    table = SocketTable()
    near, far = ("10.1.0.1", 4000), ("10.1.0.2", 80)
    table.apply(KernelEvent.NET_CONNECT, state(near, far, netns=1), 5, who(1))
    table.apply(KernelEvent.NET_ACCEPT, state(far, near, netns=2), 5, who(2))
    table.apply(KernelEvent.NET_CONNECT, state(CLIENT, SERVER, netns=1), 5, who(3))
    table.apply(KernelEvent.NET_ACCEPT, state(SERVER, CLIENT, netns=2), 5, who(4))
    assert [one.peer is not None for one in table.connections] == [True, True, False, False]


def test_a_failed_connection_and_a_listener() -> None:
    table = SocketTable()
    table.apply(KernelEvent.NET_CONNECT_FAILED, state(CLIENT, SERVER, started_ns=3), 5, who(1))
    (one,) = table.connections
    assert (one.is_failed, one.duration_ns) == (True, 2)
    table.listen(state(("0.0.0.0", 80), ("0.0.0.0", 0)), who(9))
    assert len(table) == 1
    peer = table.peer(state(("127.0.0.1", 41_000), SERVER))
    assert peer is not None
    assert peer.tgid == 9
    assert table.listener(7, "127.0.0.1", 81, "IPPROTO_TCP") is None
    # Another machine's port is not ours, though we wait on all addresses.
    there = state(("192.0.2.1", 41_000), ("192.0.2.2", 80))
    assert table.peer(there) is None
    table.apply(KernelEvent.NET_CONNECT, state(("192.0.2.2", 5), ("192.0.2.9", 6)), 5, who(1))
    assert table.peer(there) is not None
    assert table.listener(8, "127.0.0.1", 80, "IPPROTO_TCP") is None


def test_who_waits_no_more_is_nobodys_peer() -> None:
    table = SocketTable()
    asks = state(CLIENT, SERVER)
    waits = who(9)
    table.listen(state(("0.0.0.0", 80), ("0.0.0.0", 0), inode=5), waits)
    table.unlisten(state(("0.0.0.0", 80), ("0.0.0.0", 0), inode=4), 20)
    assert table.peer(asks, 21) == waits
    table.unlisten(state(("0.0.0.0", 80), ("0.0.0.0", 0), inode=5), 30)
    assert table.peer(asks, 30) == table.peer(asks) == waits
    assert table.peer(asks, 31) is None
    assert len(table) == 0


def test_datagrams_are_counted_by_socket_and_address() -> None:
    table = SocketTable()
    udp = {"type_": 2, "protocol": 17}
    client, server = ("127.0.0.1", 5000), ("127.0.0.1", 53)
    asks = state(client, server, cookie=1, **udp)
    answers = state(("0.0.0.0", 53), client, cookie=2, **udp)
    table.apply(KernelEvent.NET_SEND, asks, 10, who(1), 30)
    table.apply(KernelEvent.NET_RECEIVE, answers, 11, who(2), 30)
    table.apply(KernelEvent.NET_SEND, answers, 12, who(2), 90)
    table.apply(KernelEvent.NET_RECEIVE, asks, 13, who(1), 90)
    table.apply(
        KernelEvent.NET_SEND, state(client, ("127.0.0.1", 54), cookie=1, **udp), 14, who(1), 5
    )
    sums = [(one.sent_bytes, one.received_bytes) for one in table.connections]
    assert sorted(sums) == [(5, 0), (30, 90), (90, 30)]
    peer = table.peer(asks)
    assert peer is not None
    assert peer.tgid == 2


def test_the_table_is_bounded() -> None:
    table = SocketTable(limit=10)
    for cookie in range(1, 26):
        one = state(("127.0.0.1", 1000 + cookie), SERVER, cookie=cookie)
        table.apply(KernelEvent.NET_CONNECT, one, cookie, who(1))
    assert len(table) == 10
    assert table.forgotten == 15
    assert len(table._by_ends) == 10
    assert {one.state.cookie for one in table.connections} == set(range(16, 26))
    table.listen(state(("0.0.0.0", 80), ("0.0.0.0", 0)), who(9))
    for last in range(1, 26):
        ours, other = (f"192.0.2.{last}", 80), ("198.51.100.1", 5000)
        table.apply(KernelEvent.NET_CONNECT, state(ours, other, cookie=100 + last), 1, who(1))
        assert len(table._local) <= 10
        found = table.listener(7, ours[0], 80, "IPPROTO_TCP")
        assert found is not None


def test_mapped_addresses() -> None:
    assert plain_address("::ffff:10.0.0.1") == "10.0.0.1"
    assert plain_address("::1") == "::1"
    table = SocketTable()
    table.apply(
        KernelEvent.NET_ACCEPT,
        state(("::ffff:127.0.0.1", 80), ("::ffff:127.0.0.1", 40_000)),
        1,
        who(1),
    )
    table.apply(KernelEvent.NET_CONNECT, state(CLIENT, SERVER), 1, who(2))
    assert all(one.peer is not None for one in table.connections)


def test_rows_of_proc_net() -> None:
    text = (
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n"
        "   0: 0100007F:0050 00000000:0000 0A 0:0 0:0 0  33  0 1077 1\n"
        "   1: 020200C0:A634 507100CB:01BB 01 0:0 0:0 0   0  0 13818 1\n"
        "nonsense\n"
    )
    first, second = read_socket_rows(text, "IPPROTO_TCP")
    assert (first.local, first.local_port, first.is_listening) == ("127.0.0.1", 80, True)
    assert (first.uid, first.inode) == (33, 1077)
    assert (second.remote, second.remote_port, second.is_listening) == ("203.0.113.80", 443, False)
    row = f"0: {'0' * 24}01000000:0035 {'0' * 32}:0000 07 0:0 0:0 0 0 0 5"
    mapped = (
        f"1: {'0' * 16}FFFF00000100007F:0050 {'0' * 16}FFFF00000100007F:9C40 01 0:0 0:0 0 0 0 6"
    )
    third, fourth = read_socket_rows(f"head\n{row}\n{mapped}\n", "IPPROTO_UDP")
    assert (third.local, third.local_port, third.is_listening) == ("::1", 53, True)
    assert (plain_address(fourth.local), plain_address(fourth.remote)) == ("127.0.0.1",) * 2


def message(
    answers: list[tuple[bytes, int, int, bytes]], *, name: bytes = b"\3www\7example\3org\0"
) -> bytes:
    """An answer to one question."""
    head = struct.pack(">6H", 7, 0x8180, 1, len(answers), 0, 0)
    body = head + name + struct.pack(">HH", 1, 1)
    for owner, kind, seconds, value in answers:
        body += owner + struct.pack(">HHIH", kind, 1, seconds, len(value)) + value
    return body


ASKED = b"\xc0\x0c"


def test_addresses_have_the_name_that_was_asked_for() -> None:
    alias = b"\3cdn\xc0\x10"
    data = message(
        [
            (ASKED, 5, 300, alias),
            (b"\3cdn\xc0\x10", 1, 60, bytes([192, 0, 2, 7])),
            (b"\3cdn\xc0\x10", 28, 60, ip_address("2001:db8::7").packed),
        ]
    )
    answer = parse_answer(data)
    assert answer.question == "www.example.org"
    assert answer.aliases == (("www.example.org", "cdn.example.org"),)
    assert answer.addresses == (
        ("192.0.2.7", "www.example.org", 60),
        ("2001:db8::7", "www.example.org", 60),
    )
    assert not answer.is_truncated
    cut = parse_answer(data[:-3])
    assert cut.is_truncated
    assert cut.addresses == answer.addresses[:1]


def test_names_of_addresses() -> None:
    name = b"\0017\0012\0010\003192\7in-addr\4arpa\0"
    data = message([(ASKED, 12, 60, b"\4host\7example\0")], name=name)
    assert parse_answer(data).addresses == (("192.0.2.7", "host.example", 60),)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"x" * 11,
        struct.pack(">6H", 7, 0x0100, 1, 0, 0, 0) + b"\0\0\1\0\1",
        struct.pack(">6H", 7, 0x8180, 1, 0, 0, 0) + b"\xc0\x0c\0\1\0\1",
        struct.pack(">6H", 7, 0x8180, 1, 0, 0, 0) + b"\x3fabc",
        struct.pack(">6H", 7, 0x8180, 1, 0, 0, 0) + b"\x3f" + b"a" * 63 * 5,
        struct.pack(">6H", 7, 0x8180, 2, 0, 0, 0),
    ],
)
def test_what_is_no_answer(data: bytes) -> None:
    with pytest.raises(NoAnswer):
        parse_answer(data)


def test_names_that_lead_through_the_whole_message_are_not_followed() -> None:
    """Each of 300 records has for its name the end of a chain of 1000 pointers."""
    chain = b"\0" + b"".join(
        (0xC000 | before).to_bytes(2, "big") for before in (23, *range(24, 2022, 2))
    )
    data = struct.pack(">6H", 7, 0x8180, 0, 301, 0, 0)
    data += b"\0" + struct.pack(">HHIH", 99, 1, 1, len(chain)) + chain
    data += (b"\xc7\xe6" + struct.pack(">HHIH", 99, 1, 1, 0)) * 300
    assert parse_answer(data).is_truncated


def test_the_store_of_names_is_bounded_and_minds_the_time() -> None:
    store = NameStore(limit=3)
    for last in range(5):
        answer = message([(ASKED, 1, 100, bytes([192, 0, 2, last]))])
        store.hear(answer, SECOND)
    assert (len(store), store.evicted, store.answers) == (3, 2, 5)
    assert store.names("192.0.2.1", SECOND) == ()
    assert store.names("192.0.2.4", 101 * SECOND) == ("www.example.org",)
    assert store.names("192.0.2.4", 102 * SECOND) == ()
    assert store.names("::ffff:192.0.2.4", SECOND) == ("www.example.org",)
    store.hear(b"junk", SECOND)
    assert store.unread == 1
    # Over TCP with the length before it, or read without it.
    answer = message([(ASKED, 1, 1, bytes([192, 0, 2, 99]))], name=b"\3tcp\0")
    store.hear(struct.pack(">H", len(answer)) + answer, SECOND, is_stream=True)
    assert store.names("192.0.2.99", 61 * SECOND) == ("tcp",)
    store.hear(answer, 5 * SECOND, is_stream=True)
    assert store.names("192.0.2.99", 65 * SECOND) == ("tcp",)


def test_services() -> None:
    sockets = SocketTable()
    sockets.add_listener(
        Listener(
            netns=7, address="0.0.0.0", port=80, protocol="IPPROTO_TCP", inode=1, process=who(8)
        )
    )
    services = Services(
        hosts=read_hosts("127.0.0.1 localhost lo # here\n::1 localhost\nnonsense x\n"),
        services=read_services("http 80/tcp www\nhttp-alt 80/tcp\ndomain 53/udp\nbad\nodd ²/tcp\n"),
        sockets=sockets,
    )
    services.names.hear(message([(ASKED, 1, 100, bytes([127, 0, 0, 1]))]), SECOND)
    found = services.lookup("127.0.0.1", 80, time_ns=SECOND, netns=7)
    assert found.names == ("www.example.org", "localhost", "lo")
    assert (found.service, found.process) == ("http", "comm8")
    assert str(found) == "www.example.org:http"
    assert str(services.lookup("::1", 53, protocol="udp")) == "localhost:domain"
    assert str(services.lookup("2001:db8::1", 5)) == "[2001:db8::1]:5"
    assert services.lookup("127.0.0.1", 80, netns=8).process == ""
