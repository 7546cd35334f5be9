"""Bytes in the program's own memory: storing, copying, comparing and measuring them.

Strings are compared by words, which is why only zeros may stand behind their NUL (`string_memory`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from seismo.builtin.record import Address, Lowering, Writer
from seismo.ir.ops import Cond, Value
from seismo.lang.ast import Call, Expr, Name, Parameter, String
from seismo.lang.literals import string_bytes
from seismo.lang.types import IntType, PointerType

__all__ = (
    "UNREADABLE",
    "chunks",
    "clamped",
    "constant_bytes",
    "copy_bytes",
    "copy_string",
    "copy_text",
    "first_difference",
    "is_literal_at",
    "pointer_space",
    "read_string_at",
    "store_bytes",
    "string_length",
    "string_memory",
    "word_pairs",
)

UNREADABLE = "<unreadable>"
"""Stands for a string whose memory could not be read."""

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
    """A writer of `size` bytes of our own memory, or of the context, which no helper reads from."""

    def write(to: Address) -> Value:
        b = low.b
        if size > _INLINE_BYTES and source.base not in b.func.params:
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


def is_literal_at(low: Lowering, at: Address, literal: bytes) -> Value:
    """1 where the literal's characters stand at `at`; loads need no alignment: x86-64 and arm64
    have CONFIG_HAVE_EFFICIENT_UNALIGNED_ACCESS, so the kernel's verifier lets them pass."""
    b = low.b

    def words() -> Iterator[tuple[Value, Value]]:
        for offset, width in chunks(len(literal), 0):
            word = int.from_bytes(literal[offset : offset + width], low.byte_order)
            yield b.load(at.base, at.offset + offset, width), b.const(word)

    return b.compare(Cond.EQ, *first_difference(low, words()))


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
    """Where the bytes of a string lie in own memory, and how many there are at most; only zeros
    stand behind its NUL.

    The string may be an array of characters; what a pointer points to is read, `max_strlen` bytes
    at most.
    """
    type_ = low.type_of(expr)
    is_pointer = isinstance(type_, PointerType)
    size = low.config.max_strlen if is_pointer else low.field_type(type_).size
    if _is_clean(low, expr):
        return low.memory(expr), size
    write = low.read_string(expr, size) if is_pointer else _string_writer(low, expr, size)
    home = low.scratch(size + 1)
    low.b.fill(home.base, home.offset, (size + 8) & -8)
    write(home)
    return home, size


def _is_clean(low: Lowering, expr: Expr) -> bool:
    """Whether it is known that only zeros stand behind the NUL of a string: what a C struct has
    there can be anything, and in whatever it has been copied to."""
    match expr:
        case String():
            return "\0" not in expr.value
        case Name() | Parameter():
            return True
        case Call(name="str"):
            return isinstance(low.type_of(expr.args[0]), IntType | PointerType)
        case _:
            return False


def _string_writer(low: Lowering, expr: Expr, size: int) -> Writer:
    """A writer of the characters up to the NUL, or of all `size`, and a NUL."""
    at = low.memory(expr)

    def write(to: Address) -> Value:
        return copy_string(low, to, at, low.b.const(size + 1))

    return write


def copy_string(low: Lowering, to: Address, source: Address, limit: Value) -> Value:
    """Copy a string that lies in own memory, at most `limit` bytes with the NUL that it always
    gets: how many it has then.

    As a copy of n + 1 bytes has n characters at most, the limit may be one more than the source
    has: whatever stands there becomes the NUL.
    """
    return low.b.call("probe_read_kernel_str", low.address(to), limit, low.address(source))


def copy_text(low: Lowering, source: Address, size: int) -> Writer:
    """A writer of a string that has `size` bytes of our own memory: of a long one only what it has
    up to its NUL, whose length it tells, so that a record can be cut there."""
    if size <= _INLINE_BYTES or source.base in low.b.func.params:
        return copy_bytes(low, source, size)

    def write(to: Address) -> Value:
        b, last = low.b, size - 1
        length = copy_string(low, to, source, b.const(size))
        # One that fills its memory was cut, and has no NUL there.
        b.when(
            Cond.EQ,
            length,
            b.const(size),
            lambda: b.copy((to.base, to.offset + last), (source.base, source.offset + last), 1, 1),
        )
        return length

    return write


def string_length(low: Lowering, at: Address, size: int) -> Value:
    """How many characters a string of `size` bytes in own memory has: the helper that copies one
    counts, too."""
    copy = low.temporary("copy", size + 1)
    used = copy_string(low, copy, at, low.b.const(size + 1))
    return low.b.add(used, low.b.const(-1))


def read_string_at(low: Lowering, helper: str, to: Address, size: Value, pointer: Value) -> Value:
    """Read a string by `probe_read_user_str` or `probe_read_kernel_str`, at most `size` bytes: how
    many it has with its NUL, or a negative error."""
    b = low.b
    used = b.call(helper, low.address(to), size, pointer)
    if "user" not in helper:
        return used
    length = low.fresh("used")
    b.write(length, used)

    def empty() -> None:
        b.store(to.base, to.offset, b.const(0), 1)
        b.write(length, b.const(1))

    # Seen on Linux 6.12, not on 6.18: an empty string of a process gives 0 (mm/maccess.c:
    # strncpy_from_user_nofault()).
    b.when(Cond.EQ, used, b.const(0), empty)
    return b.read(length)


def pointer_space(low: Lowering, expr: Expr) -> str:
    """Whose memory an address means: `user` or `kernel`."""
    type_ = low.type_of(expr)
    return (type_.space if isinstance(type_, PointerType) else "") or low.default_space
