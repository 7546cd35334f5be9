"""Programs about contexts and packets."""

from __future__ import annotations

from collections.abc import Mapping

from seismo.base.dataclass import dataclass
from seismo.isa.insn import Reg
from seismo.isa.opcode import AluOp, JumpOp
from seismo.isa.prog_types import ProgType
from verifier_corpus.pen import (
    R0,
    R1,
    R2,
    R3,
    R4,
    R6,
    R7,
    R8,
    R9,
    R10,
    SIZES,
    Pen,
)

__all__ = (
    "CONTEXT_TYPES",
    "PACKETS",
    "PACKET_TYPES",
    "Packet",
    "context",
    "packet",
    "packet_loads",
)


@dataclass(frozen=True, slots=True)
class Packet:
    """Where a context has the packet's start, end and what lies before it, as 32-bit fields."""

    data: int
    end: int
    meta: int
    moves: tuple[str, ...]


_XDP = Packet(0, 4, 8, ("xdp_adjust_head", "xdp_adjust_tail", "xdp_adjust_meta"))
_SKB = Packet(76, 80, 140, ("skb_pull_data", "skb_vlan_pop"))
PACKETS: Mapping[ProgType, Packet] = {
    ProgType.XDP: _XDP,
    ProgType.SCHED_CLS: _SKB,
    ProgType.SCHED_ACT: _SKB,
    ProgType.CGROUP_SKB: _SKB,
}
PACKET_TYPES = tuple(PACKETS)
CONTEXT_TYPES = (
    *(ProgType.RAW_TRACEPOINT, ProgType.KPROBE, ProgType.TRACEPOINT, ProgType.PERF_EVENT),
    *(ProgType.SOCKET_FILTER, *PACKET_TYPES),
)
_SPANS: Mapping[ProgType, int] = {
    ProgType.RAW_TRACEPOINT: 96,
    ProgType.KPROBE: 168,
    ProgType.TRACEPOINT: 64,
    ProgType.PERF_EVENT: 184,
    ProgType.XDP: 24,
}
_SKB_SPAN = 192


def packet(pen: Pen) -> None:
    """The packet is accessed behind a comparison with its end, in one of the many forms."""
    fields = PACKETS[pen.kind]
    start = fields.data if pen.often(0.85) else fields.meta
    end = fields.end if start == fields.data or pen.often(0.2) else fields.data
    pen.mov(R6, R1)
    pen.load(R7, R1, start, 4)
    pen.load(R8, R1, end, 4)
    if pen.often(0.25):
        _move_by_number(pen)
    size = pen.pick((14, 20, 34, 54, 1, 8))
    _compare(pen, size)
    if pen.often(0.12):
        _disturb(pen, fields)
    for _ in range(pen.pick((1, 1, 2))):
        width = pen.pick(SIZES)
        _reach(pen, size, width)
    if pen.often(0.3):
        _header_length(pen)
    pen.leave(pen.pick((0, 1, 2)))


def _reach(pen: Pen, size: int, width: int) -> None:
    """Access what was compared, or a little more."""
    end = pen.near(max(size - width, 0))
    offset = pen.pick((end,) * 10 + (0,) * 8 + (2, -1))
    if pen.kind is ProgType.CGROUP_SKB or pen.often(0.6):
        pen.load(R0, R7, offset, width)
    else:
        pen.access(R7, offset, width)


def _move_by_number(pen: Pen) -> None:
    """r7 += an offset that is not known, bounded or not."""
    pen.unknown(R9)
    if pen.often(0.95):
        pen.bound(R9, pen.pick((63, 255, 255, 32767, 65535, 40000)))
    pen.alu(AluOp.ADD, R7, R9)


