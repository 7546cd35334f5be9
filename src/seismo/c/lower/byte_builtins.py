"""Built-ins that work on memory: memcpy, memmove, memset, memcmp. Sizes are constants."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from seismo.c.lower.call import LowerCall
from seismo.c.lower.value import DIRECT, Address, Operand
from seismo.c.types import U8, U16, U32, U64, Integer
from seismo.ir.ops import BinaryKind, Cond, Value

__all__ = ("BYTE_BUILTINS",)

_PIECES = (U64, U32, U16, U8)
_EACH_BYTE = 0x0101_0101_0101_0101


def _size(call: LowerCall) -> int:
    size = call.constant(2)
    if size is None:
        hint = "bpf_probe_read_kernel() copies as many bytes as a variable says"
        raise call.error(f"the size that {call.name}() takes must be a constant", hint, 2)
    return size


def _pieces(size: int, alignment: int) -> Iterator[tuple[int, Integer]]:
    """(offset, type) of the widest loads or stores that make up so many bytes."""
    offset = 0
    while offset < size:
        for piece in _PIECES:
            if piece.size <= min(alignment, size - offset):
                yield offset, piece
                offset += piece.size
                break


def _copy(call: LowerCall) -> Operand:
    size, target = _size(call), call.operand(0)
    if size:
        call.low.copy(call.address(0), call.address(1), size)
    return target


def _move(call: LowerCall) -> Operand:
    """Through the stack, because the two may overlap."""
    size, target = _size(call), call.operand(0)
    if size:
        aside = call.low.temporary("moved", size)
        call.low.copy(aside, call.address(1), size)
        call.low.copy(call.address(0), aside, size)
    return target


def _set(call: LowerCall) -> Operand:
    size, target, byte = _size(call), call.operand(0), call.constant(1)
    if not size:
        return target
    to = call.address(0)
    if byte is not None and not byte & 0xFF:
        call.low.clear(to, size)
        return target
    b = call.b
    low_byte = b.binary(BinaryKind.AND, call.value(1), b.const(0xFF))
    pattern = b.binary(BinaryKind.MUL, low_byte, b.const(_EACH_BYTE))
    for offset, piece in _pieces(size, to.alignment):
        call.low.store(to.at(offset), Operand(pattern, piece))
    return target


def _own(call: LowerCall, index: int, size: int) -> Address:
    """What an argument points to, or a copy of it that the program may load from."""
    address = call.address(index)
    if address.space == DIRECT:
        return address
    aside = call.low.temporary("compared", size)
    call.low.copy(aside, address, size)
    return aside


def _compare(call: LowerCall) -> Operand:
    """The first piece that differs decides, as its bytes stand in memory."""
    b, size = call.b, _size(call)
    if not size:
        return call.result(b.const(0))
    left, right = _own(call, 0, size), _own(call, 1, size)
    differs, done = b.new_block("differs"), b.new_block("compared")
    for offset, piece in _pieces(size, min(left.alignment, right.alignment)):
        one, other = (call.low.load(at.at(offset), piece).value for at in (left, right))
        b.write(".left", _in_order(call, one, piece))
        b.write(".right", _in_order(call, other, piece))
        same = b.new_block("same")
        b.branch(Cond.NE, one, other, differs, same)
        b.seal(same)
        b.start(same)
    b.write(".order", b.const(0))
    b.jump(done)
    b.seal(differs)
    b.start(differs)
    is_more = b.compare(Cond.GT, b.read(".left"), b.read(".right"))
    twice = b.binary(BinaryKind.SHL, is_more, b.const(1))
    b.write(".order", b.add(twice, b.const(-1)))
    b.jump(done)
    b.seal(done)
    b.start(done)
    return call.result(b.read(".order"))


def _in_order(call: LowerCall, value: Value, piece: Integer) -> Value:
    """The first byte as the most significant."""
    return value if piece.size == 1 else call.b.swap(value, piece.bits)


BYTE_BUILTINS: Mapping[str, Callable[[LowerCall], Operand]] = {
    "memcmp": _compare,
    "memcpy": _copy,
    "memmove": _move,
    "memset": _set,
}
