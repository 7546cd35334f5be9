"""BCC's built-ins for packets: loads in the network's order, checksums brought up to date."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from seismo.c.lower.call import LowerCall
from seismo.c.lower.value import Operand
from seismo.c.tree import Cast, Expr
from seismo.ir.ops import BinaryKind, Cond, Value

__all__ = ("PACKET_BUILTINS",)

_PSEUDO_HEADER = 1 << 4  # include/uapi/linux/bpf.h: BPF_F_PSEUDO_HDR


def _load(size: int) -> Callable[[LowerCall], Operand]:
    """Bytes at an offset; a packet that is shorter ends the program with 0."""

    def lower(call: LowerCall) -> Operand:
        b, skb, offset = call.b, call.value(0), call.value(1)
        place = call.low.readable(call.low.temporary("packet", size), size)
        answer = b.call("skb_load_bytes", skb, offset, place, b.const(size))
        b.when(Cond.SLT, answer, b.const(0), lambda: b.ret(b.const(0)))
        value = b.load(place, 0, size)
        return call.result(value if size == 1 else b.swap(value, size * 8))

    return lower


def _written_bytes(expr: Expr) -> int:
    """The size of an argument as the program has it, before it was converted."""
    is_converted = isinstance(expr, Cast) and not expr.is_written
    return expr.operand.type.size if isinstance(expr, Cast) and is_converted else expr.type.size


def _replace_l3(call: LowerCall) -> Operand:
    b, size = call.b, _written_bytes(call.args[2])
    values = (call.value(0), call.value(1), call.value(2), b.const(size))
    return call.result(b.call("l3_csum_replace", b.context, *values))


def _replace_l4(call: LowerCall) -> Operand:
    b, size = call.b, _written_bytes(call.args[2])
    values = (call.value(0), call.value(1), call.value(2), _flags(call, size))
    return call.result(b.call("l4_csum_replace", b.context, *values))


def _flags(call: LowerCall, size: int) -> Value:
    """The last argument says whether the sum covers the pseudo header."""
    b = call.b
    is_pseudo = b.binary(BinaryKind.AND, call.value(3), b.const(1))
    header = b.binary(BinaryKind.MUL, is_pseudo, b.const(_PSEUDO_HEADER))
    return b.binary(BinaryKind.OR, header, b.const(size))


PACKET_BUILTINS: Mapping[str, Callable[[LowerCall], Operand]] = {
    "load_byte": _load(1),
    "load_half": _load(2),
    "load_word": _load(4),
    "load_dword": _load(8),
    "incr_cksum_l3": _replace_l3,
    "incr_cksum_l4": _replace_l4,
}
