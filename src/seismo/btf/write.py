"""Types to bytes: the inverse of `read`, for BTF of programs and for fixtures.

>>> data = write([Int("int", 4, IntEncoding.SIGNED), Ptr(1)])
>>> read(data) == (Int("int", 4, IntEncoding.SIGNED), Ptr(1))
True
"""

from __future__ import annotations

import struct
from collections.abc import Iterable

from seismo.base.bits import U32_MAX
from seismo.btf.errors import BtfError
from seismo.btf.layout import describe
from seismo.btf.read import MAGIC, VERSION
from seismo.btf.types import (
    Array,
    Const,
    Datasec,
    DeclTag,
    Enum,
    Enum64,
    Float,
    Func,
    FuncProto,
    Fwd,
    Int,
    Member,
    Ptr,
    Restrict,
    Struct,
    Type,
    Typedef,
    TypeTag,
    Union,
    Var,
    Void,
    Volatile,
)

__all__ = ("StringTable", "write")

_HEADER_BYTES = 24


class StringTable:
    """The string section: each string once. `start` is where a base's strings end, for split BTF.

    Line infos and relocations refer to the strings of their program's BTF: hand one table to
    `write_ext` (or `pack_line_infos`) and then to `write`.
    """

    def __init__(self, start: int = 0) -> None:
        self._start = start
        self._offsets = {"": 0}
        self._data = bytearray(b"" if start else b"\0")

    def add(self, text: str) -> int:
        """The offset of `text`, which is put in if it is new; `BtfError` if it has a NUL in it."""
        offset = self._offsets.get(text)
        if offset is None:
            offset = self._offsets[text] = self._start + len(self._data)
            if "\0" in text:
                raise BtfError(f"{text!r} has a NUL in it", offset)
            self._data += text.encode() + b"\0"
        return offset

    def __bytes__(self) -> bytes:
        return bytes(self._data)


def write(
    types: Iterable[Type], strings: StringTable | None = None, byte_order: str = "<"
) -> bytes:
    """The blob whose types are these, the first having id 1 (or the length of its base).

    `byte_order` is "<" or ">". `BtfError` when a number does not fit its field.
    """
    strings = strings or StringTable()
    records = bytearray()
    encoder = _Encoder(strings, byte_order)
    for type_ in types:
        try:
            records += encoder.record(type_)
        except struct.error as error:
            position = _HEADER_BYTES + len(records)
            raise BtfError(f"{describe(type_)} does not fit: {error}", position) from error
    texts = bytes(strings)
    sections = (0, len(records), len(records), len(texts))
    header = struct.pack(f"{byte_order}HBBIIIII", MAGIC, VERSION, 0, _HEADER_BYTES, *sections)
    return header + records + texts


class _Encoder:
    """Encodes records; `struct.error` when a number does not fit."""

    def __init__(self, strings: StringTable, byte_order: str) -> None:
        self._strings = strings
        self._order = byte_order

    def _pack(self, columns: str, *values: int) -> bytes:
        return struct.pack(self._order + columns, *values)

    def _head(self, type_: Type, value: int, count: int = 0, flag: bool = False) -> bytes:
        if count > 0xFFFF:
            raise struct.error(f"{count} members, more than 65535")
        info = flag << 31 | type_.kind << 24 | count
        return self._pack("III", self._strings.add(type_.name), info, value)

    def record(self, type_: Type) -> bytes:
        """The type's record with what follows it."""
        match type_:
            case Struct() | Union():
                return self._struct(type_)
            case Enum() | Enum64():
                return self._enum(type_)
            case Int():
                bits = type_.bits or type_.size * 8
                info = type_.encoding << 24 | type_.offset << 16 | bits
                return self._head(type_, type_.size) + self._pack("I", info)
            case Float():
                return self._head(type_, type_.size)
            case Fwd():
                return self._head(type_, 0, flag=type_.is_union)
            case Array():
                return self._head(type_, 0) + self._pack(
                    "III", type_.type, type_.index, type_.count
                )
            case FuncProto():
                return self._proto(type_)
            case Datasec():
                return self._datasec(type_)
            case Ptr() | Typedef() | Volatile() | Const() | Restrict():
                return self._head(type_, type_.type)
            case Func():
                return self._head(type_, type_.type, type_.linkage.value)
            case Var():
                return self._head(type_, type_.type) + self._pack("I", type_.linkage.value)
            case DeclTag():
                head = self._head(type_, type_.type, flag=type_.is_attribute)
                return head + self._pack("i", type_.component)
            case TypeTag():
                return self._head(type_, type_.type, flag=type_.is_attribute)
            case Void():
                raise struct.error("void is type 0 of any BTF and has no record")

    def _struct(self, type_: Struct | Union) -> bytes:
        flag = any(member.bit_size for member in type_.members)
        return self._head(type_, type_.size, len(type_.members), flag) + b"".join(
            [self._member(member, flag) for member in type_.members]
        )

    def _member(self, member: Member, flag: bool) -> bytes:
        place = member.bit_offset
        if flag:
            if place > 0xFF_FFFF or member.bit_size > 0xFF:
                raise struct.error(f"bit-field {member.name} of {member.bit_size} bits at {place}")
            place |= member.bit_size << 24
        return self._pack("III", self._strings.add(member.name), member.type, place)

    def _enum(self, type_: Enum | Enum64) -> bytes:
        head = self._head(type_, type_.size, len(type_.values), type_.signed)
        encode = self._value64 if isinstance(type_, Enum64) else self._value32
        return head + b"".join(
            [
                self._pack("I", self._strings.add(one.name)) + encode(one.value, type_.signed)
                for one in type_.values
            ]
        )

    def _value32(self, value: int, signed: bool) -> bytes:
        return self._pack("i" if signed else "I", value)

    def _value64(self, value: int, signed: bool) -> bytes:
        """The low word stands first, whatever the byte order."""
        (pattern,) = struct.unpack("Q", struct.pack("q" if signed else "Q", value))
        return self._pack("II", pattern & U32_MAX, pattern >> 32)

    def _proto(self, type_: FuncProto) -> bytes:
        return self._head(type_, type_.returns, len(type_.params)) + b"".join(
            [self._pack("II", self._strings.add(one.name), one.type) for one in type_.params]
        )

    def _datasec(self, type_: Datasec) -> bytes:
        return self._head(type_, type_.size, len(type_.variables)) + b"".join(
            [self._pack("III", one.type, one.offset, one.size) for one in type_.variables]
        )
