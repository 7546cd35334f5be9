"""Relations as conditions: `tcp[13] = 2` asks for TCP, and for the first fragment, too."""

from __future__ import annotations

from seismo.base.source import Span
from seismo.cbpf.errors import FilterError
from seismo.cbpf.filter import ast
from seismo.cbpf.filter.conditions import (
    LENGTH,
    Condition,
    Constant,
    HeaderLength,
    Load,
    Not,
    Value,
    all_of,
    compute,
    test,
)
from seismo.cbpf.filter.link import Link, equals
from seismo.cbpf.filter.names import IP_PROTOCOLS
from seismo.cbpf.filter.protocols import first_fragment, protocol
from seismo.isa.opcode import AluOp, JumpOp

__all__ = ("relation",)

_COMPARES = {
    "=": (JumpOp.JEQ, False),
    "!=": (JumpOp.JEQ, True),
    ">": (JumpOp.JGT, False),
    "<=": (JumpOp.JGT, True),
    ">=": (JumpOp.JGE, False),
    "<": (JumpOp.JGE, True),
}
"""The comparison of each relation, and whether it is the other way round."""

_OPERATIONS = {
    "+": AluOp.ADD,
    "-": AluOp.SUB,
    "*": AluOp.MUL,
    "/": AluOp.DIV,
    "%": AluOp.MOD,
    "&": AluOp.AND,
    "|": AluOp.OR,
    "^": AluOp.XOR,
    "<<": AluOp.LSH,
    ">>": AluOp.RSH,
}
_DIVISIONS = (AluOp.DIV, AluOp.MOD)
_SHIFTS = (AluOp.LSH, AluOp.RSH)
_IP6_BYTES = 40
_FURTHEST = 1 << 31
_ICMP6_NUMBER = IP_PROTOCOLS["icmp6"][0]


def relation(link: Link, node: ast.Relation) -> Condition:
    """What the packet must be, then the comparison."""
    needs: list[Condition] = []
    left = _value(link, node.left, needs)
    right = _value(link, node.right, needs)
    op, is_reversed = _COMPARES[node.op]
    compared = test(op, left, right)
    return all_of(*needs, Not(compared) if is_reversed else compared)


def _value(link: Link, node: ast.Arithmetic, needs: list[Condition]) -> Value:
    """The value; what a packet must be to have it is added to `needs`."""
    match node:
        case ast.Number():
            return Constant(node.value)
        case ast.Length():
            return LENGTH
        case ast.Negation():
            return compute(AluOp.NEG, _value(link, node.operand, needs), Constant(0))
        case ast.Access():
            return _access(link, node, needs)
        case ast.Binary():
            left = _value(link, node.left, needs)
            # As in libpcap, only the first operand of arithmetic says what the packet must be:
            # `len + tcp[0] > 9` reads the byte there whatever the packet is.
            right = _value(link, node.right, [])
            return _computed(node.span, _OPERATIONS[node.op], left, right)


def _computed(span: Span, op: AluOp, left: Value, right: Value) -> Value:
    if isinstance(right, Constant):
        if op in _DIVISIONS and right.number == 0:
            raise FilterError(span, "division by zero")
        if op in _SHIFTS and right.number > 31:
            raise FilterError(span, f"a shift by {right.number} bits", "the most is 31")
    return compute(op, left, right)


def _access(link: Link, node: ast.Access, needs: list[Condition]) -> Value:
    inner: list[Condition] = []
    index = _value(link, node.index, inner)
    name = node.protocol
    if isinstance(index, Constant) and index.number >= _FURTHEST:
        raise FilterError(node.index.span, "no packet has so many bytes")
    if name == "link":
        needs.extend(inner)
        return _load(node.size, 0, index)
    if name == "icmp6":
        number = equals(link.field(6, 1), _ICMP6_NUMBER)
        needs.extend((protocol(link, "ip6"), *inner, number))
        return _load(node.size, link.network + _IP6_BYTES, index)
    if name in IP_PROTOCOLS:
        needs.extend((protocol(link, "ip"), *inner, protocol(link, name), first_fragment(link)))
        header = HeaderLength(link.network)
        if isinstance(index, Constant):
            return Load(node.size, link.network + index.number, header)
        return Load(node.size, link.network, compute(AluOp.ADD, index, header))
    needs.extend((*inner, protocol(link, name)))
    return _load(node.size, link.network, index)


def _load(size: int, start: int, index: Value) -> Load:
    """Bytes at `start` + `index`."""
    if isinstance(index, Constant):
        return Load(size, start + index.number)
    return Load(size, start, index)
