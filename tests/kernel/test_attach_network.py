"""Programs on interfaces, in network namespaces and at netfilter's hooks, which see exactly the
packets that the test sends."""

from __future__ import annotations

import errno
import os
import socket
import struct
import subprocess
from collections.abc import Callable, Iterator
from ctypes import Structure

import pytest
from object_programs import loaded_one, plain_counter, runs

from bpf_programs import R1, R6, R7, ProgramWriter
from disk_setup import load_modules
from kernel_release import is_since, skip_before
from network_setup import Host
from seismo.base.dataclass import replace
from seismo.btf.errors import BtfNotFound
from seismo.btf.spec import VMLINUX, Btf
from seismo.isa.opcode import AluOp, JumpOp
from seismo.isa.prog_types import AttachType, ProgType
from seismo.kernel.abi import ProgAttachAttr
from seismo.kernel.errors import NotInKernel
from seismo.kernel.link_abi import IterLinkAttr, NetfilterLinkAttr
from seismo.kernel.live import LiveKernel
from seismo.kernel.tracefs import Tracefs
from seismo.objects.attach.object import attach_object
from seismo.objects.errors import AttachRefused, BadSpec
from seismo.objects.link import Link
from seismo.spec import object_attach as go
from seismo.spec.types import ProgramSpec

pytestmark = pytest.mark.kernel

CALLS = 37
PAYLOAD = 333
UDP_HEADERS = 20 + 8
ETHERNET = 14
XDP_PASS, XDP_DROP = 2, 1
TC_NEXT, TC_SHOT = -1, 2
NF_DROP = 0
SK_DROP = 0
_LENGTH = 0  # of struct __sk_buff


def packet_counter(
    type_: ProgType,
    attach_type: AttachType | None,
    length: int,
    verdict: int,
    other: int,
) -> ProgramSpec:
    """Counts packets of that length and returns `verdict` for them, for others `other`."""
    asm = ProgramWriter()
    another = asm.label()
    if type_ is ProgType.XDP:
        asm.load(R6, R1, 0, 4)
        asm.load(R7, R1, 4, 4)
        asm.alu(AluOp.SUB, R7, R6)
    else:
        asm.load(R7, R1, _LENGTH, 4)
    asm.jump_if(JumpOp.JNE, R7, length, another)
    asm.count("runs")
    asm.returns(verdict)
    asm.bind(another)
    asm.returns(other)
    return replace(asm.spec("counter", type_), expected_attach_type=attach_type)


def send(source: Host, target: Host, count: int = CALLS, payload: int = PAYLOAD) -> int:
    """Send datagrams; how many of them have come."""
    with target.inside():
        receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with source.inside():
        sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with receiver, sender:
        receiver.bind((target.ipv4, 0))
        receiver.settimeout(0)
        for _ in range(count):
            sender.sendto(bytes(payload), receiver.getsockname())
        got = 0
        while True:
            try:
                receiver.recv(1 << 16)
            except BlockingIOError:
                return got
            got += 1


@pytest.fixture(scope="module", autouse=True)
def queueing() -> None:
    """Guests have clsact and its filters as modules."""
    if "SEISMO_LAB_KERNEL" in os.environ:
        load_modules("sch_ingress", "cls_bpf")


@pytest.fixture
def attach_it(kernel: LiveKernel) -> Iterator[Callable[..., Link]]:
    with Tracefs(kernel) as tracefs:
        yield lambda loaded, at: attach_object(loaded.programs["counter"], at, kernel, tracefs)


@pytest.mark.parametrize("mode", ["", "generic", "native"])
def test_xdp_sees_every_packet_until_it_is_closed(
    kernel: LiveKernel,
    hosts: tuple[Host, Host],
    attach_it: Callable[..., Link],
    mode: str,
) -> None:
    left, right = hosts
    length = ETHERNET + UDP_HEADERS + PAYLOAD
    program = packet_counter(ProgType.XDP, AttachType.XDP, length, XDP_DROP, XDP_PASS)
    with loaded_one(kernel, program) as loaded:
        assert send(left, right) == CALLS
        with right.inside():
            link = attach_it(loaded, go.XdpAttach("wire", mode))
        with link:
            assert [(fd.kind, fd.name) for fd in link.fds] == [("link", "xdp wire")]
            assert send(left, right) == 0
            assert send(left, right, payload=PAYLOAD + 1) == CALLS
            assert runs(loaded) == CALLS
        assert send(left, right) == CALLS
        assert runs(loaded) == CALLS


