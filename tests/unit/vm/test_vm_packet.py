"""Packets: what programs see of them, how their ends move, and what becomes of pointers."""

from __future__ import annotations

import pytest

from seismo.base.errors import NotSupported
from seismo.isa.parse import parse_listing
from seismo.isa.prog_types import ProgType
from seismo.spec.types import ProgramSpec
from seismo.vm.errors import Fault
from seismo.vm.machine import Engine, Machine
from seismo.vm.packet import Packet
from vm_engines import EACH_ENGINE

FRAME = bytes(12) + b"\x08\x00" + bytes(range(1, 41))
U64 = (1 << 64) - 1


def run(type: ProgType, text: str, packet: Packet, engine: Engine = "interpreted") -> int:
    spec = ProgramSpec(name="p", type=type, insns=parse_listing(f"{text}\nexit"))
    return Machine(spec, engine=engine).run(packet).r0


@EACH_ENGINE
def test_the_context_points_into_the_packet(engine: Engine) -> None:
    text = """
        r2 = *(u32 *)(r1 +0)
        r3 = *(u32 *)(r1 +4)
        r0 = *(u8 *)(r2 +14)
        r0 <<= 8
        r3 -= r2
        r0 += r3"""
    assert run(ProgType.XDP, text, Packet(ProgType.XDP, FRAME), engine) == 0x100 + len(FRAME)
    text = text.replace("r1 +0", "r1 +76").replace("r1 +4", "r1 +80")
    packet = Packet(ProgType.SCHED_CLS, FRAME)
    assert run(ProgType.SCHED_CLS, text, packet, engine) == 0x100 + len(FRAME)


@EACH_ENGINE
def test_the_same_offset_of_other_memory_is_a_number(engine: Engine) -> None:
    """Only at the context's own address a field is a pointer."""
    text = """
        *(u64 *)(r10 -8) = 7
        r2 = r10
        r2 += -8
        r0 = *(u32 *)(r2 +0)
        r2 = *(u32 *)(r1 +0)
        r3 = *(u32 *)(r2 +4)
        r0 += r3"""
    packet = Packet(ProgType.XDP, b"\0\0\0\0\5" + bytes(20))
    assert run(ProgType.XDP, text, packet, engine) == 12


@EACH_ENGINE
@pytest.mark.parametrize(
    ("at", "why"), [(len(FRAME), r"past its end at \+54"), (-1, "before it begins")]
)
def test_a_packet_has_bounds(at: int, why: str, engine: Engine) -> None:
    text = f"r2 = *(u32 *)(r1 +0)\nr0 = *(u8 *)(r2 {at:+d})"
    with pytest.raises(Fault, match=why):
        run(ProgType.XDP, text, Packet(ProgType.XDP, FRAME), engine)


@EACH_ENGINE
def test_a_pointer_from_before_a_move_is_gone(engine: Engine) -> None:
    text = "r6 = *(u32 *)(r1 +0)\nr2 = -4\ncall 44\nr0 = *(u8 *)(r6 +0)"
    with pytest.raises(Fault, match=r"reads 1 byte at packet\+0, which is gone"):
        run(ProgType.XDP, text, Packet(ProgType.XDP, FRAME), engine)


@EACH_ENGINE
def test_a_header_is_pushed(engine: Engine) -> None:
    text = """
        r6 = r1
        r2 = -4
        call 44
        r2 = *(u32 *)(r6 +0)
        *(u32 *)(r2 +0) = 16909060
        r0 = 2"""
    packet = Packet(ProgType.XDP, FRAME)
    assert run(ProgType.XDP, text, packet, engine) == 2
    assert packet.contents == b"\4\3\2\1" + FRAME


@pytest.mark.parametrize(
    ("helper", "delta", "answer", "length"),
    [
        (44, 10, 0, len(FRAME) - 10),
        (44, len(FRAME) - 13, -22, len(FRAME)),
        (44, -217, -22, len(FRAME)),
        (65, 3442 + 78 - len(FRAME), 0, 3442 + 78),
        (65, 3443 + 78 - len(FRAME), -22, len(FRAME)),
        (65, 13 - len(FRAME), -22, len(FRAME)),
        (54, -8, 0, len(FRAME)),
        (54, -3, -13, len(FRAME)),
        (54, 4, -22, len(FRAME)),
    ],
)
def test_how_far_ends_move(helper: int, delta: int, answer: int, length: int) -> None:
    packet = Packet(ProgType.XDP, FRAME)
    assert run(ProgType.XDP, f"r2 = {delta}\ncall {helper}", packet) == answer & U64
    assert len(packet.contents) == length


