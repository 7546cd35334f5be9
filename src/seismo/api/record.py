"""`Record`: a value of a C struct or union; `RecordCodec` makes a class of its own for each type.

>>> event = Event(pid=7, comm=b"cat")
>>> event.pid, event.comm, event["pid"], bytes(event)[:4], event._asdict()
(7, b'cat', 7, b'\\7\\0\\0\\0', {'pid': 7, 'comm': b'cat'})

A record keeps its bytes, padding too: a key that was read from a map finds its entry again. Members
that share bytes (those of a union, also an unnamed one, and bit-fields) are all there to be read.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Self, cast

from seismo.api.codec import Buffer, Codec, IntCodec, unpacker
from seismo.api.errors import UnknownName, WrongType, WrongValue
from seismo.base.dataclass import dataclass

__all__ = ("Field", "Record", "RecordCodec", "codec_of")


@dataclass(frozen=True, slots=True)
class Field:
    """A member `offset` bytes in; a bit-field begins `shift` bits into the byte there and has
    `bits` of them, anything else 0.

    `is_open` is a last member without a size of its own (`char data[]`): it takes what is left.
    """

    name: str
    offset: int
    codec: Codec
    shift: int = 0
    bits: int = 0
    is_open: bool = False

    def __reduce__(self) -> tuple[Any, ...]:
        # What is frozen cannot be filled in afterwards.
        return Field, (
            *(self.name, self.offset, self.codec),
            *(self.shift, self.bits, self.is_open),
        )

    @property
    def size(self) -> int:
        """The bytes that hold it."""
        return (self.shift + self.bits + 7) // 8 if self.bits else self.codec.size

    @property
    def item(self) -> str:
        """Its bytes for `struct`."""
        return f"{self.size}s" if self.bits else self.codec.item

    def reader(self) -> Callable[[Any], Any] | None:
        """What makes the value of the item; None where it is the value."""
        if not self.bits:
            return None if self.codec.is_plain else self.codec.value
        codec, shift, mask = cast(IntCodec, self.codec), self.shift, (1 << self.bits) - 1
        sign = 1 << (self.bits - 1) if codec.signed else 0
        is_number = codec.is_plain and not codec.is_bool
        convert: Callable[[int], Any] = int if is_number else codec.value

        def read(item: bytes) -> Any:
            number = int.from_bytes(item, sys.byteorder) >> shift & mask
            return convert((number ^ sign) - sign)

        return read

    def store(self, data: bytearray, value: object, where: str) -> None:
        """Put the value into the record's bytes."""
        end = self.offset + self.size
        if self.is_open:
            data[self.offset :] = self._open_bytes(value, where)
        elif not self.bits:
            data[self.offset : end] = self.codec.encode(value, where)
        else:
            codec = cast(IntCodec, self.codec)
            number = codec.number(value, where)
            lowest = -(1 << (self.bits - 1)) if codec.signed else 0
            if not lowest <= number < lowest + (1 << self.bits):
                raise WrongValue(f"{where}: {number} does not fit {self.bits} bits")
            mask = ((1 << self.bits) - 1) << self.shift
            word = int.from_bytes(data[self.offset : end], sys.byteorder) & ~mask
            word |= number << self.shift & mask
            data[self.offset : end] = word.to_bytes(self.size, sys.byteorder)

    def _open_bytes(self, value: object, where: str) -> bytes:
        if isinstance(value, bytes | bytearray | memoryview):
            return bytes(value)
        if not isinstance(value, list | tuple):
            raise self.codec.refuse(value, where)
        return b"".join([self.codec.encode(one, where) for one in value])


class Record:
    """A struct or union as it was: immutable, comparable, hashable; one value a member, in order.

    Made by keywords; what is not named is zeros. A member that Python cannot name is `record["…"]`.
    """

    __slots__ = ("_raw", "_values")

    _codec: RecordCodec
    _raw: bytes
    _values: tuple[Any, ...]

    def __init__(self, **members: object) -> None:
        codec = self._codec
        self._raw = codec.assembled(bytes(codec.size), members, codec.name)
        self._values = codec.values(self._raw)

    @classmethod
    def from_bytes(cls, data: Buffer) -> Self:
        """The record in these bytes, which may be more; `WrongValue` when they are too few."""
        return cast(Self, cls._codec.decode(data))

    def _asdict(self) -> dict[str, Any]:
        """The members by name."""
        return dict(zip(self._codec.names, self._values, strict=True))

    def _replace(self, **members: object) -> Self:
        """The same with other values for some members."""
        codec = self._codec
        return cast(Self, codec.decode(codec.assembled(self._raw, members, codec.name)))

    def __getattr__(self, name: str) -> Any:
        """What is no member; those that are there are found before."""
        raise UnknownName("member", name, self._codec.names, self._codec.name)

    def __getitem__(self, name: str) -> Any:
        return self._values[self._codec.position(name)]

    def __bytes__(self) -> bytes:
        return self._raw

    def __iter__(self) -> Iterator[Any]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Record):
            return NotImplemented
        one, two = self._codec, other._codec
        is_same_type = one is two or (one.name, one.names) == (two.name, two.names)
        return is_same_type and self._values == other._values

    def __hash__(self) -> int:
        return hash(self._values)

    def __reduce__(self) -> tuple[Any, ...]:
        # No module has the class: it is made again, of the codec.
        return RecordCodec.decode, (self._codec, self._raw)

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __repr__(self) -> str:
        members = zip(self._codec.names, self._values, strict=True)
        inside = ", ".join([f"{name}={value!r}" for name, value in members])
        return f"{type(self).__name__}({inside})"


