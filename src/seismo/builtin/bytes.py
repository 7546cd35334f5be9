"""Bytes in the program's own memory: storing, copying, comparing and measuring them.

What a value's memory holds is canonical (`Lowering.memory`): only zeros stand behind a string's
NUL, so that equal strings are equal bytes and may be compared by words.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from seismo.builtin.record import Address, Lowering, Writer
from seismo.ir.ops import Cond, Value
from seismo.lang.ast import Expr, String
from seismo.lang.literals import string_bytes
from seismo.lang.types import PointerType

__all__ = (
    "chunks",
    "clamped",
    "constant_bytes",
    "copy_bytes",
    "first_difference",
    "pointer_space",
    "store_bytes",
    "string_length",
    "string_memory",
    "word_pairs",
)

_WORD = 8
_INLINE_BYTES = 256
"""Larger copies are made by a helper: a load and a store for every 8 bytes would be more code."""


def chunks(size: int, start: int) -> Iterator[tuple[int, int]]:
    """(offset, 8, 4, 2 or 1 bytes): the widest moves of `size` bytes that stay aligned when the
    first lies at `start`."""
    offset = 0
    while offset < size:
        width = _WORD
        while (start + offset) % width or width > size - offset:
            width //= 2
        yield offset, width
        offset += width


def store_bytes(low: Lowering, to: Address, content: bytes) -> None:
    """Store bytes that are known at compile time."""
    for offset, width in chunks(len(content), to.offset):
        word = int.from_bytes(content[offset : offset + width], low.byte_order)
        low.b.store(to.base, to.offset + offset, low.b.const(word), width)


def copy_bytes(low: Lowering, source: Address, size: int) -> Writer:
    """A writer of `size` bytes of our own memory."""

    def write(to: Address) -> Value:
        b = low.b
        if size > _INLINE_BYTES:
            b.call("probe_read_kernel", low.address(to), b.const(size), low.address(source))
        else:
            alignment = _alignment(to.offset, source.offset)
            b.copy((to.base, to.offset), (source.base, source.offset), size, alignment)
        return b.const(size)

    return write


def _alignment(*offsets: int) -> int:
    """The largest power of two up to 8 that divides every offset (from aligned bases)."""
    alignment = _WORD
    while any(offset % alignment for offset in offsets):
        alignment //= 2
    return alignment


def clamped(low: Lowering, value: Value, most: int) -> Value:
    """The value, read as unsigned, or `most` if it is more: the kernel's verifier sees it, too."""
    b, result = low.b, low.fresh("clamped")
    limit = b.const(most)
    b.when(Cond.LE, value, limit, lambda: b.write(result, value), lambda: b.write(result, limit))
    return b.read(result)


def word_pairs(
    low: Lowering, left: Address, right: Address, size: int
) -> Iterator[tuple[Value, Value]]:
    """The words of two places in own memory, loaded where the pair is asked for."""
    for offset, width in chunks(size, left.offset | right.offset):
        one = low.b.load(left.base, left.offset + offset, width)
        yield one, low.b.load(right.base, right.offset + offset, width)


def first_difference(low: Lowering, pairs: Iterable[tuple[Value, Value]]) -> tuple[Value, Value]:
    """The first pair of values that differ; equal ones if there is none.

    A pair is made, and so its loads run, only where all before it were equal.
    """
    b, left, right = low.b, low.fresh("left"), low.fresh("right")
    b.write(left, b.const(0))
    b.write(right, b.const(0))
    done = b.new_block("differs")
    for one, two in pairs:
        b.write(left, one)
        b.write(right, two)
        same = b.new_block("same")
        b.branch(Cond.EQ, one, two, same, done)
        b.seal(same)
        b.start(same)
    b.jump(done)
    b.seal(done)
    b.start(done)
    return b.read(left), b.read(right)


def constant_bytes(low: Lowering, expr: Expr) -> bytes | None:
    """The bytes of a string that is known at compile time, up to its NUL; None of another."""
    if isinstance(expr, String):
        text = expr.value
    elif low.is_constant(expr):
        text = str(low.constant(expr))
    else:
        return None
    return string_bytes(text).partition(b"\0")[0]


def string_memory(low: Lowering, expr: Expr) -> tuple[Address, int]:
    """Where the bytes of a string lie in own memory, and how many there are at most.

    The string may be an array of characters; what a pointer points to is read, `max_strlen` bytes
    at most.
    """
    type_ = low.type_of(expr)
    if not isinstance(type_, PointerType):
        return low.memory(expr), low.field_type(type_).size
    size = low.config.max_strlen
    write = low.read_string(expr, size)
    home = low.scratch(size)
    low.b.fill(home.base, home.offset, (size + 7) & -8)
    write(home)
    return home, size


def string_length(low: Lowering, at: Address, size: int) -> Value:
    """How many characters a string of `size` bytes in own memory has.

    The helper that copies a string counts, too, but leaves room for a NUL: a string without one is
    all of its bytes.
    """
    b, length = low.b, low.fresh("length")
    copy = low.temporary("copy", size)
    used = b.call("probe_read_kernel_str", low.address(copy), b.const(size), low.address(at))
    b.when_set(
        b.load(at.base, at.offset + size - 1, 1),
        lambda: b.write(length, b.const(size)),
        lambda: b.write(length, b.add(used, b.const(-1))),
    )
    return b.read(length)


def pointer_space(low: Lowering, expr: Expr) -> str:
    """Whose memory an address means: `user` or `kernel`."""
    type_ = low.type_of(expr)
    return (type_.space if isinstance(type_, PointerType) else "") or low.default_space