def test_an_interface_takes_one_xdp_program(
    kernel: LiveKernel, hosts: tuple[Host, Host], attach_it: Callable[..., Link]
) -> None:
    program = plain_counter(ProgType.XDP, AttachType.XDP, XDP_PASS)
    with loaded_one(kernel, program) as loaded, hosts[0].inside():
        with (
            attach_it(loaded, go.XdpAttach("wire")),
            pytest.raises(AttachRefused, match=r"xdp wire: a program is there already"),
        ):
            attach_it(loaded, go.XdpAttach("wire"))
        with pytest.raises(AttachRefused, match="the interface's driver cannot"):
            attach_it(loaded, go.XdpAttach("lo", "native"))
        with pytest.raises(NotInKernel) as caught:
            attach_it(loaded, go.XdpAttach("wira"))
        assert caught.value.hint == "did you mean 'wire'?"
        with pytest.raises(BadSpec, match="no mode 'fast'"):
            attach_it(loaded, go.XdpAttach("wire", "fast"))


@pytest.mark.parametrize("mode", ["", "tcx", "clsact"])
@pytest.mark.parametrize("is_egress", [False, True])
def test_tc_sees_what_comes_in_or_goes_out(
    kernel: LiveKernel,
    hosts: tuple[Host, Host],
    attach_it: Callable[..., Link],
    mode: str,
    is_egress: bool,
) -> None:
    if mode == "tcx":
        skip_before(6, 6)
    left, right = hosts
    program = packet_counter(
        *(ProgType.SCHED_CLS, None, ETHERNET + UDP_HEADERS + PAYLOAD), TC_SHOT, TC_NEXT
    )
    host = left if is_egress else right
    with loaded_one(kernel, program) as loaded:
        with host.inside():
            link = attach_it(loaded, go.TcAttach("wire", is_egress, mode))
        with link:
            assert bool(link.attached) == (mode != "clsact" and is_since(6, 6))
            assert send(left, right) == 0
            assert send(right, left) == CALLS
            assert runs(loaded) == CALLS
        assert send(left, right) == CALLS
        assert runs(loaded) == CALLS
        assert "clsact" not in qdiscs(host)


def qdiscs(host: Host) -> str:
    return subprocess.check_output(host.command("tc", "qdisc", "show", "dev", "wire"), text=True)


def filters(host: Host) -> int:
    command = host.command("tc", "filter", "show", "dev", "wire", "ingress")
    return subprocess.check_output(command, text=True).count("direct-action")


def test_filters_share_the_qdisc_with_those_of_others(
    kernel: LiveKernel, hosts: tuple[Host, Host], attach_it: Callable[..., Link]
) -> None:
    host = hosts[0]
    program = plain_counter(ProgType.SCHED_CLS, None, TC_NEXT)
    with loaded_one(kernel, program) as loaded, host.inside():
        first = attach_it(loaded, go.TcAttach("wire", mode="clsact"))
        second = attach_it(loaded, go.TcAttach("wire", mode="clsact", priority=7))
        assert filters(host) == 2
        with pytest.raises(BadSpec, match="no mode 'qdisc'"):
            attach_it(loaded, go.TcAttach("wire", mode="qdisc"))
        with pytest.raises(BadSpec, match="tcx has no priorities"):
            attach_it(loaded, go.TcAttach("wire", mode="tcx", priority=7))
        first.close()
        assert filters(host) == 1
        second.close()
        # The first has made the qdisc, and left it to the second.
        assert filters(host) == 0
        host.run("tc qdisc replace dev wire clsact")
        attach_it(loaded, go.TcAttach("wire", mode="clsact")).close()
        assert "clsact" in qdiscs(host)


