"""Programs on sockets: on one, on those of a port, on those in a map."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator

import pytest
from object_programs import loaded_one, plain_counter, runs

from bpf_programs import u32
from seismo.base.dataclass import replace
from seismo.base.errors import NotSupported
from seismo.isa.map_types import MapType
from seismo.isa.prog_types import AttachType, ProgType
from seismo.kernel.live import LiveKernel
from seismo.kernel.tracefs import Tracefs
from seismo.objects.attach.object import attach_object
from seismo.objects.errors import AttachRefused, BadSpec
from seismo.objects.link import Link
from seismo.spec import object_attach as go
from seismo.spec.types import MapSpec

pytestmark = pytest.mark.kernel

CALLS = 37
SK_PASS = 1


@pytest.fixture
def attach_it(kernel: LiveKernel) -> Iterator[Callable[..., Link]]:
    with Tracefs(kernel) as tracefs:
        yield lambda loaded, at: attach_object(loaded.programs["counter"], at, kernel, tracefs)


def test_a_filter_on_a_socket_drops_what_it_counts(
    kernel: LiveKernel, attach_it: Callable[..., Link]
) -> None:
    program = plain_counter(ProgType.SOCKET_FILTER, None, 0)
    receiver, sender = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with receiver, sender, loaded_one(kernel, program) as loaded:
        receiver.settimeout(0)
        with attach_it(loaded, go.SocketAttach(receiver.fileno())):
            for _ in range(CALLS):
                sender.send(b"lost")
            assert runs(loaded) == CALLS
            with pytest.raises(BlockingIOError):
                receiver.recv(16)
        sender.send(b"seen")
        assert receiver.recv(16) == b"seen"
        assert runs(loaded) == CALLS


def test_what_is_no_socket_takes_no_filter(
    kernel: LiveKernel, attach_it: Callable[..., Link]
) -> None:
    program = plain_counter(ProgType.SOCKET_FILTER, None, 0)
    with loaded_one(kernel, program) as loaded, open("/dev/null") as file:
        with pytest.raises(AttachRefused, match="the descriptor is no socket"):
            attach_it(loaded, go.SocketAttach(file.fileno()))
        with pytest.raises(AttachRefused, match="Bad file descriptor"):
            attach_it(loaded, go.SocketAttach(1 << 20))


def test_a_program_selects_among_sockets_of_a_port(
    kernel: LiveKernel, attach_it: Callable[..., Link]
) -> None:
    """It answers with the index of a socket in its group: always the second."""
    program = plain_counter(ProgType.SOCKET_FILTER, None, 1)
    group = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2)]
    with group[0], group[1], loaded_one(kernel, program) as loaded:
        for one in group:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            one.settimeout(0)
            one.bind(group[0].getsockname() if one is group[1] else ("127.0.0.1", 0))
        with attach_it(loaded, go.SocketAttach(group[0].fileno(), is_reuseport=True)):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
                for _ in range(CALLS):
                    sender.sendto(b"x", group[0].getsockname())
            assert [received(one) for one in group] == [0, CALLS]
            assert runs(loaded) == CALLS
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(b"x", group[0].getsockname())
        assert runs(loaded) == CALLS


def received(one: socket.socket) -> int:
    count = 0
    while True:
        try:
            one.recv(16)
        except BlockingIOError:
            return count
        count += 1


def test_a_verdict_is_asked_for_the_sockets_of_a_map(
    kernel: LiveKernel, attach_it: Callable[..., Link]
) -> None:
    """Messages that are sent by a socket in the map; the program lets them pass."""
    program = plain_counter(ProgType.SK_MSG, AttachType.SK_MSG_VERDICT, SK_PASS)
    sockets = MapSpec(name="sockets", type=MapType.SOCKMAP, key_size=4, value_size=4, max_entries=1)
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        loaded_one(kernel, program, sockets) as loaded,
    ):
        number = int(loaded.maps["sockets"].fd)
        with (
            socket.create_connection(server.getsockname()) as client,
            server.accept()[0] as other,
            attach_it(loaded, go.SockmapAttach(number)) as link,
        ):
            loaded.maps["sockets"].put(u32(0), u32(client.fileno()))
            for _ in range(CALLS):
                client.send(b"x")
            got = b""
            while len(got) < CALLS:
                got += other.recv(CALLS)
            assert runs(loaded) == CALLS
            link.close()
            with (
                loaded_one(kernel, replace(program, expected_attach_type=None)) as untyped,
                pytest.raises(BadSpec, match="for no attach type"),
            ):
                attach_it(untyped, go.SockmapAttach(number))
        with pytest.raises(AttachRefused, match="the map does not take such a program"):
            attach_it(loaded, go.SockmapAttach(int(loaded.maps["runs"].fd)))


def test_infra_red_receivers_are_left_out(
    kernel: LiveKernel, attach_it: Callable[..., Link]
) -> None:
    program = plain_counter(ProgType.SOCKET_FILTER, None, 0)
    with loaded_one(kernel, program) as loaded, pytest.raises(NotSupported, match="/dev/lirc0"):
        attach_it(loaded, go.LircAttach("/dev/lirc0"))
