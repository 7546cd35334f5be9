"""ctypes classes of C types: the keys, leaves and events that BCC's API hands out.

>>> ctype_class(record)           # struct data_t { u32 pid; char comm[16]; }
<class 'data_t'>
>>> ctype_class(Array(CHAR, 16))
<class 'c_char_Array_16'>

As BCC has it, `char` is bytes, a pointer a number, 16-byte integers are two words. Members stand
where C has them: padding is made explicit (`__pad_1`) where ctypes would not put it, and bit
fields, of whose places ctypes and C compilers think differently, are properties over such padding.
"""

from __future__ import annotations

import ctypes as ct
from collections.abc import Iterator, Mapping
from typing import Any

from seismo.base.bits import align_up
from seismo.base.errors import BpfError
from seismo.c.types import Array, CType, Enumeration, Integer, Member, Pointer, Record

__all__ = ("NoCtypesClass", "ctype_class")

_SIGNED: Mapping[int, type[Any]] = {
    1: ct.c_byte,
    2: ct.c_int16,
    4: ct.c_int32,
    8: ct.c_int64,
    16: ct.c_int64 * 2,
}
_UNSIGNED: Mapping[int, type[Any]] = {
    1: ct.c_ubyte,
    2: ct.c_uint16,
    4: ct.c_uint32,
    8: ct.c_uint64,
    16: ct.c_uint64 * 2,
}
_NUMBERS = ("signed char", "s8", "__s8", "int8_t")
"""The signed types of one byte that are no characters."""


class NoCtypesClass(BpfError, TypeError):
    """A C type of which there are no values outside the program."""

    def __init__(self, type_: CType) -> None:
        super().__init__(f"'{type_}' is no type of data")
        self.type = type_


def ctype_class(type_: CType) -> type[Any]:
    """The class whose objects are laid out as C lays out the type; `NoCtypesClass` for `void`, a
    function or a table."""
    match type_:
        case Integer():
            return _integer_class(type_)
        case Enumeration():
            return _integer_class(type_.integer)
        case Pointer():
            return ct.c_uint64
        case Array():
            return _array_class(type_)
        case Record(keyword="union"):
            return _union_class(type_)
        case Record():
            return _struct_class(type_)
    raise NoCtypesClass(type_)


def _array_class(type_: Array) -> type[Any]:
    element: Any = ctype_class(type_.element)
    made: type[Any] = element * (type_.count or 0)
    return made


def _integer_class(type_: Integer) -> type[Any]:
    if type_.is_bool:
        return ct.c_bool
    if type_.is_signed and type_.size == 1 and type_.name not in _NUMBERS:
        return ct.c_char
    return (_SIGNED if type_.is_signed else _UNSIGNED)[type_.size]


class _BitField:
    """Gets and sets so many bits of the object's memory, from a bit of it on."""

    def __init__(self, bit_offset: int, bits: int, is_signed: bool) -> None:
        self.bit_offset = bit_offset
        self._first, self._shift = divmod(bit_offset, 8)
        self._size = (self._shift + bits + 7) // 8
        self._mask = (1 << bits) - 1
        self._sign = 1 << (bits - 1) if is_signed else 0

    def moved(self, offset: int) -> _BitField:
        """The same of what is `offset` bytes into an object."""
        bits = self._mask.bit_length()
        return _BitField(self.bit_offset + offset * 8, bits, bool(self._sign))

    def __get__(self, instance: Any, owner: type[Any]) -> Any:
        if instance is None:
            return self
        value = self._word(instance) >> self._shift & self._mask
        return (value ^ self._sign) - self._sign

    def __set__(self, instance: Any, value: int) -> None:
        others = self._word(instance) & ~(self._mask << self._shift)
        word = others | (value & self._mask) << self._shift
        data = word.to_bytes(self._size, "little")
        ct.memmove(ct.addressof(instance) + self._first, data, self._size)

    def _word(self, instance: Any) -> int:
        data = ct.string_at(ct.addressof(instance) + self._first, self._size)
        return int.from_bytes(data, "little")


