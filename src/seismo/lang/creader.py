"""`CReader`: the types in C declarations: specifiers, attributes, declarators, constants."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from seismo.base.bits import U32_MAX, fits_signed
from seismo.base.dataclass import dataclass, field, replace
from seismo.base.diagnostics import did_you_mean
from seismo.base.source import Span
from seismo.lang.c_names import C_INTEGER_NAMES, C_WORDS, c_integer
from seismo.lang.cbody import read_enum, read_record
from seismo.lang.cconst import Constant, constant
from seismo.lang.clayout import POINTER_BYTES, CType, Declarations, array_of
from seismo.lang.cparts import Attributes, Declarator, Specifiers, is_unnamed, unnamed
from seismo.lang.ctoken import CCursor, CToken
from seismo.lang.errors import ParseError
from seismo.lang.types import BOOL, UINT8, VOID, ArrayType, IntType, PointerType, RecordType

__all__ = ("TAGS", "CReader", "OutsideTypes")

TAGS = ("struct", "union", "enum")

_ATTRIBUTES = ("__attribute__", "__attribute", "__packed", "__aligned", "_Alignas")
_QUALIFIERS = frozenset(
    (
        *("const", "volatile", "restrict", "__const", "__volatile__", "__restrict", "_Atomic"),
        *("extern", "static", "inline", "register", "auto", "_Noreturn", "__inline", "__inline__"),
        *("__extension__", "__user", "__kernel", "__iomem", "__percpu", "__rcu", "__force"),
        *("__bitwise", "__always_inline", "__restrict__"),
    )
)
_VOID = CType(VOID, 0, 0)
# The language has no numbers of these kinds, so they are bytes.
_BYTES = {
    "float": CType(ArrayType(UINT8, 4), 4, 4),
    "double": CType(ArrayType(UINT8, 8), 8, 8),
    "__int128": CType(ArrayType(UINT8, 16), 16, 16),
    "unsigned __int128": CType(ArrayType(UINT8, 16), 16, 16),
    "long double": CType(ArrayType(UINT8, 16), 16, 16),
}
_WORDS = C_WORDS | {"void", "bool", "_Bool", "float", "double", "__int128"}
# What `aligned` without a number means on x86-64 and arm64.
_LARGEST_ALIGNMENT = 16
_MAX_BYTES = 1 << 32


class OutsideTypes(Protocol):
    """The types that are there without a declaration; `why` says why there are none."""

    why: str

    @property
    def machine(self) -> str:
        """The architecture that they are for: `x86_64`."""

    def are_there(self) -> bool:
        """Whether there are any."""

    def c_type(self, name: str) -> CType:
        """The type called `struct x` or by a typedef's name; KeyError."""

    def enumerator(self, name: str) -> tuple[int, IntType]:
        """The value of a constant, and its type; KeyError."""

    def near(self, name: str) -> Iterable[str]:
        """Names that `name` may be a misspelling of."""


