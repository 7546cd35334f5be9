"""What is always in memory: records, arrays, strings, 16-byte integers, and their initialisers."""

from __future__ import annotations

from seismo.base.errors import CompilerBug
from seismo.c.lower.arithmetic import integer_of
from seismo.c.lower.bits import Bits, put_bits
from seismo.c.lower.kernel_place import assume_members
from seismo.c.lower.memory import clear, copy, store, temporary, write_bytes
from seismo.c.lower.spaces import member_key
from seismo.c.lower.state import Body
from seismo.c.lower.value import Address, Operand
from seismo.c.tree import (
    Assign,
    Cast,
    Comma,
    CompoundLiteral,
    Conditional,
    Constant,
    Evaluate,
    Expr,
    FunctionCall,
    Initializer,
    InitPart,
    Load,
    StatementExpr,
    StringPlace,
)
from seismo.c.types import U64, CType, is_scalar
from seismo.ir.ops import BinaryKind, Cond, Value

__all__ = ("assign", "equal", "initialize", "make_literal", "memory")


def memory(low: Body, expr: Expr) -> Address:
    """See `Lowering.memory`."""
    low.b.span = expr.span
    match expr:
        case _ if is_scalar(expr.type):
            return _stored(low, expr)
        case Load(place):
            return low.locate(place)
        case Assign(place, value):
            target = low.locate(place)
            assign(low, target, value)
            return target
        case Comma(first, second):
            low.effect(first)
            return low.memory(second)
        case Cast(operand) if operand.type.size == expr.type.size:
            return low.memory(operand)
        case StatementExpr(block) if block.statements:
            *others, last = block.statements
            for one in others:
                low.statement(one)
            if isinstance(last, Evaluate):
                low.b.reopen()
                return low.memory(last.value)
        case Conditional() | Cast() | Constant():
            return _stored(low, expr)
        case FunctionCall():
            answer = low.inline(expr)
            if isinstance(answer, Address):
                return answer
        case _:
            pass
    raise CompilerBug("ir", f"{type(expr).__name__} reached lowering as {expr.type}")


def _stored(low: Body, expr: Expr) -> Address:
    """A copy of an expression's value."""
    home = temporary(low, "value", expr.type.size)
    assign(low, home, expr)
    return home


def assign(low: Body, to: Address, expr: Expr) -> None:
    """See `Lowering.assign`."""
    match expr:
        case _ if is_scalar(expr.type):
            operand = low.operand(expr)
            low.b.span = expr.span
            store(low, to, operand)
        case Constant(value):
            write_bytes(low, to, (value & (1 << 128) - 1).to_bytes(16, "little"))
        case Cast(operand) if is_scalar(operand.type):
            _widen(low, to, low.operand(operand))
        case Conditional(condition, then, other) if then is not None:
            low.b.fork(
                lambda yes, no: low.condition(condition, yes, no),
                lambda: assign(low, to, then),
                lambda: assign(low, to, other),
            )
        case Load(StringPlace(data)):
            write_bytes(low, to, data)
        case _:
            copy(low, to, low.memory(expr), expr.type.size)


def _widen(low: Body, to: Address, operand: Operand) -> None:
    """A narrower integer as one of 16 bytes."""
    b = low.b
    is_signed = integer_of(operand.type).is_signed
    high = b.binary(BinaryKind.SAR, operand.value, b.const(63)) if is_signed else b.const(0)
    store(low, to, Operand(operand.value, U64))
    store(low, to.at(8), Operand(high, U64))


def make_literal(low: Body, literal: CompoundLiteral) -> Address:
    """`(struct s){…}`, or the record that a function gives."""
    value = literal.value
    if not isinstance(value, Initializer):
        return low.memory(value)
    home = temporary(low, "literal", literal.type.size)
    initialize(low, home, value)
    return home


def initialize(low: Body, to: Address, value: Initializer) -> None:
    """`{…}` goes to memory that holds anything; padding becomes zero."""
    if value.parts:
        assume_members(low, value.type)
    size, covered = value.type.size, 0
    for part in value.parts:
        if not part.bit_size:
            covered |= (1 << 8 * _extent(part)) - 1 << part.bit_offset
    if covered != (1 << 8 * size) - 1:
        clear(low, to, size)
    for part in value.parts:
        _initialize_part(low, to, value.type, part)


def _extent(part: InitPart) -> int:
    """How many bytes a part writes."""
    if isinstance(part.value, Load) and isinstance(part.value.place, StringPlace):
        return min(len(part.value.place.data), part.type.size)
    return part.type.size


def _initialize_part(low: Body, to: Address, whole: CType, part: InitPart) -> None:
    offset = part.bit_offset // 8
    if part.bit_size:
        operand = low.operand(part.value)
        put_bits(low, Bits(to, whole.size, part.bit_offset, part.bit_size), operand)
        return
    match part.value:
        case Load(StringPlace(data)):
            # Without its NUL where the array has no place for that.
            write_bytes(low, to.at(offset), data[: part.type.size])
        case _ if is_scalar(part.type):
            operand = low.operand(part.value)
            low.state.spaces.write(member_key(whole, offset), operand.space)
            store(low, to.at(offset), operand)
        case _:
            assign(low, to.at(offset), part.value)


def equal(low: Body, left: Address, right: Address, size: int) -> Value:
    """1 where the bytes are the same, else 0."""
    b, different = low.b, low.b.const(0)
    for offset in range(0, size, 8):
        one, other = (low.load(at.at(offset), U64).value for at in (left, right))
        change = b.binary(BinaryKind.XOR, one, other)
        different = b.binary(BinaryKind.OR, different, change)
    return b.compare(Cond.EQ, different, b.const(0))
