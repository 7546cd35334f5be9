"""`Types`: the codecs of the C types that a BTF has, each made when it is first asked for."""

from __future__ import annotations

from seismo.api.codec import (
    ArrayCodec,
    BytesCodec,
    Codec,
    EnumCodec,
    FloatCodec,
    IntCodec,
    TextCodec,
)
from seismo.api.errors import WrongType
from seismo.api.record import Field, RecordCodec
from seismo.btf.errors import BtfError
from seismo.btf.layout import MAX_DEPTH, describe, strip, visible_members
from seismo.btf.spec import Btf
from seismo.btf.types import (
    Array,
    Const,
    Enum,
    Enum64,
    Float,
    Int,
    IntEncoding,
    Kind,
    Member,
    Ptr,
    Restrict,
    Struct,
    Type,
    Typedef,
    TypeTag,
    Union,
    Var,
    Volatile,
)

__all__ = ("Types",)

_TAGS = {"struct": Kind.STRUCT, "union": Kind.UNION, "enum": Kind.ENUM}
_FLOAT_SIZES = (2, 4, 8)
_LARGEST = 0xFFFFFFFF
"""A struct's size is a u32; what has more bytes is no type that a compiler wrote."""


class Types:
    """Codecs by type id, shared, so that one C type has one class of records."""

    def __init__(self, btf: Btf) -> None:
        self.btf = btf
        self._known: dict[int, Codec] = {}
        self._open: set[int] = set()

    def find(self, name: str) -> Codec:
        """The codec of a type as C names it: `struct event`, `__u32`, or `event` for any kind.

        Raises `BtfNotFound` with a near name, `WrongType` for a type without values.
        """
        tag, _, rest = name.strip().rpartition(" ")
        kind = _TAGS.get(tag)
        if kind is Kind.ENUM and not self.btf.find_all(rest, kind):
            kind = Kind.ENUM64
        return self.codec(self.btf.find(rest if kind else name.strip(), kind))

    def codec(self, id: int) -> Codec:
        """The codec of the type `id`; `WrongType` for one without values, such as `void`."""
        known = self._known.get(id)
        if known is None:
            if id in self._open or len(self._open) > MAX_DEPTH:
                raise BtfError(f"type {id} contains itself", self.btf.position(id))
            self._open.add(id)
            try:
                known = self._known[id] = self._made(id)
            finally:
                self._open.discard(id)
        return known

    def _made(self, id: int) -> Codec:
        behind = strip(self.btf, id)
        type_ = self.btf.type(behind)
        if isinstance(type_, Struct | Union):
            # One struct is one class, whatever its typedefs; a nameless one has its typedef's name.
            if behind != id and (type_.name or not self._typedef(id)):
                return self.codec(behind)
            return self._record(behind, type_, self._spelled(id))
        match type_:
            case Int():
                return _integer(type_, self._spelled(id))
            case Ptr():
                return IntCodec("a pointer", self.btf.pointer_size, signed=False)
            case Float():
                is_known = type_.size in _FLOAT_SIZES
                make = FloatCodec if is_known else BytesCodec
                return make(self._spelled(id), type_.size)
            case Enum() | Enum64():
                values = [(one.name, one.value) for one in type_.values]
                return EnumCodec(self._spelled(id), type_.size, values, signed=type_.signed)
            case Array():
                return self._array(id, type_)
            case Var():
                return self.codec(type_.type)
            case _:
                raise WrongType(f"{describe(type_)} has no values")

    def _array(self, id: int, type_: Array) -> Codec:
        element, count = self._element(type_), type_.count
        if _is_char(element):
            return TextCodec(f"char[{count}]", count)
        if _is_byte(element):
            return BytesCodec(f"{element.name}[{count}]", count)
        codec = self.codec(type_.type)
        if codec.size * count > _LARGEST:
            what = f"an array of {codec.size * count} bytes"
            raise BtfError(what, self.btf.position(id))
        return ArrayCodec(codec, count)

    def _element(self, type_: Array) -> Type:
        return self.btf.type(strip(self.btf, type_.type))

    def _record(self, id: int, type_: Struct | Union, name: str) -> RecordCodec:
        members = list(visible_members(self.btf, id))
        last = len(members) - 1
        fields = [self._field(one, is_last=at == last) for at, one in enumerate(members)]
        for one in fields:
            if one.offset + (0 if one.is_open else one.size) > type_.size:
                what = f"member '{one.name}' of {name} is outside of it"
                raise BtfError(what, self.btf.position(id))
        return RecordCodec(name, type_.size, tuple(fields))

    def _field(self, member: Member, *, is_last: bool) -> Field:
        type_ = self.btf.type(strip(self.btf, member.type))
        if isinstance(type_, Array) and not type_.count and is_last:
            element = self._element(type_)
            is_text = _is_char(element) or _is_byte(element)
            inner = BytesCodec("bytes", 0) if is_text else self.codec(type_.type)
            return Field(member.name, member.offset, inner, is_open=True)
        shift = member.bit_offset % 8 if member.bit_size else 0
        return Field(member.name, member.offset, self.codec(member.type), shift, member.bit_size)

    def _spelled(self, id: int) -> str:
        """The type as its declaration names it: a typedef's name before what is behind it."""
        # C has no word of its own for an enum of more than 32 bits.
        behind = describe(self.btf.type(strip(self.btf, id))).replace("enum64 ", "enum ")
        return self._typedef(id) or behind

    def _typedef(self, id: int) -> str:
        """The first typedef's name on the way from `id`; '' when there is none."""
        type_ = self.btf.type(id)
        while isinstance(type_, Const | Volatile | Restrict | TypeTag):
            type_ = self.btf.type(type_.type)
        return type_.name if isinstance(type_, Typedef) else ""


def _integer(type_: Int, name: str) -> IntCodec:
    # An unsigned `char` is one byte of text in an array only; alone it is a number as any other.
    return IntCodec(name, type_.size, signed=type_.signed, is_bool=_is_bool(type_))


def _is_bool(type_: Type) -> bool:
    return isinstance(type_, Int) and bool(type_.encoding & IntEncoding.BOOL)


def _is_char(type_: Type) -> bool:
    """Whether an array of it is text; compilers differ on what they say of `char`."""
    is_marked = isinstance(type_, Int) and bool(type_.encoding & IntEncoding.CHAR)
    return isinstance(type_, Int) and type_.size == 1 and (is_marked or type_.name == "char")


def _is_byte(type_: Type) -> bool:
    is_small = isinstance(type_, Int) and type_.size == 1 and not type_.signed
    return is_small and not _is_bool(type_) and not _is_char(type_)
