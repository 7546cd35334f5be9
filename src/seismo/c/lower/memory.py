"""Memory: loads, stores and copies, whatever space the bytes are in.

    DIRECT      %1 = load.u32 %p0+8
    KERNEL      call probe_read(%slot, 4, %p0 + 8);  %1 = load.u32 %slot
    context     as the program's `Entry` says

The kernel's verifier wants aligned accesses of the stack, so what is not aligned goes in pieces.
"""

from __future__ import annotations

from collections.abc import Iterator

from seismo.base.errors import CompilerBug, SourceError
from seismo.base.source import Span
from seismo.c.lower.arithmetic import UNSIGNED, integer_of
from seismo.c.lower.state import Body
from seismo.c.lower.value import (
    DIRECT,
    KERNEL,
    NULL,
    USER,
    Address,
    Operand,
    Space,
    aligned_at,
)
from seismo.c.types import CType, Pointer, is_scalar
from seismo.ir.ops import BinaryKind, Const, Kind, Value

__all__ = (
    "clear",
    "copy",
    "load",
    "null_pointer",
    "number",
    "plain",
    "pointed",
    "pointer",
    "readable",
    "store",
    "temporary",
    "write_bytes",
)

_STACK_BYTES = 512  # include/linux/filter.h: MAX_BPF_STACK


def temporary(low: Body, name: str, size: int) -> Address:
    """See `Lowering.temporary`."""
    check_size(low.b.span, name, size)
    return Address(low.b.slot(name, max(size, 1)), 0, DIRECT, 8)


def check_size(span: Span, name: str, size: int) -> None:
    """SourceError when something does not fit the stack even by itself."""
    if size > _STACK_BYTES:
        raise SourceError(
            span,
            f"'{name}' takes {size} bytes, the stack has {_STACK_BYTES}",
            "keep it in a table: BPF_PERCPU_ARRAY(scratch, struct …, 1) and scratch.lookup(&zero)",
        )


def pointed(operand: Operand) -> Address:
    """See `Lowering.pointed`."""
    type_ = operand.type
    space = KERNEL if operand.space == NULL else operand.space
    target = type_.target.alignment if isinstance(type_, Pointer) else 1
    if space == KERNEL and isinstance(type_, Pointer) and type_.is_user:
        space = USER
    alignment = 8 if space.is_context else min(max(target, operand.alignment), 8)
    return Address(operand.value, 0, space, alignment)


def pointer(low: Body, address: Address, type_: CType) -> Operand:
    """See `Lowering.pointer`."""
    if address.space.is_context:
        return Operand(address.base, type_, address.space, 8)
    space = KERNEL if address.space == USER else address.space
    return Operand(_sum(low, address), type_, space, address.alignment)


def _sum(low: Body, address: Address) -> Value:
    """The address of what is not in the context, in a register."""
    if not address.offset:
        return address.base
    return low.b.add(address.base, low.b.const(address.offset))


def plain(low: Body, operand: Operand) -> Value:
    """The operand's bits, also where it points into the context: the IR takes that pointer only as
    a whole, so it goes by way of the stack."""
    if not operand.space.is_context:
        return operand.value
    b, slot = low.b, low.scratch
    b.store(slot.base, slot.offset, operand.value, 8)
    value = b.load(slot.base, slot.offset, 8, kind=Kind.PTR)
    offset = operand.space.offset
    return b.add(value, b.const(offset)) if offset else value


def number(low: Body, value: Value) -> Value:
    """What may be a pointer as a mere number, of which the IR computes more than sums; the kernel's
    verifier has the last word on it."""
    if value.kind is Kind.INT:
        return value
    slot = low.scratch
    low.b.store(slot.base, slot.offset, value, 8)
    return low.b.load(slot.base, slot.offset, 8)


def null_pointer(low: Body) -> Value:
    """0, as what a register holds that may hold a pointer, too."""
    value = low.b.func.new_value(Kind.PTR)
    low.b.emit(Const(value, 0, span=low.b.span))
    return value


