"""`skboutput`: network packets into a file that other tools read."""

from __future__ import annotations

from seismo.builtin.bytes import clamped
from seismo.builtin.record import Builtin, Lowering
from seismo.builtin.typed_pointer import check_typed, with_typed
from seismo.events.kinds import MOST_PACKET_BYTES
from seismo.ir.ops import Cond, Value
from seismo.lang.ast import Call
from seismo.lang.signature import CallContext, Param, Signature
from seismo.lang.types import INT64, PointerType, RecordType, Type

__all__ = ("BUILTINS", "SKBOUTPUT")

_SKB = "struct sk_buff"


def _check_skboutput(call: Call, types: tuple[Type, ...], context: CallContext) -> Type:
    skb, type_ = call.args[1], types[1]
    target = type_.target if isinstance(type_, PointerType) else None
    if not isinstance(target, RecordType) or target.name != _SKB:
        message = f"skboutput() takes a {_SKB} *, not {type_}"
        context.error(skb.span, message, "such as args.skb")
    else:
        check_typed(call, skb, context)
    return INT64


def _lower_skboutput(low: Lowering, call: Call) -> Value:
    path, skb, length, offset = call.args
    b, result = low.b, low.fresh("result")
    size = clamped(low, low.scalar(length), MOST_PACKET_BYTES)
    start = low.scalar(offset)
    b.write(result, b.const(0))

    def send(buffer: Value) -> None:
        sent = low.send_packet(str(low.constant(path)), buffer, size, start)
        b.write(result, sent)
        b.when(
            Cond.SLT,
            sent,
            b.const(0),
            lambda: low.fault("helper", "skb_output", sent, call.span),
        )

    with_typed(low, skb, send, lambda: None)
    return b.read(result)


SKBOUTPUT = Builtin(
    Signature(
        name="skboutput",
        params=(
            Param("path", ("string",), literal=True),
            Param("skb", ("pointer",)),
            Param("length", ("int",)),
            Param("offset", ("int",)),
        ),
        returns=INT64,
        check=_check_skboutput,
        needs_context=True,
        probe_kinds=("fentry", "fexit", "rawtracepoint"),
    ),
    "Writes the first `length` bytes of a packet, without the first `offset` of them, to a file "
    "that tcpdump -r reads: 0, or the negative error (the packet is shorter), which is counted, "
    "too. Since Linux 5.5 (`bpf_skb_output`).",
    _lower_skboutput,
    "rawtracepoint:netif_receive_skb {\n"
    '    skboutput("received.pcap", args.skb, args.skb.len, 0);\n'
    "}",
)

BUILTINS = (SKBOUTPUT,)