def test_a_program_is_linked_once(
    kernel: LiveKernel, hosts: tuple[Host, Host], attach_it: Callable[..., Link]
) -> None:
    skip_before(6, 6)
    program = plain_counter(ProgType.SCHED_CLS, None, TC_NEXT)
    with (
        loaded_one(kernel, program) as loaded,
        hosts[0].inside(),
        attach_it(loaded, go.TcAttach("wire")),
    ):
        attach_it(loaded, go.TcAttach("wire", is_egress=True)).close()
        with pytest.raises(AttachRefused, match="tc ingress wire: the program is there"):
            attach_it(loaded, go.TcAttach("wire"))


def test_a_filter_that_is_gone_is_no_error(
    kernel: LiveKernel, hosts: tuple[Host, Host], attach_it: Callable[..., Link]
) -> None:
    host = hosts[0]
    program = plain_counter(ProgType.SCHED_CLS, None, TC_NEXT)
    with loaded_one(kernel, program) as loaded:
        with host.inside():
            link = attach_it(loaded, go.TcAttach("wire", mode="clsact"))
        host.run("tc qdisc delete dev wire clsact")
        link.close()
        with host.inside():
            link = attach_it(loaded, go.TcAttach("wire", mode="clsact"))
        host.run("ip link delete wire")
        link.close()


def test_a_device_that_is_no_netkit_is_refused(
    kernel: LiveKernel, hosts: tuple[Host, Host], attach_it: Callable[..., Link]
) -> None:
    program = plain_counter(ProgType.SCHED_CLS, None, TC_NEXT)
    with (
        loaded_one(kernel, program) as loaded,
        hosts[0].inside(),
        pytest.raises(AttachRefused, match=r"netkit wire: .*\nhint: .*netkit .*6\.7"),
    ):
        attach_it(loaded, go.NetkitAttach("wire"))


def attribute(type_: int, value: bytes) -> bytes:
    """A `struct nlattr`."""
    return struct.pack("=HH", 4 + len(value), type_) + value + bytes(-len(value) % 4)


def make_netkit(host: Host, name: str, peer: str) -> None:
    """A pair of netkit devices, which ip(8) makes since 6.7; skips where the kernel has none."""
    ifinfo = struct.pack("=16x")
    own, other = (attribute(3, text.encode() + b"\0") for text in (name, peer))
    kind = attribute(1, b"netkit\0") + attribute(2, attribute(1, ifinfo + other))
    body = ifinfo + own + attribute(18, kind)
    with host.inside():
        netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
    with netlink:
        # RTM_NEWLINK with NLM_F_REQUEST, ACK, CREATE and EXCL.
        netlink.send(struct.pack("=IHHII", 16 + len(body), 16, 0x605, 1, 0) + body)
        (number,) = struct.unpack_from("=i", netlink.recv(4096), 16)
    if number == -errno.EOPNOTSUPP:
        pytest.skip("the kernel has no netkit")
    assert number == 0


@pytest.mark.parametrize("is_peer", [False, True])
def test_netkit_runs_what_is_sent_through_it(
    kernel: LiveKernel,
    hosts: tuple[Host, Host],
    attach_it: Callable[..., Link],
    is_peer: bool,
) -> None:
    left, right = hosts
    make_netkit(left, "kit", "tik")
    left.run(f"ip link set tik netns {right.path}")
    for host, name in ((left, "kit"), (right, "tik")):
        # In place of the wire.
        host.run("ip link set wire down")
        host.run(f"ip link set {name} up")
        host.run(f"ip address add {host.ipv4}/24 dev {name}")
    source, target = (right, left) if is_peer else (left, right)
    length = ETHERNET + UDP_HEADERS + PAYLOAD
    program = packet_counter(*(ProgType.SCHED_CLS, None, length), TC_SHOT, TC_NEXT)
    with loaded_one(kernel, program) as loaded:
        with left.inside():
            link = attach_it(loaded, go.NetkitAttach("kit", is_peer))
        with link:
            assert send(source, target) == 0
            assert send(target, source) == CALLS
            assert runs(loaded) == CALLS
        assert send(source, target) == CALLS


