"""Bytes to types, one type at a time.

A `Reader` checks the header when it is made and a record when it is asked for it, so opening the
126,000 types of a kernel costs no more than finding where each begins. Both byte orders are read.

>>> reader = Reader(data)
>>> [reader.type(id) for id in reader.ids]

A blob (`include/uapi/linux/btf.h`) is a header, the type records and the strings. A record is
three words and what its kind adds; ids count the records from 1. *Split* BTF (a module's) goes on
counting where its base ends, ids and string offsets alike.

Nothing here trusts the bytes: every offset, id and count is checked before its use.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterator, Sequence

from seismo.base.bits import to_signed
from seismo.base.dataclass import dataclass
from seismo.btf.errors import BtfError
from seismo.btf.types import (
    Array,
    Const,
    Datasec,
    DeclTag,
    Enum,
    Enum64,
    Enumerator,
    Float,
    Func,
    FuncLinkage,
    FuncProto,
    Fwd,
    Int,
    IntEncoding,
    Kind,
    Member,
    Param,
    Placement,
    Ptr,
    Restrict,
    Struct,
    Type,
    Typedef,
    TypeTag,
    Union,
    Var,
    VarLinkage,
    Void,
    Volatile,
)

__all__ = (
    "ELEMENT_BYTES",
    "MAGIC",
    "MAX_BYTES",
    "MAX_NAME_BYTES",
    "VERSION",
    "Header",
    "Reader",
    "Record",
    "parse_header",
    "read",
)

MAGIC = 0xEB9F
VERSION = 1

RECORD_BYTES = 12
"""`struct btf_type`: name offset; info = kind_flag:1 _:2 kind:5 _:8 vlen:16; size or type."""

FIXED_BYTES = {Kind.INT: 4, Kind.ARRAY: 12, Kind.VAR: 4, Kind.DECL_TAG: 4}
"""What follows the record, once."""

ELEMENT_BYTES = {
    Kind.STRUCT: 12,
    Kind.UNION: 12,
    Kind.ENUM: 8,
    Kind.FUNC_PROTO: 8,
    Kind.DATASEC: 12,
    Kind.ENUM64: 12,
}
"""What follows the record, `vlen` times."""

MAX_BYTES = 1 << 28
"""Larger blobs are refused; a kernel's has 5 to 10 MB."""

MAX_NAME_BYTES = 1024
"""Longer names are refused, lest a small blob unfold to gigabytes; the kernel's limit is 512."""

_LONG_NAME = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """`struct btf_header`, its section offsets counted from the start of the blob."""

    byte_order: str
    types_start: int
    types_end: int
    strings_start: int
    strings_end: int


def parse_header(data: bytes) -> Header:
    """The header of a blob; `BtfError` unless both sections lie inside it."""
    if len(data) < 24:
        raise BtfError(f"{len(data)} bytes are no BTF: its header alone has 24", 0)
    if len(data) > MAX_BYTES:
        raise BtfError(f"{len(data)} bytes of BTF; {MAX_BYTES} at most are read", MAX_BYTES)
    byte_order = {b"\x9f\xeb": "<", b"\xeb\x9f": ">"}.get(data[:2])
    if byte_order is None:
        raise BtfError(f"no BTF: it begins with {data[:2].hex()}, not with eb9f", 0)
    version, _flags, header_bytes, *sections = struct.unpack_from(f"{byte_order}BBIIIII", data, 2)
    if version != VERSION:
        raise BtfError(f"BTF version {version}; only version 1 is known", 2)
    if header_bytes < 24:
        raise BtfError(f"a header of {header_bytes} bytes; it has at least 24", 4)
    types_offset, types_bytes, strings_offset, strings_bytes = sections
    header = Header(
        byte_order=byte_order,
        types_start=header_bytes + types_offset,
        types_end=header_bytes + types_offset + types_bytes,
        strings_start=header_bytes + strings_offset,
        strings_end=header_bytes + strings_offset + strings_bytes,
    )
    if header.types_end > len(data):
        raise BtfError(f"types end at {header.types_end:#x}, beyond the {len(data):#x} bytes", 8)
    if header.strings_end > len(data):
        end = header.strings_end
        raise BtfError(f"strings end at {end:#x}, beyond the {len(data):#x} bytes", 16)
    if types_offset % 4:
        raise BtfError(f"type section at {types_offset:#x}; it must be aligned to 4", 8)
    return header


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """The three words of `struct btf_type`; `value` is a size or a type id, as the kind has it."""

    position: int
    name_offset: int
    kind: Kind
    flag: bool
    count: int
    value: int

    @property
    def rest(self) -> int:
        """Where what the kind adds begins."""
        return self.position + RECORD_BYTES


