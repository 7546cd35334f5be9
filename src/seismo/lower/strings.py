"""Strings out of kernel and user memory."""

from __future__ import annotations

from seismo.builtin.bytes import UNREADABLE, clamped, copy_bytes, read_string_at
from seismo.builtin.record import Address, Writer
from seismo.ir.ops import Cond, Value
from seismo.lang.ast import Expr
from seismo.lang.types import ArrayType, PointerType, StringType
from seismo.lower.context import FuncContext
from seismo.lower.layout import field_type
from seismo.lower.memory import text_writer

__all__ = ("read_string",)


def read_string(
    low: FuncContext,
    pointer: Expr,
    size: int,
    limit: Value | None = None,
    *,
    shows_cut: bool = False,
) -> Writer:
    """See `Lowering.read_string`.

    The helpers clear the whole target when they fail (kernel/trace/bpf_trace.c), so there is
    always a NUL.
    """
    type_ = low.type_of(pointer)
    if isinstance(type_, StringType | ArrayType):
        return _cut_string(low, pointer, field_type(type_).size, size, limit)
    space = type_.space if isinstance(type_, PointerType) else ""
    reader = f"probe_read_{'user' if (space or low.default_space) == 'user' else 'kernel'}"
    helper = f"{reader}_str"
    b, address, span = low.b, low.scalar(pointer), pointer.span
    bound = b.const(size) if limit is None else clamped(low, limit, size)

    def write(to: Address) -> Value:
        used = low.fresh("length")
        length = read_string_at(low, helper, to, bound, address)
        b.write(used, length)

        def cut() -> None:
            b.when(
                Cond.EQ,
                length,
                b.const(size),
                lambda: _put_last_byte(low, to, size, address, reader),
            )

        def failed() -> None:
            b.write(used, b.const(1))
            b.when_set(address, marked)

        def marked() -> None:
            low.fault("string", helper, length, span)
            text = UNREADABLE[: size - 1]
            b.write(used, text_writer(low, text)(to))

        b.when(Cond.SLT, length, b.const(0), failed, cut if shows_cut else None)
        return b.read(used)

    return write


def _put_last_byte(low: FuncContext, to: Address, size: int, text: Value, reader: str) -> None:
    """Give a string that fills its memory its real last byte instead of the NUL that the helper has
    put there: one without a NUL is shown as cut."""
    b = low.b
    last = b.const(size - 1)
    b.call(reader, low.address(to.at(size - 1)), b.const(1), b.add(text, last))


def _cut_string(low: FuncContext, text: Expr, have: int, size: int, limit: Value | None) -> Writer:
    """`str("text", n)`: what is a string already, its first `size` bytes."""
    if limit is None and have <= size:
        return low.writer(text)
    source = low.memory(text)
    kept = min(have, size)
    if limit is None:
        return copy_bytes(low, source, kept)
    b, bound = low.b, clamped(low, limit, kept)

    def write(to: Address) -> Value:
        b.call("probe_read_kernel_str", low.address(to), bound, low.address(source))
        return b.const(kept)

    return write