def load(low: Body, address: Address, type_: CType, space: Space = KERNEL) -> Operand:
    """See `Lowering.load`; `space` is what a pointer there points into."""
    if not is_scalar(type_):
        raise CompilerBug("ir", f"{type_} does not fit a register")
    if address.space.is_context:
        return low.state.entry.load_context(low, address.space.offset, type_)
    if address.space != DIRECT:
        copy(low, low.scratch, address, type_.size)
        address, space = low.scratch, KERNEL
    if address.alignment < type_.size:
        return Operand(_load_pieces(low, address, type_), type_, space)
    kind = Kind.PTR if space == DIRECT else Kind.INT
    signed = integer_of(type_).is_signed
    value = low.b.load(address.base, address.offset, type_.size, signed=signed, kind=kind)
    return Operand(value, type_, space)


def _load_pieces(low: Body, address: Address, type_: CType) -> Value:
    """A scalar that lies at an address of less alignment."""
    b, step, value = low.b, address.alignment, low.b.const(0)
    for offset in range(0, type_.size, step):
        is_last = offset + step == type_.size
        signed = is_last and integer_of(type_).is_signed
        piece = b.load(address.base, address.offset + offset, step, signed=signed)
        piece = b.binary(BinaryKind.SHL, piece, b.const(8 * offset))
        value = b.binary(BinaryKind.OR, value, piece)
    return value


def store(low: Body, address: Address, operand: Operand) -> None:
    """See `Lowering.store`."""
    if address.space.is_context:
        low.state.entry.store_context(low, address.space.offset, operand)
        return
    _check_written(low, address)
    b, size, value = low.b, operand.type.size, operand.value
    if operand.space.is_context and operand.space.offset:
        value = plain(low, operand)
    step = min(address.alignment, size)
    for offset in range(0, size, step):
        piece = b.binary(BinaryKind.SHR, value, b.const(8 * offset)) if offset else value
        b.store(address.base, address.offset + offset, piece, step)


def _check_written(low: Body, address: Address) -> None:
    """SourceError unless the bytes are the program's own."""
    if address.space == DIRECT:
        return
    if address.space.is_context:
        raise SourceError(low.b.span, "only single members of the context can be written")
    raise SourceError(
        low.b.span,
        "this is memory of the kernel or of the process, which a program cannot write",
        "copy what is there into a local variable first; bpf_probe_write_user() writes to the "
        "process",
    )


def copy(low: Body, to: Address, source: Address, size: int) -> None:
    """See `Lowering.copy`."""
    if not size:
        return
    _check_written(low, to)
    b = low.b
    if source.space == DIRECT:
        alignment = min(to.alignment, source.alignment)
        b.copy((to.base, to.offset), (source.base, source.offset), size, alignment)
    elif source.space.is_context:
        for offset, step in _pieces(size, min(to.alignment, aligned_at(8, source.space.offset))):
            piece = load(low, source.at(offset), UNSIGNED[step])
            b.store(to.base, to.offset + offset, piece.value, step)
    else:
        reader = low.state.host.reader(is_user=source.space == USER)
        b.call(reader, _sum(low, to), b.const(size), _sum(low, source))


def clear(low: Body, to: Address, size: int) -> None:
    """See `Lowering.clear`."""
    _check_written(low, to)
    if size and to.alignment == 8:
        low.b.fill(to.base, to.offset, size)
    elif size:
        write_bytes(low, to, bytes(size))


def write_bytes(low: Body, to: Address, data: bytes) -> None:
    """Bytes known now go to the program's own memory."""
    _check_written(low, to)
    b = low.b
    for offset, step in _pieces(len(data), to.alignment):
        piece = int.from_bytes(data[offset : offset + step], "little")
        b.store(to.base, to.offset + offset, b.const(piece), step)


def readable(low: Body, address: Address, size: int) -> Value:
    """See `Lowering.readable`."""
    if address.space != DIRECT:
        home = temporary(low, "argument", size)
        copy(low, home, address, size)
        address = home
    return _sum(low, address)


def _pieces(size: int, alignment: int) -> Iterator[tuple[int, int]]:
    """(offset, size) of the widest aligned moves that cover `size` bytes."""
    offset = 0
    while offset < size:
        while offset + alignment > size:
            alignment //= 2
        yield offset, alignment
        offset += alignment
