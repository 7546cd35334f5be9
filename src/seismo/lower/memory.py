"""Values that live in memory: strings, tuples, records … They are written where they are needed.

Canonical form: memory that a value may be copied from (a variable's home, a map's value, a key) has
only zeros behind a string's NUL and as padding, so that equal values are equal bytes: who offers
memory clears it first. Records for user space need not be canonical: they are cut at the NUL.
"""

from __future__ import annotations

from collections.abc import Sequence

from seismo.base.dataclass import replace
from seismo.base.errors import CompilerBug
from seismo.base.layout import Array, Buffer, FieldType, Int, Layout, Text
from seismo.builtin.bytes import copy_bytes, copy_text, read_string_at, store_bytes
from seismo.builtin.record import Address, Writer, value_writer
from seismo.ir.ops import Cond, Kind, Value
from seismo.isa.relo_kinds import CoreKind
from seismo.lang.ast import (
    BlockExpr,
    Call,
    Cast,
    Expr,
    MapAccess,
    Name,
    Parameter,
    RecordExpr,
    String,
    Ternary,
    TupleExpr,
    Variable,
)
from seismo.lang.literals import string_bytes
from seismo.lower.context import FuncContext
from seismo.lower.layout import is_scalar
from seismo.lower.maps import find_entry
from seismo.lower.places import Here, There, address_of, is_part, locate
from seismo.lower.portable import assume_record

__all__ = (
    "copy_as",
    "lower_memory",
    "lower_writer",
    "readable",
    "text_writer",
    "writer_as",
)


def lower_writer(low: FuncContext, expr: Expr) -> Writer:
    """What writes an expression's value; all of its effects happen now."""
    type_ = low.type_of(expr)
    form = low.field_type(type_)
    if is_scalar(type_):
        return value_writer(low, low.scalar(expr), form.size)
    if low.is_constant(expr) and isinstance(form, Text):
        return text_writer(low, str(low.constant(expr)))
    expr = low.meant(expr)
    match expr:
        case String():
            return text_writer(low, expr.value)
        case Parameter():
            return text_writer(low, expr.text)
        case Name(name="probe"):
            return _place_name(low, form)
        case Name():
            return _from_builtin(low, Call(expr.name, (), expr.span, expr.span))
        case Call():
            return _from_call(low, expr, form)
        case Variable():
            return _copied(low, low.home(expr), form)
        case MapAccess():
            return _from_map(low, expr, form)
        case TupleExpr() | RecordExpr() | BlockExpr() | Ternary():
            return writer_as(low, expr, form)
        case Cast():
            return _from_cast(low, expr, form)
        case _ if is_part(expr):
            return _from_place(low, expr, form)
        case _:
            raise CompilerBug("types", f"{type_} as {type(expr).__name__} reached lowering")


def writer_as(low: FuncContext, expr: Expr, form: FieldType) -> Writer:
    """Like `lower_writer`, in the (possibly wider) form of a key, a value or a variable."""
    expr = low.meant(expr)
    match expr:
        case _ if isinstance(form, Int):
            return value_writer(low, low.scalar(expr), form.size)
        case TupleExpr() if isinstance(form, Layout):
            return _members(low, form, expr.elements)
        case RecordExpr() if isinstance(form, Layout):
            values = dict(zip(expr.names, expr.values, strict=True))
            return _members(low, form, [values[field.name] for field in form.fields])
        case BlockExpr() if expr.value is not None:
            low.statements(expr.statements)
            low.b.reopen()
            return low.writer_as(expr.value, form)
        case Ternary():
            return _chosen(low, expr, form)
        case _:
            own = low.field_type(low.type_of(expr))
            if own == form or isinstance(form, Text):
                return low.writer(expr)
            source = low.memory(expr)

            def write(to: Address) -> Value:
                copy_as(low, to, form, source, own)
                return low.b.const(form.size)

            return write


def _copied(low: FuncContext, source: Address, form: FieldType) -> Writer:
    copy = copy_text if isinstance(form, Text) else copy_bytes
    return copy(low, source, form.size)