class _Layout:
    """The `_fields_` of a record, as they are put together."""

    def __init__(self, *, is_packed: bool) -> None:
        self.is_packed = is_packed
        self.fields: list[tuple[str, type[Any]]] = []
        self.anonymous: list[str] = []
        self.properties: dict[str, _BitField] = {}
        self.alignment = 1
        self.end = 0
        self._pads = 0

    def pad_to(self, offset: int) -> None:
        """Bytes without a name up to `offset`."""
        if offset > self.end:
            self._pads += 1
            self.fields.append((f"__pad_{self._pads}", ct.c_ubyte * (offset - self.end)))
            self.end = offset

    def add(self, member: Member) -> bool:
        """A member, if ctypes puts it where it belongs."""
        if member.bit_size:
            self._add_bits(member)
            return True
        class_ = ctype_class(member.type)
        alignment = 1 if self.is_packed else ct.alignment(class_)
        if member.offset % alignment or member.offset < self.end:
            return False
        if align_up(self.end, alignment) != member.offset:
            self.pad_to(member.offset)
        self.fields.append((self.named(member, class_), class_))
        self.alignment = max(self.alignment, alignment)
        self.end = member.offset + ct.sizeof(class_)
        return True

    def named(self, member: Member, class_: type[Any]) -> str:
        """The member's name; one without a name lends its own to the record."""
        if member.name:
            return member.name
        name = f"__anon{len(self.anonymous)}"
        self.anonymous.append(name)
        for inner, bits in _properties(class_):
            self.properties[inner] = bits.moved(member.offset)
        return name

    def _add_bits(self, member: Member) -> None:
        if member.name:
            integer = member.type.integer if isinstance(member.type, Enumeration) else member.type
            is_signed = isinstance(integer, Integer) and integer.is_signed
            field = _BitField(member.bit_offset, member.bit_size, is_signed)
            self.properties[member.name] = field
        self.pad_to((member.bit_offset + member.bit_size + 7) // 8)

    def class_of(self, record: Record, base: type[Any]) -> type[Any]:
        """The class, whose fields are complete."""
        namespace = dict[str, Any](self.properties)
        if self.is_packed:
            namespace["_pack_"] = 1
        if self.anonymous:
            namespace["_anonymous_"] = tuple(self.anonymous)
        namespace["_fields_"] = self.fields
        return type(record.tag or f"<{record.keyword}>", (base,), namespace)


def _struct_class(record: Record) -> type[Any]:
    layout = _struct_layout(record, is_packed=False) or _struct_layout(record, is_packed=True)
    if layout is None:
        raise NoCtypesClass(record)
    return layout.class_of(record, ct.Structure)


def _struct_layout(record: Record, *, is_packed: bool) -> _Layout | None:
    """The layout; None where ctypes would have it otherwise."""
    layout = _Layout(is_packed=is_packed)
    if not all(layout.add(member) for member in record.members):
        return None
    if align_up(layout.end, layout.alignment) != record.size:
        layout.pad_to(record.size)
    return layout if align_up(layout.end, layout.alignment) == record.size else None


def _union_class(record: Record) -> type[Any]:
    layout = _Layout(is_packed=False)
    for member in record.members:
        if member.bit_size:
            layout.end = 0
            layout.add(member)
            continue
        class_ = ctype_class(member.type)
        layout.fields.append((layout.named(member, class_), class_))
        layout.alignment = max(layout.alignment, ct.alignment(class_))
    layout.is_packed = record.size % layout.alignment != 0
    largest = max((ct.sizeof(class_) for _, class_ in layout.fields), default=0)
    if align_up(largest, 1 if layout.is_packed else layout.alignment) != record.size:
        layout.end = 0
        layout.pad_to(record.size)
    return layout.class_of(record, ct.Union)


def _properties(class_: type[Any]) -> Iterator[tuple[str, _BitField]]:
    """The bit fields of a class, by name."""
    for name, value in vars(class_).items():
        if isinstance(value, _BitField):
            yield name, value