def test_notes_before_the_packet_move_with_it() -> None:
    text = """
        r6 = r1
        r2 = -4
        call 54
        r2 = *(u32 *)(r6 +8)
        *(u32 *)(r2 +0) = 7
        r1 = r6
        r2 = 6
        call 44"""
    packet = Packet(ProgType.XDP, FRAME)
    assert run(ProgType.XDP, text, packet) == 0
    assert packet.meta == b"\7\0\0\0"
    assert packet.contents == FRAME[6:]


def test_a_context_is_as_a_test_run_makes_it() -> None:
    def field(offset: int, packet: Packet) -> int:
        return run(ProgType.SCHED_CLS, f"r0 = *(u32 *)(r1 +{offset})", packet)

    mark, bogus = 8, 0
    given = bytearray(192)
    given[mark], given[bogus] = 42, 99
    packet = Packet(ProgType.SCHED_CLS, FRAME, bytes(given))
    assert field(0, packet) == len(FRAME)
    assert field(mark, packet) == 42
    assert field(16, packet) == 0x0008
    assert field(40, packet) == 1


def test_what_a_program_writes_to_its_context() -> None:
    packet = Packet(ProgType.SCHED_CLS, FRAME)
    run(ProgType.SCHED_CLS, "*(u32 *)(r1 +8) = 17\nr0 = 0", packet)
    assert packet.context[8:12] == b"\x11\0\0\0"
    with pytest.raises(Fault, match=r"writes 4 bytes at ctx\+12, which is read-only"):
        run(ProgType.XDP, "*(u32 *)(r1 +12) = 17\nr0 = 0", Packet(ProgType.XDP, FRAME))


def test_a_socket_filter_does_not_see_the_ethernet_header() -> None:
    packet = Packet(ProgType.SOCKET_FILTER, FRAME)
    assert run(ProgType.SOCKET_FILTER, "r6 = r1\nr0 = *(u8 *)skb[0]", packet) == 1
    text = "r2 = 12\nr3 = r10\nr3 += -8\nr4 = 2\nr5 = 0\ncall 68\nr0 = *(u16 *)(r10 -8)"
    assert run(ProgType.SOCKET_FILTER, text, packet) == 0x0008


@pytest.mark.parametrize(
    ("type", "flags", "answer", "target"),
    [
        (ProgType.XDP, 0, 4, 9),
        (ProgType.XDP, 1, 0, None),
        (ProgType.SCHED_CLS, 1, 7, 9),
        (ProgType.SCHED_CLS, 2, 2, None),
    ],
)
def test_where_a_packet_is_sent(
    type: ProgType, flags: int, answer: int, target: int | None
) -> None:
    packet = Packet(type, FRAME)
    assert run(type, f"r1 = 9\nr2 = {flags}\ncall 23", packet) == answer
    assert packet.redirect == target


def test_what_is_not_there() -> None:
    with pytest.raises(NotSupported, match="its programs see none"):
        Packet(ProgType.KPROBE, FRAME)
    with pytest.raises(Fault, match="this machine has no helper bpf_clone_redirect#13"):
        run(ProgType.SCHED_CLS, "r2 = 1\nr3 = 0\ncall 13", Packet(ProgType.SCHED_CLS, FRAME))
    spec = ProgramSpec(name="p", type=ProgType.XDP, insns=parse_listing("r2 = 0\ncall 44\nexit"))
    with pytest.raises(Fault, match="was run on bytes"):
        Machine(spec).run(FRAME)


def test_a_packet_may_go_from_program_to_program() -> None:
    packet = Packet(ProgType.XDP, FRAME)
    for expected in (4, 8):
        assert run(ProgType.XDP, "r2 = -4\ncall 44", packet) == 0
        assert len(packet.contents) == len(FRAME) + expected