def _compare(pen: Pen, size: int) -> None:
    """End where r7 + size is over r8; in one of four orders, now and then the wrong one."""
    pen.mov(R2, R7)
    pen.alu(AluOp.ADD, R2, pen.near(size))
    over = pen.label()
    if pen.often():
        op = pen.pick((JumpOp.JLE,) * 12 + (JumpOp.JLT, JumpOp.JLT, JumpOp.JGT, JumpOp.JGE))
        pen.jump_if(op, R2, R8, over)
    else:
        op = pen.pick((JumpOp.JGE,) * 12 + (JumpOp.JGT, JumpOp.JGT, JumpOp.JLT, JumpOp.JLE))
        pen.jump_if(op, R8, R2, over)
    pen.leave(1)
    pen.bind(over)


def _disturb(pen: Pen, fields: Packet) -> None:
    """Something after which the packet's addresses hold no more, or still do."""
    if pen.often(0.4):
        pen.helper("ktime_get_ns")
        return
    pen.mov(R1, R6)
    pen.mov(R2, pen.pick((0, 4, -4)))
    pen.helper(pen.pick(fields.moves))
    if pen.often(0.5):
        pen.load(R7, R6, fields.data, 4)
        pen.load(R8, R6, fields.end, 4)
        _compare(pen, 14)


def _header_length(pen: Pen) -> None:
    """A length is read from the packet, and what lies behind that is accessed."""
    pen.load(R9, R7, 0, 1)
    if pen.often(0.9):
        pen.alu(AluOp.AND, R9, 15)
    if pen.often(0.8):
        pen.alu(AluOp.LSH, R9, 2)
    pen.mov(R3, R7)
    pen.alu(AluOp.ADD, R3, R9)
    pen.mov(R4, R3)
    pen.alu(AluOp.ADD, R4, pen.near(8))
    over = pen.label()
    pen.jump_if(JumpOp.JLE, R4, R8, over)
    pen.leave(1)
    pen.bind(over)
    pen.access(R3, pen.pick((0, 4, 6)), pen.pick((1, 2, 4)))


def context(pen: Pen) -> None:
    """Fields of the context are read and written, at offsets that are fields or are not."""
    span = _SPANS.get(pen.kind, _SKB_SPAN)
    base: Reg = R1
    for _ in range(pen.pick((1, 1, 1, 2))):
        size = pen.pick((8,) if pen.is_tracing and pen.often(0.7) else (4, 4, 4, 8, 1, 2))
        offset = size * pen.chance.randrange(span // size + pen.often(0.1))
        if pen.often(0.03):
            offset += pen.pick((1, 2, -4))
        if pen.often(0.05):
            _modify(pen, base)
        if pen.often(0.9):
            pen.load(pen.pick((R0, R2)), base, offset, size, signed=pen.often(0.1))
        else:
            pen.store(base, offset, pen.pick((0, 1)), size)
    if pen.often(0.08):
        pen.helper("get_smp_processor_id")
        pen.load(R0, base, 0, 4)
    pen.leave()


def _modify(pen: Pen, base: Reg) -> None:
    if pen.often(0.6):
        pen.alu(AluOp.ADD, base, pen.pick((0, 4, 8, -8)))
        return
    pen.load(R3, base, 16, 4)
    pen.alu(AluOp.AND, R3, 8)
    pen.alu(AluOp.ADD, base, R3)


def packet_loads(pen: Pen) -> None:
    """Classic BPF's loads of the packet, and what they need and leave behind."""
    if pen.often(0.92):
        pen.mov(pen.pick((R6,) * 9 + (R7,)), R1)
    if pen.often(0.04):
        pen.mov(R6, R10)
    size = pen.pick((1, 2, 4))
    if pen.often():
        pen.ld_abs(pen.pick((0, 12, 23, -4096)), size)
    else:
        pen.unknown(R7) if pen.often(0.4) else pen.mov(R7, pen.pick((0, 14)))
        pen.ld_ind(pen.pick((R7,) * 8 + (R1, R8)), pen.pick((0, 6)), size)
    if pen.often(0.2):
        pen.map_value(R1, "globals")
        pen.alu(AluOp.ADD, R1, R0)
        pen.load(R0, R1, 0, 1)
    elif pen.often(0.1):
        pen.mov(R0, pen.pick((R1, R2, R7)))
    if pen.often(0.3):
        pen.mov(R0, 0)
    pen.exit()
