"""Values that live in memory: strings and tuples. They are written where they are needed.

Canonical form: memory that a value may be copied from (a variable's home, a map's value, a key) has
only zeros behind a string's NUL, so that equal strings are equal bytes. Records for user space need
not be: they are cut at the NUL.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from seismo.base.errors import CompilerBug
from seismo.base.layout import FieldType, Int, Layout
from seismo.builtin.record import Address, Writer, value_writer
from seismo.ir.ops import Cond, Value
from seismo.lang.ast import (
    Binary,
    Call,
    Expr,
    Field,
    MapAccess,
    Name,
    String,
    Ternary,
    TupleExpr,
    Variable,
)
from seismo.lang.literals import string_bytes
from seismo.lang.types import PointerType, StringType
from seismo.lower.access import field_address
from seismo.lower.context import Counter, ProbeContext, fork
from seismo.lower.layout import is_scalar
from seismo.lower.maps import find_entry

__all__ = ("lower_writer", "read_string", "string_equal", "writer_as")


def lower_writer(low: ProbeContext, expr: Expr) -> Writer:
    """What writes an expression's value; all of its effects happen now."""
    type_ = low.type_of(expr)
    form = low.field_type(type_)
    if is_scalar(type_):
        return value_writer(low, low.scalar(expr), form.size)
    match expr:
        case String():
            return _literal(low, expr.value)
        case Name(name="probe"):
            return _literal(low, low.place)
        case Name():
            return _from_builtin(low, Call(expr.name, (), expr.span, expr.span))
        case Call():
            return _from_builtin(low, expr)
        case Variable():
            return _copy(low, low.home(expr), form.size)
        case MapAccess():
            return _from_map(low, expr, form)
        case Field():
            return _copy(low, field_address(low, expr), form.size)
        case TupleExpr():
            return writer_as(low, expr, form)
        case Ternary():
            return _chosen(low, expr, form)
        case _:
            raise CompilerBug("types", f"{type_} as {type(expr).__name__} reached lowering")


def writer_as(low: ProbeContext, expr: Expr, form: FieldType) -> Writer:
    """Like `lower_writer`, in the (possibly wider) form of a key, a value or a variable."""
    match form:
        case Int():
            return value_writer(low, low.scalar(expr), form.size)
        case Layout() if isinstance(expr, TupleExpr):
            elements = zip(expr.elements, form.fields, strict=True)
            writers = [(field, writer_as(low, one, field.type)) for one, field in elements]

            def write(to: Address) -> Value:
                for field, write_one in writers:
                    write_one(to.at(field.offset))
                return low.b.const(form.size)

            return write
        case _:
            return low.writer(expr)


def _from_builtin(low: ProbeContext, call: Call) -> Writer:
    lowered = low.builtin(call.name).lower(low, call)
    if lowered is None or isinstance(lowered, Value):
        raise CompilerBug("types", f"{call.name} does not live in memory")
    return lowered


def _literal(low: ProbeContext, text: str) -> Writer:
    content = string_bytes(text) + b"\0"

    def write(to: Address) -> Value:
        for offset, chunk in _chunks(content, to.offset):
            low.b.store(to.base, to.offset + offset, _word(low, chunk), len(chunk))
        return low.b.const(len(content))

    return write


def _chunks(content: bytes, start: int) -> list[tuple[int, bytes]]:
    """(offset, 8, 4, 2 or 1 bytes): the widest moves that stay aligned from `start` on."""
    chunks: list[tuple[int, bytes]] = []
    offset = 0
    while offset < len(content):
        size = 8
        while (start + offset) % size or size > len(content) - offset:
            size //= 2
        chunks.append((offset, content[offset : offset + size]))
        offset += size
    return chunks


def _word(low: ProbeContext, chunk: bytes) -> Value:
    return low.b.const(int.from_bytes(chunk, low.byte_order))


def _copy(low: ProbeContext, source: Address, size: int) -> Writer:
    def write(to: Address) -> Value:
        alignment = _common_alignment(source.offset, to.offset)
        low.b.copy((to.base, to.offset), (source.base, source.offset), size, alignment)
        return low.b.const(size)

    return write


def _common_alignment(*offsets: int) -> int:
    """The largest power of two up to 8 that divides every offset (from an aligned base)."""
    alignment = 8
    while any(offset % alignment for offset in offsets):
        alignment //= 2
    return alignment


def _from_map(low: ProbeContext, access: MapAccess, form: FieldType) -> Writer:
    found = find_entry(low, access)

    def write(to: Address) -> Value:
        fork(
            low,
            lambda then, other: low.b.branch_if(found, then, other),
            lambda: _discard(_copy(low, Address(found), form.size)(to)),
            lambda: low.b.store(to.base, to.offset, low.b.const(0), 1),
        )
        return low.b.const(form.size)

    return write


