"""Network packets for user space: a header of ours, and the bytes that the kernel adds behind."""

from __future__ import annotations

from seismo.events.kinds import PACKET
from seismo.ir.ops import BinaryKind, Value
from seismo.lower.context import FuncContext
from seismo.lower.resources import PACKETS_MAP, Resources

__all__ = ("send_packet",)

_BPF_F_CURRENT_CPU = 0xFFFFFFFF  # include/uapi/linux/bpf.h
_LENGTH_SHIFT = 32  # BPF_F_CTXLEN_MASK


def send_packet(
    low: FuncContext, shared: Resources, path: str, skb: Value, length: Value, offset: Value
) -> Value:
    """See `Lowering.send_packet`."""
    b = low.b
    header = {
        "file": b.const(shared.packet_file(path)),
        "length": length,
        "time_ns": b.call("ktime_get_boot_ns"),
        "offset": offset,
    }
    home = b.slot("packet", PACKET.size)
    b.fill(home, 0, PACKET.size)
    for field in PACKET.fields:
        b.store(home, field.offset, header[field.name], field.type.size)
    shifted = b.binary(BinaryKind.SHL, length, b.const(_LENGTH_SHIFT))
    flags = b.binary(BinaryKind.OR, shifted, b.const(_BPF_F_CURRENT_CPU))
    return b.call("skb_output", skb, b.map(PACKETS_MAP), flags, home, b.const(PACKET.size))