@dataclass(slots=True)
class CReader:
    """Reads at a cursor; it is the `PartReader` of bodies and the `Names` of constants.

    A record of size 0 without fields and without alignment is one that is only declared.
    """

    cursor: CCursor
    declared: Declarations
    outside: OutsideTypes
    # Records whose members are being read.
    unfinished: list[str] = field(default_factory=list)

    def restart(self, index: int) -> None:
        """Go back to the start of a declaration, whatever was open."""
        self.cursor.restart(index)
        self.unfinished.clear()

    def specifiers(self) -> Specifiers:
        """The words before the names of a declaration, one of a type at least."""
        cursor = self.cursor
        found = Specifiers(_VOID, Attributes())
        words: list[str] = []
        has_type = False
        start = cursor.token.span
        while cursor.token.kind == "name":
            text = cursor.token.text
            if text in _QUALIFIERS or text in _ATTRIBUTES or text == "typedef":
                found.is_typedef |= text == "typedef"
                found.is_user |= self._qualifier(found.attributes)
            elif text in TAGS and not words and not has_type:
                found.type, found.has_body = self._tagged()
                has_type = True
            elif text in _WORDS and not has_type:
                words.append(cursor.advance().text)
            elif words or has_type:
                break
            else:
                found.type = self._named(cursor.advance())
                has_type = True
        if words:
            found.type = _of_words(words, start)
        elif not has_type:
            raise cursor.unexpected("a type")
        return found

    def _qualifier(self, attributes: Attributes) -> bool:
        """Take one, or an attribute; whether it says that the memory is user space's."""
        if self.cursor.at(*_ATTRIBUTES):
            return self._attribute(attributes)
        return self.cursor.advance().text == "__user"

    def attributes(self, before: Attributes) -> Attributes:
        """The attributes at the cursor, on top of those `before`."""
        found = replace(before)
        while self.cursor.at(*_ATTRIBUTES):
            self._attribute(found)
        return found

    def _attribute(self, found: Attributes) -> bool:
        """One of them; whether it tags user memory. Those that are not known mean nothing."""
        cursor = self.cursor
        word = cursor.advance().text
        if word == "__packed":
            found.packed = True
            return False
        if word in ("__aligned", "_Alignas"):
            self._alignment(found)
            return False
        cursor.expect("(", f"after {word}")
        cursor.expect("(", f"after {word}")
        is_user = False
        while not cursor.accept(")"):
            name = cursor.token
            if name.kind == "end":
                raise cursor.unexpected("')' to close the attributes")
            cursor.advance()
            if name.text in ("aligned", "__aligned__"):
                self._alignment(found)
            elif name.text in ("packed", "__packed__"):
                found.packed = True
            elif cursor.at("("):
                is_user |= cursor.ahead(1).text == '"user"'
                cursor.skip_balanced("(", ")")
        cursor.expect(")", "to close the attributes")
        return is_user

    def _alignment(self, found: Attributes) -> None:
        """The `(8)` of `aligned(8)`, which may be left out, or a type's."""
        cursor = self.cursor
        start = cursor.token.span
        align = _LARGEST_ALIGNMENT
        if cursor.accept("("):
            align = self.type_name().align if self.at_type() else self.constant().value
            cursor.expect(")", "after the alignment")
        if align <= 0 or align & (align - 1) or align > _MAX_BYTES:
            raise ParseError(start, f"an alignment of {align}", "it must be a power of two")
        found.align = max(found.align, align)

    def _named(self, token: CToken) -> CType:
        """The type that a typedef gives a name."""
        name = token.text
        if own := self.declared.types.get(name):
            return _shell(own)
        if name in C_INTEGER_NAMES:
            type_ = c_integer(name)
            return CType(type_, type_.bits // 8, type_.bits // 8)
        return self._outside(name, token.span)

    def _outside(self, name: str, span: Span) -> CType:
        """A type that is not the script's own."""
        try:
            return self.outside.c_type(name)
        except KeyError:
            own = did_you_mean(name, self.declared.types)
            known = [*C_INTEGER_NAMES, *_WORDS, *self.outside.near(name)]
            hint = own or self.outside.why or did_you_mean(name, known)
            raise ParseError(span, f"unknown type '{name}'", hint) from None

    def _tagged(self) -> tuple[CType, bool]:
        """`struct x`, `struct x { … }` or `struct { … }`, and whether it has a body."""
        cursor = self.cursor
        cursor.descend()
        start = cursor.advance()
        keyword = start.text
        attributes = self.attributes(Attributes())
        tag = cursor.token
        has_tag = tag.kind == "name"
        name = f"{keyword} {cursor.advance().text}" if has_tag else unnamed(keyword, start.span)
        has_body = cursor.at("{")
        if has_body:
            if name in self.declared.types:
                raise ParseError(tag.span, f"'{name}' is declared twice")
            self.unfinished.append(name)
            read = read_enum if keyword == "enum" else read_record
            type_ = read(self, name, attributes)
            self.unfinished.pop()
            if has_tag:
                self.declared.types[name] = type_
                type_ = _shell(type_)
        elif not has_tag:
            raise cursor.unexpected(f"a name or '{{' after '{keyword}'")
        elif own := self.declared.types.get(name):
            type_ = _shell(own)
        elif keyword == "enum":
            type_ = self._outside(name, tag.span)
        else:
            type_ = CType(RecordType(name, None, 0), 0, 0)
        cursor.ascend()
        return type_, has_body

    def needed(self, type_: CType, span: Span) -> CType:
        """The type with its size, which for a record may only be known to the kernel."""
        if type_.type == VOID:
            raise ParseError(span, "void has no size", "a pointer is written void *")
        if not isinstance(type_.type, RecordType) or type_.align:
            return type_
        name = type_.type.name
        if own := self.declared.types.get(name):
            return _shell(own)
        if name in self.unfinished:
            raise ParseError(span, f"'{name}' contains itself", f"a pointer is written {name} *")
        return self._outside(name, span)

    def declarator(self, before: CType, *, is_user: bool) -> Declarator:
        """What may name something, and what it makes of the type `before` it."""
        cursor = self.cursor
        cursor.descend()
        type_ = before
        while cursor.accept("*"):
            type_ = _pointer(type_, is_user=is_user)
            is_user = False
            while cursor.at(*_QUALIFIERS, *_ATTRIBUTES):
                is_user |= self._qualifier(Attributes())
        start = cursor.token.span
        if cursor.at("(") and cursor.ahead(1).text in ("*", "(", "[", *_ATTRIBUTES):
            made = self._bracketed(type_)
        else:
            name = cursor.advance().text if cursor.token.kind == "name" else ""
            is_function = cursor.at("(")
            made = Declarator(name, self._suffixed(type_, start), start, is_function)
        cursor.ascend()
        return made

    def _bracketed(self, before: CType) -> Declarator:
        """`(*name)(int)`: what follows the brackets comes first."""
        cursor = self.cursor
        opening = cursor.index
        start = cursor.token.span
        cursor.skip_balanced("(", ")")
        type_ = self._suffixed(before, start)
        behind, cursor.index = cursor.index, opening + 1
        while cursor.at(*_ATTRIBUTES):
            self._attribute(Attributes())
        made = self.declarator(type_, is_user=False)
        cursor.expect(")", "to close the bracket")
        cursor.index = behind
        return made

    def _suffixed(self, type_: CType, span: Span) -> CType:
        """What `[4][2]` or `(…)` make of a type; a function is void here, as its pointers are."""
        cursor = self.cursor
        if cursor.at("("):
            cursor.skip_balanced("(", ")")
            return _VOID
        if not cursor.at("["):
            return type_
        start = cursor.advance().span
        count = 0 if cursor.at("]") else self.constant().value
        cursor.expect("]", "after the number of elements")
        element = self.needed(self._suffixed(type_, span), span)
        if count < 0 or count * element.size >= _MAX_BYTES:
            raise ParseError(start, f"an array of {count} elements")
        return array_of(element, count)

    def constant(self) -> Constant:
        """A constant expression."""
        return constant(self.cursor, self)

    @property
    def wide(self) -> bool:
        """See `Names`."""
        return False

    def value(self, token: CToken) -> Constant:
        """See `Names`: constants of enums, the script's and the kernel's."""
        name = token.text
        try:
            value, _ = self.declared.enumerators.get(name) or self.outside.enumerator(name)
        except KeyError:
            hint = did_you_mean(name, [*self.declared.enumerators, *self.declared.macros])
            raise ParseError(token.span, f"unknown constant '{name}'", hint) from None
        if fits_signed(value, 32):
            return Constant(value)
        return Constant(value, 32 if 0 <= value <= U32_MAX else 64, value >= 0)

    def at_type(self) -> bool:
        """See `Names`."""
        token = self.cursor.token
        if token.kind != "name" or token.text in self.declared.enumerators:
            return False
        if token.text in TAGS or token.text in _WORDS or token.text in _QUALIFIERS:
            return True
        if token.text in self.declared.types or token.text in C_INTEGER_NAMES:
            return True
        try:
            self.outside.c_type(token.text)
        except KeyError:
            return False
        return True

    def type_name(self) -> CType:
        """See `Names`: `struct x *[4]`."""
        start = self.cursor.token.span
        specifiers = self.specifiers()
        made = self.declarator(specifiers.type, is_user=specifiers.is_user)
        if made.name:
            raise ParseError(made.span, f"'{made.name}' in the name of a type")
        return self.needed(made.type, start)


def _shell(type_: CType) -> CType:
    """A record that has a name, without its fields."""
    record = type_.type
    if isinstance(record, RecordType) and not is_unnamed(record):
        return replace(type_, type=replace(record, fields=None))
    return type_


def _pointer(target: CType, *, is_user: bool) -> CType:
    type_ = PointerType(
        None if target.type == VOID else target.type,
        "user" if is_user else "",
    )
    return CType(type_, POINTER_BYTES, POINTER_BYTES)


def _of_words(words: list[str], span: Span) -> CType:
    """`unsigned long`, `void`, `bool`, `double`."""
    spelling = " ".join(words)
    if spelling == "void":
        return _VOID
    if spelling in ("bool", "_Bool"):
        return CType(BOOL, 1, 1)
    if spelling in _BYTES:
        return _BYTES[spelling]
    try:
        type_ = c_integer(spelling)
    except KeyError:
        raise ParseError(span, f"'{spelling}' is no type") from None
    size = type_.bits // 8
    return CType(type_, size, size, is_char=spelling == "char")
