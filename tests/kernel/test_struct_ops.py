"""Objects whose functions take the place of the kernel's: congestion controls of TCP."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import seismo
from c_objects import CLANGS, SOURCES, compile_bpf
from kernel_release import skip_before
from seismo.api.errors import WrongType
from seismo.facts import LiveFacts
from seismo.kernel.live import LiveKernel
from seismo.objects.attach.struct_ops import attach_struct_ops_map
from seismo.objects.errors import AttachRefused
from seismo.objects.load import Loaded, load
from seismo.objfile.link import link
from seismo.objfile.read import read_object
from seismo.spec.types import ObjectSpec

pytestmark = [
    pytest.mark.kernel,
    pytest.mark.skipif(not CLANGS, reason="needs clang-14 or clang-19"),
]

AVAILABLE = Path("/proc/sys/net/ipv4/tcp_available_congestion_control")


def spec(kernel: LiveKernel, clang: str, *flags: str) -> ObjectSpec:
    path = compile_bpf(SOURCES / "struct_ops.bpf.c", clang, *flags)
    return link(read_object(path.read_bytes(), path.name), LiveFacts(kernel))


@pytest.fixture(params=CLANGS)
def loaded(kernel: LiveKernel, request: pytest.FixtureRequest) -> Iterator[Loaded]:
    with load(spec(kernel, request.param), kernel) as one:
        yield one


def controls() -> set[str]:
    """What sockets may choose from."""
    return set(AVAILABLE.read_text().split())


def sent_with(control: str) -> bytes:
    """What the other side gets of a connection under the control."""
    received = b""
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, control.encode())
        client.connect(server.getsockname())
        with server.accept()[0] as connection:
            client.sendall(b"x" * 1000)
            while len(received) < 1000:
                received += connection.recv(1000)
    return received


def grown(loaded: Loaded) -> int:
    value = next(one for name, one in loaded.maps.items() if name.endswith(".bss"))
    return int.from_bytes(value.get(bytes(4)), "little")


def test_functions_in_place_of_the_kernels(kernel: LiveKernel, loaded: Loaded) -> None:
    before = controls()
    with (
        attach_struct_ops_map(loaded.maps["one"], kernel),
        attach_struct_ops_map(loaded.maps["other"], kernel),
    ):
        assert controls() - before == {"seismo_one", "seismo_other"}
        assert sent_with("seismo_one") == b"x" * 1000
        assert grown(loaded) > 0
    assert controls() == before


def test_a_map_without_a_link_serves_once(kernel: LiveKernel, loaded: Loaded) -> None:
    attach_struct_ops_map(loaded.maps["one"], kernel).close()
    with pytest.raises(AttachRefused, match=r"only a map of \.struct_ops\.link can be so again"):
        attach_struct_ops_map(loaded.maps["one"], kernel)


def test_a_link_can_be_made_again(kernel: LiveKernel) -> None:
    skip_before(6, 4)
    before = controls()
    with load(spec(kernel, CLANGS[-1], "-DLINKED"), kernel) as loaded:
        for _ in range(2):
            with attach_struct_ops_map(loaded.maps["other"], kernel) as made:
                assert [one.kind for one in made.attached] == ["link"]
                assert controls() - before == {"seismo_lother"}
        assert controls() == before


def test_from_python() -> None:
    path = compile_bpf(SOURCES / "struct_ops.bpf.c", CLANGS[-1])
    before = controls()
    with seismo.Object.open(path) as obj:
        obj.load()
        assert [one.program for one in obj.attach()] == ["one", "other"]
        assert controls() - before == {"seismo_one", "seismo_other"}
        assert sent_with("seismo_other") == b"x" * 1000
        assert obj.globals["grown"] > 0
        with pytest.raises(WrongType, match=r"map '.*bss' is no struct of functions"):
            obj.maps[".bss"].attach()
    assert controls() == before


def test_from_the_command_line() -> None:
    path = compile_bpf(SOURCES / "struct_ops.bpf.c", CLANGS[-1])
    command = [sys.executable, "-m", "seismo", "obj", "run", str(path), "-c", f"cat {AVAILABLE}"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "Attached 2 programs\n")
    assert set(done.stdout.split()) - controls() == {"seismo_one", "seismo_other"}


def test_the_kernel_wants_what_it_needs(kernel: LiveKernel) -> None:
    """Without the program for `ssthresh` its member stays empty."""
    path = compile_bpf(SOURCES / "struct_ops.bpf.c", CLANGS[-1])
    file = read_object(path.read_bytes(), path.name)
    parts = link(file, LiveFacts(kernel), ["grow", "undo"])
    with load(parts, kernel) as loaded, pytest.raises(AttachRefused, match="struct_ops map one"):
        attach_struct_ops_map(loaded.maps["one"], kernel)
