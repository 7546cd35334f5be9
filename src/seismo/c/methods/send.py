"""Methods of tables that send records to user space: perf buffers and ring buffers.

What could not be sent is counted: `Method.can_lose`.
"""

from __future__ import annotations

from seismo.c.lower.call import LowerCall
from seismo.c.lower.value import DIRECT, Operand
from seismo.c.methods.method import Method
from seismo.c.methods.signature import (
    CONTEXT,
    FLAGS,
    OPTIONAL_FLAGS,
    RECORD,
    SIZE,
    any_pointer,
    context,
    long,
    u64,
    void,
)
from seismo.ir.ops import BinaryKind, Kind, Value

__all__ = ("SEND_METHODS",)

_CURRENT_CPU = 0xFFFF_FFFF  # include/uapi/linux/bpf.h: BPF_F_CURRENT_CPU
_PACKET_BYTES_SHIFT = 32  # BPF_F_CTXLEN_MASK: how much of the packet follows the record
_PERF = frozenset(("perf_output",))
_RING = frozenset(("ringbuf",))


def _record(call: LowerCall, index: int) -> tuple[Value, Value]:
    """(address, size) of what is sent; a record of fixed size may be in any memory."""
    size = call.constant(index + 1)
    if size is None:
        return call.value(index), call.value(index + 1)
    return call.readable(index, size), call.b.const(size)


def _perf_submit(call: LowerCall) -> Operand:
    ctx = context(call)
    data, size = _record(call, 1)
    flags = call.b.const(_CURRENT_CPU)
    return call.result(call.b.call("perf_event_output", ctx, call.map, flags, data, size))


def _perf_submit_skb(call: LowerCall) -> Operand:
    b, ctx = call.b, context(call)
    packet_bytes = b.binary(BinaryKind.SHL, call.value(1), b.const(_PACKET_BYTES_SHIFT))
    flags = b.binary(BinaryKind.OR, packet_bytes, b.const(_CURRENT_CPU))
    data, size = _record(call, 2)
    return call.result(b.call("perf_event_output", ctx, call.map, flags, data, size))


def _ringbuf_output(call: LowerCall) -> Operand:
    data, size = _record(call, 0)
    flags = call.value(2) if len(call.args) > 2 else call.b.const(0)
    return call.result(call.b.call("ringbuf_output", call.map, data, size, flags))


def _ringbuf_reserve(call: LowerCall) -> Operand:
    size = call.constant(0)
    if size is None:
        hint = "reserve as much as the largest record needs, or use ringbuf_output()"
        raise call.error("the size of what is reserved must be a constant", hint, 0)
    b = call.b
    place = b.call("ringbuf_reserve", call.map, b.const(size), b.const(0), kind=Kind.PTR)
    return Operand(place, call.type, DIRECT, 8)


def _ended(call: LowerCall, helper: str) -> None:
    """Give back what was reserved."""
    flags = call.value(1) if len(call.args) > 1 else call.b.const(0)
    call.b.call(helper, call.value(0), flags)


def _ringbuf_submit(call: LowerCall) -> None:
    _ended(call, "ringbuf_submit")


def _ringbuf_discard(call: LowerCall) -> None:
    _ended(call, "ringbuf_discard")


def _ringbuf_query(call: LowerCall) -> Operand:
    return call.result(call.b.call("ringbuf_query", call.map, call.value(0)))


SEND_METHODS = (
    Method("perf_submit", _PERF, (CONTEXT, RECORD, SIZE), long, _perf_submit, can_lose=True),
    Method(
        "perf_submit_skb",
        _PERF,
        (CONTEXT, SIZE, RECORD, SIZE),
        long,
        _perf_submit_skb,
        can_lose=True,
    ),
    Method(
        "ringbuf_output",
        _RING,
        (RECORD, SIZE, OPTIONAL_FLAGS),
        long,
        _ringbuf_output,
        can_lose=True,
    ),
    Method("ringbuf_reserve", _RING, (SIZE,), any_pointer, _ringbuf_reserve, can_lose=True),
    Method("ringbuf_submit", _RING, (RECORD, OPTIONAL_FLAGS), void, _ringbuf_submit),
    Method("ringbuf_discard", _RING, (RECORD, OPTIONAL_FLAGS), void, _ringbuf_discard),
    Method("ringbuf_query", _RING, (FLAGS,), u64, _ringbuf_query),
)
