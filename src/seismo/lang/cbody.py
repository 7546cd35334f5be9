"""The bodies of C's structs, unions and enums: what stands between the braces."""

from __future__ import annotations

from collections.abc import Iterator

from seismo.base.bits import U32_MAX, fits_signed
from seismo.base.dataclass import dataclass
from seismo.base.source import Span
from seismo.lang.clayout import CType, RecordLayout
from seismo.lang.cparts import Attributes, PartReader, Specifiers, is_unnamed
from seismo.lang.errors import ParseError
from seismo.lang.types import INT32, BoolType, Enumeration, IntType, RecordType

__all__ = ("read_enum", "read_record")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Member:
    """One of a record's; `width` is -1 but for bit-fields."""

    name: str
    type: CType
    span: Span
    attributes: Attributes
    width: int = -1


def read_record(reader: PartReader, name: str, before: Attributes) -> CType:
    """The record called `name` (`struct x`) whose `{` is next, and the attributes behind it."""
    cursor = reader.cursor
    start = cursor.advance().span
    members: list[_Member] = []
    while not cursor.accept("}"):
        if cursor.token.kind == "end":
            raise ParseError(start, f"the '{{' of '{name}' is not closed")
        members += _members(reader)
    attributes = reader.attributes(before)
    layout = RecordLayout(
        is_union=name.startswith("union"),
        packed=attributes.packed,
        align=attributes.align or 1,
    )
    seen: set[str] = set()
    for one in members:
        _check_names(one, seen, name)
        packed, align = one.attributes.packed, one.attributes.align
        if one.width < 0:
            layout.add(one.name, one.type, packed=packed, align=align)
        else:
            layout.add_bits(one.name, one.type, one.width, packed=packed, align=align)
    try:
        return layout.finish(name)
    except ValueError as error:
        raise ParseError(start, f"'{name}': {error}") from None


def _check_names(member: _Member, seen: set[str], record: str) -> None:
    names = [member.name]
    if not member.name and isinstance(member.type.type, RecordType):
        names = [one.name for one in member.type.type.fields or ()]
    for name in names:
        if name and name in seen:
            raise ParseError(member.span, f"'{record}' has two members '{name}'")
        seen.add(name)


def _members(reader: PartReader) -> Iterator[_Member]:
    """Those of one declaration, up to its `;`."""
    cursor = reader.cursor
    if cursor.accept(";"):
        return
    start = cursor.token.span
    specifiers = reader.specifiers()
    if cursor.accept(";"):
        inner = specifiers.type.type
        if isinstance(inner, RecordType) and is_unnamed(inner):
            attributes = specifiers.attributes
            yield _Member(name="", type=specifiers.type, span=start, attributes=attributes)
        return
    while True:
        yield _member(reader, specifiers)
        if not cursor.accept(","):
            break
    cursor.expect(";", "to end the member")


def _member(reader: PartReader, specifiers: Specifiers) -> _Member:
    cursor = reader.cursor
    named = reader.declarator(specifiers.type, is_user=specifiers.is_user)
    if named.is_function:
        hint = f"write (*{named.name})(…) for a pointer to one"
        raise ParseError(named.span, f"member '{named.name}' is a function", hint)
    width = -1
    if cursor.accept(":"):
        width = _bits(reader, named.type, named.name)
    elif not named.name:
        raise cursor.unexpected("the name of a member")
    return _Member(
        name=named.name,
        type=reader.needed(named.type, named.span),
        span=named.span,
        attributes=reader.attributes(specifiers.attributes),
        width=width,
    )


def _bits(reader: PartReader, type_: CType, name: str) -> int:
    """The width of a bit-field, its `:` taken."""
    start = reader.cursor.token.span
    width = reader.constant().value
    if not isinstance(type_.type, IntType | BoolType):
        raise ParseError(start, f"a bit-field of {type_.type}", "it must be of an integer")
    most = 1 if isinstance(type_.type, BoolType) else type_.size * 8
    if not 0 <= width <= most or (width == 0 and name):
        what = f"bit-field '{name}'" if name else "a bit-field"
        raise ParseError(start, f"{what} of {width} bits", f"its type has {most}")
    return width


def read_enum(reader: PartReader, name: str, before: Attributes) -> CType:
    """The enum called `name` whose `{` is next; its constants are declared."""
    cursor = reader.cursor
    start = cursor.advance().span
    constants: dict[str, int] = {}
    following = 0
    while not cursor.accept("}"):
        token = cursor.token
        if token.kind != "name":
            raise cursor.unexpected("a constant's name")
        cursor.advance()
        if token.text in reader.declared.enumerators:
            raise ParseError(token.span, f"constant '{token.text}' is declared twice")
        value = reader.constant().value if cursor.accept("=") else following
        constants[token.text] = value
        # For the constants that follow; the enum's own type is known at its end.
        reader.declared.enumerators[token.text] = (value, INT32)
        following = value + 1
        if not cursor.accept(",") and not cursor.at("}"):
            raise cursor.unexpected("',' or '}' after the constant")
    attributes = reader.attributes(before)
    if not constants:
        raise ParseError(start, f"'{name}' has no constants")
    type_ = _enum_type(Enumeration(name, tuple(constants.items())), is_packed=attributes.packed)
    for one, value in constants.items():
        reader.declared.enumerators[one] = (value, type_)
    return CType(type_, type_.bits // 8, max(attributes.align, type_.bits // 8))


def _enum_type(enum: Enumeration, *, is_packed: bool) -> IntType:
    """`unsigned int`, `int` or their long kin, the first that holds all; if packed, the least."""
    values = [value for _, value in enum.constants]
    is_signed = min(values) < 0
    for bits in (8, 16, 32) if is_packed else (32,):
        if is_signed and all(fits_signed(value, bits) for value in values):
            return IntType(bits, True, enum)
        if not is_signed and max(values) <= U32_MAX >> (32 - bits):
            return IntType(bits, False, enum)
    return IntType(64, is_signed, enum)