def _place_name(low: FuncContext, form: FieldType) -> Writer:
    """The name of the attach point that a program of several runs for: its cookie tells which."""
    b, names = low.b, [string_bytes(one) for one in low.place.names]
    table = low.table(f"places{low.body.program.index}", form.size, tuple(names))
    cookie, key = b.call("get_attach_cookie", b.context, pure=True), b.slot("place", 8)
    b.store(key, 0, b.add(cookie, b.const(-1)), 4)
    row = b.call("map_lookup_elem", b.map(table), key, kind=Kind.PTR)

    def write(to: Address) -> Value:
        b.when_set(
            row,
            lambda: b.copy((to.base, to.offset), (row, 0), form.size),
            lambda: b.fill(to.base, to.offset, (form.size + 7) & -8),
        )
        return b.const(form.size)

    return write


def _members(low: FuncContext, form: Layout, values: Sequence[Expr]) -> Writer:
    pairs = zip(values, form.fields, strict=True)
    writers = [(field, low.writer_as(one, field.type)) for one, field in pairs]

    def write(to: Address) -> Value:
        for field, write_one in writers:
            write_one(to.at(field.offset))
        return low.b.const(form.size)

    return write


def _from_builtin(low: FuncContext, call: Call) -> Writer:
    lowered = low.builtin(call.name).lower(low, call)
    if lowered is None or isinstance(lowered, Value):
        raise CompilerBug("types", f"{call.name} does not live in memory")
    return lowered


def _from_call(low: FuncContext, call: Call, form: FieldType) -> Writer:
    if not low.is_function(call.name):
        return _from_builtin(low, call)
    low.call(call.name, call.args)
    # The next call of the function puts its result in the same place.
    home = low.scratch(form.size)
    source = low.returned(call.name)
    low.b.copy((home.base, home.offset), (source.base, source.offset), form.size)
    return _copied(low, home, form)


def text_writer(low: FuncContext, text: str) -> Writer:
    """A writer of a string literal and its NUL."""
    content = string_bytes(text) + b"\0"

    def write(to: Address) -> Value:
        store_bytes(low, to, content)
        return low.b.const(len(content))

    return write


def copy_as(
    low: FuncContext, to: Address, form: FieldType, source: Address, own: FieldType
) -> None:
    """Copy a value of form `own` into memory of the wider `form`."""
    b = low.b
    if own == form:
        copy_bytes(low, source, form.size)(to)
    elif isinstance(own, Int) and isinstance(form, Int):
        value = b.load(source.base, source.offset, own.size, signed=own.signed)
        b.store(to.base, to.offset, value, form.size)
    elif isinstance(own, Layout) and isinstance(form, Layout):
        by_name = {field.name: field for field in own.fields}
        for field in form.fields:
            one = by_name[field.name]
            copy_as(low, to.at(field.offset), field.type, source.at(one.offset), one.type)
    elif isinstance(own, Array) and isinstance(form, Array):
        for index in range(min(own.count, form.count)):
            target = to.at(index * form.element.size)
            copy_as(low, target, form.element, source.at(index * own.element.size), own.element)
    else:
        copy_bytes(low, source, min(own.size, form.size))(to)


def _from_map(low: FuncContext, access: MapAccess, form: FieldType) -> Writer:
    found, own = find_entry(low, access), low.value_form(access.name)
    b = low.b

    def write(to: Address) -> Value:
        def missing() -> None:
            if isinstance(form, Text):
                b.store(to.base, to.offset, b.const(0), 1)
            else:
                store_bytes(low, to, bytes(form.size))

        b.when_set(found, lambda: copy_as(low, to, form, Address(found), own), missing)
        return b.const(form.size)

    return write