class RecordCodec(Codec):
    """A struct or union; `type` is the class of its records."""

    __slots__ = ("_convert", "_layers", "_open", "_picked", "_positions", "fields", "names", "type")

    def __init__(self, name: str, size: int, fields: tuple[Field, ...]) -> None:
        super().__init__(name, size, f"{size}s")
        self.fields = fields
        self.names = tuple([one.name for one in fields])
        self._positions = {one: at for at, one in enumerate(self.names)}
        self._open = fields[-1] if fields and fields[-1].is_open else None
        closed = fields if self._open is None else fields[:-1]
        self._layers, self._picked = _layers(closed)
        readers = [(at, one.reader()) for at, one in enumerate(closed)]
        self._convert = [(at, reader) for at, reader in readers if reader is not None]
        self.type = _record_class(self)

    def __reduce__(self) -> tuple[Any, ...]:
        return RecordCodec, (self.name, self.size, self.fields)

    def position(self, name: str) -> int:
        """The number of the member called `name`."""
        try:
            return self._positions[name]
        except KeyError:
            raise UnknownName("member", name, self.names, self.name) from None

    def values(self, data: Buffer) -> tuple[Any, ...]:
        """What the members are in `data`, one after the other."""
        layers = self._layers
        if len(layers) == 1:
            values = layers[0](data)
        else:
            items = [one for unpack in layers for one in unpack(data)]
            values = tuple([items[at] for at in self._picked])
        if self._convert:
            changed = list(values)
            for at, convert in self._convert:
                changed[at] = convert(changed[at])
            values = tuple(changed)
        if self._open is not None:
            values += (_rest(self._open, data),)
        return values

    def value(self, item: Any) -> Record:
        return self.decode(item)

    def decode(self, data: Buffer, offset: int = 0) -> Record:
        size = self.size
        if len(data) - offset < size:
            raise WrongValue(f"{self.name} has {size} bytes, not {len(data) - offset}")
        raw = bytes(data[offset : offset + size] if self._open is None else data[offset:])
        record: Record = _new(self.type)
        record._raw = raw
        record._values = self.values(raw)
        return record

    def encode(self, value: object, where: str) -> bytes:
        """A record or a view of one, its bytes, a mapping by member names, or a sequence in the
        members' order."""
        codec = getattr(value, "_codec", None)
        if isinstance(codec, RecordCodec):
            if codec is not self and codec.names != self.names:
                raise self.refuse(value, where)
            value = bytes(cast(Record, value))
        if isinstance(value, bytes | bytearray | memoryview):
            if len(value) != self.size:
                raise WrongValue(f"{where}: {self.name} has {self.size} bytes, not {len(value)}")
            return bytes(value)
        if isinstance(value, tuple | list):
            if len(value) != len(self.fields):
                raise WrongValue(
                    f"{where}: {self.name} has {len(self.fields)} members, not {len(value)}"
                )
            value = dict(zip(self.names, value, strict=True))
        if not isinstance(value, Mapping):
            raise self.refuse(value, where)
        return self.assembled(bytes(self.size), value, where)

    def assembled(self, data: bytes, members: Mapping[str, object], where: str) -> bytes:
        """`data` with these members in it."""
        changed = bytearray(data)
        for name, value in members.items():
            if not isinstance(name, str):
                raise WrongType(f"{where}: a member's name must be str, not {name!r}")
            self.fields[self.position(name)].store(changed, value, f"{where}: member '{name}'")
        return bytes(changed)


def codec_of(records: type[Record]) -> RecordCodec:
    """What reads and writes such records."""
    return records._codec


_new = object.__new__


def _layers(
    fields: tuple[Field, ...],
) -> tuple[list[Callable[[Buffer], tuple[Any, ...]]], list[int]]:
    """What reads the members, each layer those that do not overlap, and which of all that the
    layers give one after the other is each member's."""
    layers: list[tuple[list[int], list[str]]] = []
    ends: list[int] = []
    for at, one in enumerate(fields):
        layer = next((each for each, end in enumerate(ends) if end <= one.offset), len(ends))
        if layer == len(ends):
            layers.append(([], []))
            ends.append(0)
        members, items = layers[layer]
        members.append(at)
        items.append(f"{one.offset - ends[layer]}x{one.item}")
        ends[layer] = one.offset + one.size
    order = [at for members, _ in layers for at in members]
    picked = sorted(range(len(order)), key=order.__getitem__)
    return [struct.Struct("=" + "".join(items)).unpack_from for _, items in layers], picked


def _rest(field: Field, data: Buffer) -> Any:
    """What an open last member holds: whole elements, as many as there are."""
    room = data[field.offset :]
    if not field.codec.size:
        return bytes(room)
    count = len(room) // field.codec.size
    return unpacker(field.codec, count)(room[: count * field.codec.size])


def _record_class(codec: RecordCodec) -> type[Record]:
    """The class of the type's records: a property for each member that Python can name."""
    namespace: dict[str, Any] = {"__slots__": (), "_codec": codec, "__doc__": codec.name}
    for at, name in enumerate(codec.names):
        # `__bool__` and the like mean something to Python.
        if not hasattr(Record, name) and not (name.startswith("__") and name.endswith("__")):
            namespace[name] = property(_getter(at))
    return type(codec.name.rpartition(" ")[2], (Record,), namespace)


def _getter(at: int) -> Callable[[Record], Any]:
    return lambda record: record._values[at]