class Reader:
    """Decodes the types of one blob; `base` is what split BTF continues."""

    def __init__(
        self, data: bytes, base: Reader | None = None, positions: Sequence[int] | None = None
    ) -> None:
        """Check the header and find the records, unless an index knows their `positions`."""
        self.data = data
        self.base = base
        self.header = parse_header(data)
        self.first_id = len(base) if base else 1
        self.first_string: int = base.string_bytes if base else 0
        self._check_strings()
        self._long_names: dict[int, str] = {}
        self._excerpts: dict[int, str] = {}
        self._left_of_texts = 2 * self.string_bytes
        self._record = struct.Struct(f"{self.header.byte_order}III")
        self.positions = self._scan() if positions is None else positions

    def __repr__(self) -> str:
        return f"Reader({len(self.data)} bytes, ids {self.first_id} to {len(self) - 1})"

    def __len__(self) -> int:
        """How many ids there are, `void` and the base's included: the first one not in use."""
        return self.first_id + len(self.positions)

    @property
    def ids(self) -> range:
        """The ids of this blob alone."""
        return range(self.first_id, len(self))

    @property
    def string_bytes(self) -> int:
        """The size of the string sections, the base's included: the first offset not in use."""
        return self.first_string + self.header.strings_end - self.header.strings_start

    def _check_strings(self) -> None:
        start, end = self.header.strings_start, self.header.strings_end
        if start == end and self.base:
            return
        if start == end or self.data[end - 1]:
            raise BtfError("the string section does not end with a NUL", end)
        if not self.base and self.data[start]:
            raise BtfError("the string section does not begin with the empty string", start)

    def _scan(self) -> array[int]:
        """Where each record begins. The loop runs per type of a kernel, hence the bare tables."""
        bytes_once = [RECORD_BYTES + FIXED_BYTES.get(kind, 0) for kind in Kind]
        bytes_each = [ELEMENT_BYTES.get(kind, 0) for kind in Kind]
        bytes_once[Kind.VOID] = 0
        unpack_info = struct.Struct(f"{self.header.byte_order}I").unpack_from
        data, position, end = self.data, self.header.types_start, self.header.types_end
        positions = array("I")
        append = positions.append
        try:
            while position < end:
                append(position)
                (info,) = unpack_info(data, position + 4)
                kind = info >> 24 & 0x1F
                position += bytes_once[kind] + bytes_each[kind] * (info & 0xFFFF)
                if not kind:
                    raise BtfError("type of kind 0, which is void's and never recorded", position)
        except IndexError:
            raise BtfError(f"type of kind {kind}; the last one known is 19", position) from None
        except struct.error:
            raise BtfError("the type section ends inside a record", position) from None
        if position > end:
            raise BtfError("the type section ends inside a record", positions[-1])
        return positions

    def position(self, id: int) -> int:
        """The offset of a type's record in the blob that holds it; 0 for void, which has none."""
        if self.base and id < self.first_id:
            return self.base.position(id)
        return self.positions[id - self.first_id] if 0 < id < len(self) else 0

    def record(self, id: int) -> Record:
        """The record of a type of this blob, which must not be void."""
        if id not in self.ids:
            raise BtfError(f"no type {id}; ids end before {len(self)}", self.header.types_start)
        position = self.positions[id - self.first_id]
        name_offset, info, value = self._record.unpack_from(self.data, position)
        return Record(
            position=position,
            name_offset=name_offset,
            kind=Kind(info >> 24 & 0x1F),
            flag=bool(info >> 31),
            count=info & 0xFFFF,
            value=value,
        )

    def _text(self, offset: int) -> tuple[bytes, int]:
        """The blob that holds the string at `offset`, and where in it the string begins."""
        if self.base and offset < self.first_string:
            return self.base._text(offset)
        start = self.header.strings_start + offset - self.first_string
        if not self.header.strings_start <= start < self.header.strings_end:
            raise BtfError(f"no string at {offset:#x}", self.header.strings_start)
        return self.data, start

    def raw_string(self, offset: int) -> bytes:
        """The string at `offset`, counted through the base's strings."""
        data, start = self._text(offset)
        end = data.find(0, start, start + MAX_NAME_BYTES + 1)
        if end < 0:
            raise BtfError(f"a name of more than {MAX_NAME_BYTES} bytes", start)
        return data[start:end]

    def string(self, offset: int) -> str:
        """The string at `offset`, which must be UTF-8."""
        known = self._long_names.get(offset)
        if known is not None:
            return known
        try:
            name = self.raw_string(offset).decode()
        except UnicodeDecodeError as error:
            _, start = self._text(offset)
            raise BtfError(f"a name that is no UTF-8: {error.reason}", start) from error
        if len(name) >= _LONG_NAME:
            self._keep(self._long_names, offset, name)
        return name

    def _keep(self, texts: dict[int, str], offset: int, text: str) -> None:
        """Have a long text once: hostile BTF has it, or as many ends of it, in a million places."""
        self._left_of_texts -= len(text)
        if self._left_of_texts < 0:
            raise BtfError("strings that are other strings' ends", self.header.strings_start)
        texts[offset] = text

    def excerpt(self, offset: int) -> str:
        """The text at `offset`, such as a source line, cut where a name would be too long."""
        known = self._excerpts.get(offset)
        if known is None:
            data, start = self._text(offset)
            text = data[start : start + MAX_NAME_BYTES].partition(b"\0")[0]
            self._keep(self._excerpts, offset, text.decode(errors="replace"))
            known = self._excerpts[offset]
        return known

    def strings_with(self, part: bytes) -> Iterator[str]:
        """The whole strings of this blob that contain `part`; none that is too long for a name."""
        start, end = self.header.strings_start, self.header.strings_end
        find, rfind = self.data.find, self.data.rfind
        at = find(part, start, end)
        while at >= 0:
            first = rfind(b"\0", start, at) + 1
            last = find(b"\0", at, end)
            if last - first <= MAX_NAME_BYTES:
                yield self.data[first:last].decode(errors="replace")
            at = find(part, last, end)

    def raw_name(self, id: int) -> bytes:
        """The name of a type of this blob; empty when it has none."""
        (name_offset,) = self._u32s(self.record(id).position, 1)
        return self.raw_string(name_offset)

    def names(self) -> Iterator[tuple[int, int, bytes]]:
        """Id, kind and name of each type of this blob; no more is decoded, for it runs per type."""
        data, find = self.data, self.data.find
        unpack = struct.Struct(f"{self.header.byte_order}II").unpack_from
        start, end = self.header.strings_start, self.header.strings_end
        shift = start - self.first_string
        for id, position in enumerate(self.positions, self.first_id):
            name_offset, info = unpack(data, position)
            at = name_offset + shift
            stop = find(0, at, at + MAX_NAME_BYTES) if start <= at < end else -1
            # Rare: a name of the base's, or one that `raw_string` refuses with a reason.
            name = data[at:stop] if stop >= 0 else self.raw_string(name_offset)
            yield id, info >> 24 & 0x1F, name

    def raw_enumerators(self, id: int) -> Iterator[bytes]:
        """The names of the enumerators of an enum of this blob."""
        record = self.record(id)
        columns = "II" if record.kind is Kind.ENUM else "III"
        for name_offset, *_ in self._rows(record, columns):
            yield self.raw_string(name_offset)

    def _u32s(self, position: int, count: int) -> tuple[int, ...]:
        return struct.unpack_from(f"{self.header.byte_order}{count}I", self.data, position)

    def _rows(self, record: Record, columns: str) -> Iterator[tuple[int, ...]]:
        """What follows a record, row by row; `_scan` made sure that it is all there."""
        layout = struct.Struct(self.header.byte_order + columns)
        end = record.rest + layout.size * record.count
        return layout.iter_unpack(self.data[record.rest : end])

    def _checked(self, id: int, position: int) -> int:
        if id >= len(self):
            raise BtfError(f"reference to type {id}; ids end before {len(self)}", position)
        return id

    def type(self, id: int) -> Type:
        """The type with this id, in this blob or its base."""
        if id == 0:
            return Void()
        if self.base and id < self.first_id:
            return self.base.type(id)
        record = self.record(id)
        name = self.string(record.name_offset)
        match record.kind:
            case Kind.STRUCT:
                return Struct(name, record.value, self._members(record))
            case Kind.UNION:
                return Union(name, record.value, self._members(record))
            case Kind.ENUM | Kind.ENUM64 if record.value not in (1, 2, 4, 8):
                raise BtfError(f"enum '{name}' of {record.value} bytes", record.position)
            case Kind.FLOAT if record.value not in (2, 4, 8, 12, 16):
                raise BtfError(f"float '{name}' of {record.value} bytes", record.position)
            case Kind.ENUM:
                return Enum(name, record.value, self._enumerators(record), record.flag)
            case Kind.ENUM64:
                return Enum64(name, record.value, self._enumerators64(record), record.flag)
            case Kind.INT:
                return self._int(record, name)
            case Kind.ARRAY:
                return self._array(record)
            case Kind.FLOAT:
                return Float(name, record.value)
            case Kind.FWD:
                return Fwd(name, record.flag)
            case Kind.DATASEC:
                return Datasec(name, record.value, self._variables(record))
            case _:
                return self._reference(record, name)

    def _reference(self, record: Record, name: str) -> Type:
        """A type of a kind whose record ends in a type id."""
        target = self._checked(record.value, record.position)
        match record.kind:
            case Kind.PTR:
                return Ptr(target)
            case Kind.TYPEDEF:
                return Typedef(name, target)
            case Kind.VOLATILE:
                return Volatile(target)
            case Kind.CONST:
                return Const(target)
            case Kind.RESTRICT:
                return Restrict(target)
            case Kind.FUNC:
                return Func(name, target, self._func_linkage(record))
            case Kind.FUNC_PROTO:
                return FuncProto(target, self._params(record))
            case Kind.VAR:
                return Var(name, target, self._var_linkage(record))
            case Kind.DECL_TAG:
                (component,) = self._u32s(record.rest, 1)
                return DeclTag(name, target, to_signed(component, 32), record.flag)
            case Kind.TYPE_TAG:
                return TypeTag(name, target, record.flag)
            case _:
                raise AssertionError(record.kind)

    def _int(self, record: Record, name: str) -> Int:
        (info,) = self._u32s(record.rest, 1)
        encoding, offset, bits = info >> 24 & 0xF, info >> 16 & 0xFF, info & 0xFF
        if record.value > 16 or not 0 < offset + bits <= record.value * 8:
            raise BtfError(
                f"integer of bits {offset} to {offset + bits} in {record.value} bytes", record.rest
            )
        narrower = bits if bits < record.value * 8 else 0
        return Int(name, record.value, IntEncoding(encoding), narrower, offset)

    def _array(self, record: Record) -> Array:
        element, index, count = self._u32s(record.rest, 3)
        return Array(
            self._checked(element, record.rest), self._checked(index, record.rest + 4), count
        )

    def _members(self, record: Record) -> tuple[Member, ...]:
        members = []
        for name_offset, type_, place in self._rows(record, "III"):
            # With kind_flag a bit-field's size shares the word with its offset (Linux 5.0).
            size, offset = (place >> 24, place & 0xFFFFFF) if record.flag else (0, place)
            self._checked(type_, record.position)
            members.append(Member(self.string(name_offset), type_, offset, size))
        return tuple(members)

    def _enumerators(self, record: Record) -> tuple[Enumerator, ...]:
        return tuple(
            [
                Enumerator(self.string(name_offset), value)
                for name_offset, value in self._rows(record, "Ii" if record.flag else "II")
            ]
        )

    def _enumerators64(self, record: Record) -> tuple[Enumerator, ...]:
        values = []
        for name_offset, low, high in self._rows(record, "III"):
            value = high << 32 | low
            values.append(
                Enumerator(self.string(name_offset), to_signed(value, 64) if record.flag else value)
            )
        return tuple(values)

    def _params(self, record: Record) -> tuple[Param, ...]:
        return tuple(
            [
                Param(self.string(name_offset), self._checked(type_, record.position))
                for name_offset, type_ in self._rows(record, "II")
            ]
        )

    def _variables(self, record: Record) -> tuple[Placement, ...]:
        return tuple(
            [
                Placement(self._checked(type_, record.position), offset, size)
                for type_, offset, size in self._rows(record, "III")
            ]
        )

    def _func_linkage(self, record: Record) -> FuncLinkage:
        """A function's linkage stands where other kinds count what follows them (Linux 5.6)."""
        if record.count > 2:
            raise BtfError(f"function linkage {record.count}; 2 is the last", record.position)
        return FuncLinkage(record.count)

    def _var_linkage(self, record: Record) -> VarLinkage:
        (linkage,) = self._u32s(record.rest, 1)
        if linkage > 2:
            raise BtfError(f"variable linkage {linkage}; 2 is the last", record.rest)
        return VarLinkage(linkage)


def read(data: bytes, base: Reader | None = None) -> tuple[Type, ...]:
    """Every type of a blob, in the order of ids; the first one's id is 1 (or the base's length)."""
    reader = Reader(data, base)
    return tuple([reader.type(id) for id in reader.ids])