def _from_place(low: FuncContext, expr: Expr, form: FieldType) -> Writer:
    place = locate(low, expr)
    if isinstance(place, Here):
        return copy_bytes(low, place.address, form.size)
    if not isinstance(place, There):
        raise CompilerBug("types", "a pointer of the context is no number")
    b, pointer = low.b, address_of(low, place)
    assume_record(low, low.type_of(expr))
    if place.member is not None and not isinstance(form, Layout):
        low.assume(replace(place.member.relocation, kind=CoreKind.FIELD_BYTE_SIZE), form.size)
    size, space, span = b.const(form.size), place.space, expr.span

    def write(to: Address) -> Value:
        b.span = span
        if isinstance(form, Text):
            _read_characters(low, to, form.size, pointer, space)
        else:
            low.read_memory(to, size, pointer, space)
        return size

    return write


def _read_characters(low: FuncContext, to: Address, size: int, pointer: Value, space: str) -> None:
    """Read a `char` array only up to its NUL, as there may be anything behind it; one that has none
    gets the byte that the helper has put a NUL for."""
    b = low.b
    reader = "probe_read_user" if space == "user" else "probe_read_kernel"
    length = read_string_at(low, f"{reader}_str", to, b.const(size), pointer)

    def last() -> None:
        at = b.const(size - 1)
        b.call(reader, low.address(to.at(size - 1)), b.const(1), b.add(pointer, at))

    b.when(
        Cond.SLT,
        length,
        b.const(0),
        lambda: low.fault("memory", f"{reader}_str", length, b.span),
        lambda: b.when(Cond.EQ, length, b.const(size), last),
    )


def _from_cast(low: FuncContext, expr: Cast, form: FieldType) -> Writer:
    own = low.type_of(expr.operand)
    if is_scalar(own):
        # (uint8[8])12345: the integer's bytes as they lie in memory.
        return value_writer(low, low.scalar(expr.operand), form.size)
    source, have = low.memory(expr.operand), low.field_type(own)
    if isinstance(form, Buffer):
        size = min(have.size, form.capacity)

        def write(to: Address) -> Value:
            low.b.store(to.base, to.offset, low.b.const(size), 4)
            copy_bytes(low, source, size)(to.at(4))
            return low.b.const(size + 4)

        return write
    if isinstance(form, Layout) and isinstance(have, Layout):
        return writer_as(low, expr.operand, form)
    return copy_bytes(low, source, min(form.size, have.size))


def _chosen(low: FuncContext, expr: Ternary, form: FieldType) -> Writer:
    """`c ? "a" : "b"`: the arms' effects must not both happen, so it is made in scratch memory."""
    home, then = low.scratch(form.size), expr.then
    if then is None:
        raise CompilerBug("types", "?: of what is no number reached lowering")
    low.b.fill(home.base, home.offset, (form.size + 7) & -8)

    def arm(value: Expr) -> None:
        mark = low.mark()
        low.writer_as(value, form)(home)
        low.release(mark)

    low.b.fork(
        lambda yes, no: low.condition(expr.condition, yes, no),
        lambda: arm(then),
        lambda: arm(expr.other),
    )
    return _copied(low, home, form)


def readable(low: FuncContext, expr: Expr) -> Address:
    """Where a value in memory lies for loads at fixed offsets; made in scratch if need be."""
    if isinstance(expr, Variable):
        return low.home(expr)
    if is_part(expr):
        place = locate(low, expr)
        if isinstance(place, Here):
            return place.address
    form = low.field_type(low.type_of(expr))
    write = low.writer(expr)
    home = low.scratch(form.size)
    low.b.fill(home.base, home.offset, (form.size + 7) & -8)
    write(home)
    return home


def _is_context(low: FuncContext, at: Address) -> bool:
    """Whether an address is in the program's context, which helpers do not take as memory."""
    return at.base in low.b.func.params[:1]


def lower_memory(low: FuncContext, expr: Expr) -> Address:
    """See `Lowering.memory`: unlike the context, it may be handed to helpers."""
    at = readable(low, expr)
    if not _is_context(low, at):
        return at
    size = low.field_type(low.type_of(expr)).size
    home = low.scratch(size)
    low.b.fill(home.base, home.offset, (size + 7) & -8)
    copy_bytes(low, at, size)(home)
    return home
