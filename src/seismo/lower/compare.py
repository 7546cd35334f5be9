"""Equality of what lives in memory: strings, arrays, tuples.

Both sides are in canonical form (zeros behind a string's NUL, zeros as padding), so whole words may
be compared; strings end at a NUL or at the end of the shorter.
"""

from __future__ import annotations

from collections.abc import Iterable

from seismo.base.errors import CompilerBug
from seismo.builtin.bytes import chunks, word_pairs
from seismo.builtin.record import Address
from seismo.ir.ops import Cond, Value
from seismo.lang.ast import Binary, Expr, String
from seismo.lang.join import join
from seismo.lang.literals import string_bytes
from seismo.lang.types import StringType
from seismo.lower.context import FuncContext
from seismo.lower.layout import field_type
from seismo.lower.memory import readable

__all__ = ("memory_equal",)


def memory_equal(low: FuncContext, node: Binary) -> Value:
    """1 where two values that live in memory are equal, else 0."""
    left, right = node.left, node.right
    if isinstance(low.type_of(left), StringType):
        return _strings_equal(low, left, right)
    type_ = join(low.type_of(left), low.type_of(right))
    if type_ is None:
        raise CompilerBug("types", f"comparing {low.type_of(left)} with {low.type_of(right)}")
    form = field_type(type_)
    sides: list[Address] = []
    for side in (left, right):
        write = low.writer_as(side, form)
        home = low.scratch(form.size)
        low.b.fill(home.base, home.offset, (form.size + 7) & -8)
        write(home)
        sides.append(home)
    return _equal_bytes(low, sides[0], sides[1], form.size)


def _strings_equal(low: FuncContext, left: Expr, right: Expr) -> Value:
    """A literal is compared with, and not stored."""
    first, second = _literal(low, left), _literal(low, right)
    if first is not None and second is not None:
        return low.b.const(int(first == second))
    if first is not None:
        left, right, second = right, left, first
    size = _size(low, left)
    if second is not None:
        return _equal_literal(low, readable(low, left), size, second)
    return _equal_bytes(
        low, readable(low, left), readable(low, right), min(size, _size(low, right))
    )


def _literal(low: FuncContext, expr: Expr) -> str | None:
    if isinstance(expr, String):
        return expr.value
    return str(low.constant(expr)) if low.is_constant(expr) else None


def _size(low: FuncContext, expr: Expr) -> int:
    type_ = low.type_of(expr)
    if not isinstance(type_, StringType):
        raise CompilerBug("types", f"comparing {type_} as a string")
    return type_.size


def _equal_literal(low: FuncContext, at: Address, size: int, text: str) -> Value:
    content = string_bytes(text) + b"\0"
    if len(content) > size + 1:
        return low.b.const(0)  # longer than the string can be
    size_to_compare = min(len(content), size)  # a string that fills its bytes has no NUL
    return _all_equal(
        low,
        (
            (low.b.load(at.base, at.offset + offset, width), _word(low, content, offset, width))
            for offset, width in chunks(size_to_compare, at.offset)
        ),
    )


def _word(low: FuncContext, content: bytes, offset: int, width: int) -> Value:
    return low.b.const(int.from_bytes(content[offset : offset + width], low.byte_order))


def _equal_bytes(low: FuncContext, left: Address, right: Address, size: int) -> Value:
    return _all_equal(low, word_pairs(low, left, right, size))


def _all_equal(low: FuncContext, pairs: Iterable[tuple[Value, Value]]) -> Value:
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