def test_a_program_selects_no_socket_in_its_namespace(
    kernel: LiveKernel, hosts: tuple[Host, Host], attach_it: Callable[..., Link]
) -> None:
    """It drops what it sees: which is every first packet for that namespace, and none other."""
    left, right = hosts
    program = plain_counter(ProgType.SK_LOOKUP, AttachType.SK_LOOKUP, SK_DROP)
    with loaded_one(kernel, program) as loaded:
        with attach_it(loaded, go.NetnsAttach(right.path)) as link:
            assert link.fds[0].name == f"sk_lookup {right.path}"
            assert send(left, right) == 0
            assert send(right, left) == CALLS
            assert runs(loaded) == CALLS
        with left.inside(), attach_it(loaded, go.NetnsAttach()):
            assert send(left, right) == CALLS
            assert runs(loaded) == CALLS
        with pytest.raises(AttachRefused, match="there is no such file"):
            attach_it(loaded, go.NetnsAttach("/run/netns/no_such_one"))
        with pytest.raises(AttachRefused, match="it is no network namespace"):
            attach_it(loaded, go.NetnsAttach("/proc/self/ns/uts"))


def test_a_namespace_has_one_flow_dissector(
    kernel: LiveKernel, hosts: tuple[Host, Host], attach_it: Callable[..., Link]
) -> None:
    program = plain_counter(ProgType.FLOW_DISSECTOR, AttachType.FLOW_DISSECTOR, 0)
    with loaded_one(kernel, program) as loaded, hosts[0].inside():
        with (
            attach_it(loaded, go.NetnsAttach()),
            pytest.raises(AttachRefused, match="it takes one flow dissector"),
        ):
            attach_it(loaded, go.NetnsAttach())
        attach_it(loaded, go.NetnsAttach()).close()


def test_netfilter_runs_a_program_at_its_hook(
    kernel: LiveKernel, hosts: tuple[Host, Host], attach_it: Callable[..., Link]
) -> None:
    skip_before(6, 4)
    left, right = hosts
    program = plain_counter(ProgType.NETFILTER, AttachType.NETFILTER, NF_DROP)
    with loaded_one(kernel, program) as loaded:
        with right.inside():
            link = attach_it(loaded, go.NetfilterAttach("ipv4", "input", 5))
        with link:
            assert send(left, right) == 0
            assert runs(loaded) == CALLS
        assert send(left, right) == CALLS
        for at, why in [
            (go.NetfilterAttach("ipv5", "input"), "no family 'ipv5'"),
            (go.NetfilterAttach("ipv4", "inputs"), "no hook 'inputs'"),
        ]:
            with pytest.raises(BadSpec, match=why):
                attach_it(loaded, at)


@pytest.mark.parametrize(
    ("ours", "name", "theirs"),
    [
        (ProgAttachAttr, "target_fd", "target_fd"),
        (ProgAttachAttr, "attach_bpf_fd", "attach_bpf_fd"),
        (ProgAttachAttr, "attach_type", "attach_type"),
        (ProgAttachAttr, "attach_flags", "attach_flags"),
        (IterLinkAttr, "iter_info", "link_create.iter_info"),
        (IterLinkAttr, "iter_info_len", "link_create.iter_info_len"),
        (NetfilterLinkAttr, "pf", "link_create.netfilter.pf"),
        (NetfilterLinkAttr, "hooknum", "link_create.netfilter.hooknum"),
        (NetfilterLinkAttr, "priority", "link_create.netfilter.priority"),
        (NetfilterLinkAttr, "netfilter_flags", "link_create.netfilter.flags"),
    ],
)
def test_structures_are_the_kernels(ours: type[Structure], name: str, theirs: str) -> None:
    try:
        offset = Btf.open(VMLINUX).resolve(f"bpf_attr: {theirs}").offset
    except BtfNotFound:
        pytest.skip(f"this kernel has no {theirs}")
    assert getattr(ours, name).offset == offset