def _discard(_: Value) -> None:
    """A writer's size that the caller has no use for."""


def _chosen(low: ProbeContext, expr: Ternary, form: FieldType) -> Writer:
    """`c ? "a" : "b"`: the arms' effects must not both happen, so it is made in a temporary."""
    home = low.scratch(form.size)
    low.b.fill(home.base, home.offset, (form.size + 7) & -8)
    fork(
        low,
        lambda then, other: low.condition(expr.condition, then, other),
        lambda: _discard(writer_as(low, expr.then, form)(home)),
        lambda: _discard(writer_as(low, expr.other, form)(home)),
    )
    return _copy(low, home, form.size)


def read_string(low: ProbeContext, pointer: Expr, size: int) -> Writer:
    """A writer that reads at most `size` bytes of a string; a fault leaves "" and is counted.

    The helpers clear the whole target when they fail (kernel/trace/bpf_trace.c), so there is
    always a NUL.
    """
    type_ = low.type_of(pointer)
    if isinstance(type_, StringType):
        return _cut_string(low, pointer, type_.size, size)
    space = type_.space if isinstance(type_, PointerType) else low.default_space
    helper = "probe_read_user_str" if space == "user" else "probe_read_kernel_str"
    address = low.scalar(pointer)

    def write(to: Address) -> Value:
        b = low.b
        length = b.call(helper, low.address(to), b.const(size), address)
        fork(
            low,
            lambda then, other: b.branch(Cond.SLT, length, b.const(0), then, other),
            lambda: low.count(Counter.STRING_FAULTS),
        )
        return length

    return write


def _cut_string(low: ProbeContext, text: Expr, size: int, limit: int) -> Writer:
    """`str("text", n)`: what is a string already, its first `limit` bytes."""
    if size <= limit:
        return low.writer(text)
    source, _ = _materialise(low, text)
    return _copy(low, source, limit)


def string_equal(low: ProbeContext, node: Binary) -> Value:
    """1 where two strings are equal, else 0; a literal is compared by words."""
    left, right = node.left, node.right
    if isinstance(left, String):
        left, right = right, left
    if isinstance(right, String):
        # What stands behind the NUL is not compared, so it need not be zero.
        content, size = _materialise(low, left, is_canonical=False)
        return _equal_literal(low, content, size, right.value)
    content, size = _materialise(low, left)
    other, other_size = _materialise(low, right)
    return _equal_strings(low, content, other, min(size, other_size))


def _materialise(
    low: ProbeContext, expr: Expr, *, is_canonical: bool = True
) -> tuple[Address, int]:
    """Where the string lies (made there if it is not in memory yet), and its size."""
    type_ = low.type_of(expr)
    if not isinstance(type_, StringType):
        raise CompilerBug("types", f"comparing {type_} as a string")
    if isinstance(expr, Variable):
        return low.home(expr), type_.size
    if isinstance(expr, Field):
        return field_address(low, expr), type_.size
    write = low.writer(expr)
    home = low.scratch(type_.size) if is_canonical else low.temporary("string", type_.size)
    if is_canonical:
        low.b.fill(home.base, home.offset, (type_.size + 7) & -8)
    write(home)
    return home, type_.size


def _equal_literal(low: ProbeContext, at: Address, size: int, text: str) -> Value:
    content = string_bytes(text) + b"\0"
    if len(content) > size + 1:
        return low.b.const(0)  # longer than the string can be
    content = content[:size]  # a string that fills its bytes has no NUL
    return _all_equal(
        low,
        (
            (low.b.load(at.base, at.offset + offset, len(chunk)), _word(low, chunk))
            for offset, chunk in _chunks(content, at.offset)
        ),
    )


def _equal_strings(low: ProbeContext, left: Address, right: Address, size: int) -> Value:
    """Both strings are in canonical form, so whole words may be compared; they end at a NUL or
    at the end of the shorter."""

    def words() -> Iterator[tuple[Value, Value]]:
        for offset in range(0, size, 8):
            width = 8
            while width > size - offset or (left.offset | right.offset) % width:
                width //= 2
            for part in range(offset, min(offset + 8, size), width):
                one = low.b.load(left.base, left.offset + part, width)
                yield one, low.b.load(right.base, right.offset + part, width)

    return _all_equal(low, words())


def _all_equal(low: ProbeContext, pairs: Iterable[tuple[Value, Value]]) -> Value:
    """1 where the values of every pair are equal, else 0; a pair is made, and so its loads run,
    only where all before it were equal."""
    b, result = low.b, low.fresh("equal")
    b.write(result, b.const(0))
    done = b.new_block("differs")
    for one, two in pairs:
        same = b.new_block("same")
        b.branch(Cond.EQ, one, two, same, done)
        b.seal(same)
        b.start(same)
    b.write(result, b.const(1))
    b.jump(done)
    b.seal(done)
    b.start(done)
    return b.read(result)
