"""BCC's packet headers: records that lie in a packet of the network, not in memory.

>>> # struct ethernet_t *e = cursor_advance(cursor, sizeof(*e));   e->type
>>> load_half(skb, (u64)e + 12)

A pointer to such a record is an offset into the packet. Its members are bits in the order of the
wire, so that reading one is a load in that order, a shift and a mask.
"""

from __future__ import annotations

from seismo.base.source import Span
from seismo.c.parse_library import c_ast
from seismo.c.parse_nodes import attributes_of
from seismo.c.sema.conversions import convert
from seismo.c.sema.errors import CheckError
from seismo.c.sema.places import dereference, member_of
from seismo.c.sema.typer import Typer
from seismo.c.spans import span_of
from seismo.c.tree import Binary, BuiltinCall, Constant, Expr, Load, VariablePlace
from seismo.c.types import U64, Record, is_scalar

__all__ = ("is_packet_header", "packet_member")

_ATTRIBUTE = "deprecated"  # As BCC marks them: __attribute__((deprecated("packet"))).
_ARGUMENT = '"packet"'
_LOADS = {8: "load_byte", 16: "load_half", 32: "load_word", 64: "load_dword"}


def is_packet_header(node: c_ast.Decl) -> bool:
    """Whether the definition of a record says that it lies in packets."""
    return any(
        one.name == _ATTRIBUTE and [getattr(it, "value", "") for it in one.arguments] == [_ARGUMENT]
        for one in (*attributes_of(node), *attributes_of(node.type))
    )


def packet_member(t: Typer, pointer: Expr, name: c_ast.ID, span: Span) -> Expr:
    """`pointer->name`, read from the packet of the function's first parameter."""
    word, name_span = name.name, span_of(name)
    member = member_of(dereference(pointer, span), word, span, name_span).member
    bits = member.bit_size or member.type.size * 8
    first = member.bit_offset % 8
    if not is_scalar(member.type) or first + bits > 64 or isinstance(member.type, Record):
        raise CheckError(name_span, f"'{word}' is read by parts: it has {bits} bits")
    taken = next(size for size in _LOADS if first + bits <= size)
    at = Constant(member.bit_offset // 8, U64, span)
    offset = Binary("+", convert(pointer, U64), at, U64, span)
    value: Expr = BuiltinCall(_LOADS[taken], (_packet(t, span), offset), U64, span)
    if taken > first + bits:
        rest = Constant(taken - first - bits, U64, span)
        value = Binary(">>", value, rest, U64, span)
    if bits < taken:
        value = Binary("&", value, Constant((1 << bits) - 1, U64, span), U64, span)
    return convert(value, member.type)


def _packet(t: Typer, span: Span) -> Expr:
    parameters = t.body.function.parameters
    if not parameters:
        raise CheckError(span, "the function has no parameter that is the packet")
    packet = parameters[0]
    return Load(VariablePlace(packet, packet.type, span), packet.type, span)
