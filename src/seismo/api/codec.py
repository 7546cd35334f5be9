"""`Codec`: between the bytes of a C type and a Python value; here scalars and arrays.

    integer, pointer    int              bool                    bool
    float, double       float            enum                    `EnumValue`, an int with a name
    char[]              bytes up to the first NUL                unsigned char[]   bytes
    other arrays        tuple            struct, union           `Record` (record.py)

A codec reads one item of the `struct` module, so that a record of many members is one call of it.
Values are snapshots and cannot be changed; what is written may be any sequence or mapping.
"""

from __future__ import annotations

import struct
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from operator import index
from typing import Any, TypeAlias

from seismo.api.errors import WrongType, WrongValue

__all__ = (
    "ArrayCodec",
    "Buffer",
    "BytesCodec",
    "Codec",
    "EnumCodec",
    "EnumValue",
    "FloatCodec",
    "IntCodec",
    "TextCodec",
)

Buffer: TypeAlias = bytes | bytearray | memoryview

_INT_ITEMS = {1: "b", 2: "h", 4: "i", 8: "q"}
_FLOAT_ITEMS = {2: "e", 4: "f", 8: "d"}


class Codec(ABC):
    """One C type: `name` as it is spelt, `size` in bytes, `item` its format for `struct`.

    `is_plain`: what `struct` gives for the item is the value already.
    """

    __slots__ = ("is_plain", "item", "name", "size")

    def __init__(self, name: str, size: int, item: str, *, is_plain: bool = False) -> None:
        self.name = name
        self.size = size
        self.item = item
        self.is_plain = is_plain

    @abstractmethod
    def value(self, item: Any) -> Any:
        """The Python value of what `struct` gave for the item."""

    @abstractmethod
    def encode(self, value: object, where: str) -> bytes:
        """The `size` bytes of a value; `WrongType`, `WrongValue` name `where` it was to go."""

    def decode(self, data: Buffer, offset: int = 0) -> Any:
        """The value at `offset` of `data`; `WrongValue` when there are too few bytes."""
        if len(data) - offset < self.size:
            raise WrongValue(f"{self.name} has {self.size} bytes, not {len(data) - offset}")
        return self.value(struct.unpack_from("=" + self.item, data, offset)[0])

    def refuse(self, value: object, where: str) -> WrongType:
        """What is raised for a value that is of no use here."""
        return WrongType(f"{where} must be {self.name}, not {type(value).__name__} {value!r:.40}")

    def __repr__(self) -> str:
        return f"<{self.name}: {self.size} bytes>"


class IntCodec(Codec):
    """Integers of any size, pointers, and bool."""

    __slots__ = ("highest", "is_bool", "lowest", "signed")

    def __init__(self, name: str, size: int, *, signed: bool, is_bool: bool = False) -> None:
        if is_bool and size == 1:
            super().__init__(name, size, "?", is_plain=True)
        elif size in _INT_ITEMS:
            item = _INT_ITEMS[size] if signed else _INT_ITEMS[size].upper()
            super().__init__(name, size, item, is_plain=not is_bool)
        else:
            super().__init__(name, size, f"{size}s")
        self.signed = signed
        self.is_bool = is_bool
        self.lowest = -(1 << (size * 8 - 1)) if signed else 0
        self.highest = (1 << (size * 8 - signed)) - 1 if not is_bool else 1

    def value(self, item: Any) -> Any:
        is_number = isinstance(item, int)
        number = item if is_number else int.from_bytes(item, sys.byteorder, signed=self.signed)
        return bool(number) if self.is_bool else number

    def encode(self, value: object, where: str) -> bytes:
        return self.number(value, where).to_bytes(self.size, sys.byteorder, signed=self.signed)

    def number(self, value: object, where: str) -> int:
        """The value as an int in the type's range."""
        try:
            number = index(value)  # type: ignore[arg-type]
        except TypeError:
            raise self.refuse(value, where) from None
        if not self.lowest <= number <= self.highest:
            bounds = f"{self.lowest} to {self.highest}"
            raise WrongValue(f"{where}: {number} does not fit {self.name} ({bounds})")
        return number


class EnumValue(int):
    """A value of a C enum: an int; `name` is its enumerator's, '' where it is none's."""

    name: str = ""

    def __repr__(self) -> str:
        return self.name or int.__repr__(self)


class EnumCodec(IntCodec):
    """An enum: enumerators are shared objects; an enumerator's name may be written, too."""

    __slots__ = ("by_name", "by_value")

    def __init__(
        self, name: str, size: int, values: Sequence[tuple[str, int]], *, signed: bool
    ) -> None:
        super().__init__(name, size, signed=signed or any(value < 0 for _, value in values))
        self.is_plain = False
        self.by_name = dict(values)
        self.by_value: dict[int, EnumValue] = {}
        for each, value in values:
            self.by_value.setdefault(value, _named(value, each))

    def value(self, item: Any) -> EnumValue:
        known = self.by_value.get(item)
        return _named(super().value(item), "") if known is None else known

    def number(self, value: object, where: str) -> int:
        if isinstance(value, str):
            if value not in self.by_name:
                raise WrongValue(f"{where}: {self.name} has no enumerator '{value}'")
            return self.by_name[value]
        return super().number(value, where)


class FloatCodec(Codec):
    """`_Float16`, `float` and `double`."""

    __slots__ = ()

    def __init__(self, name: str, size: int) -> None:
        super().__init__(name, size, _FLOAT_ITEMS[size], is_plain=True)

    def value(self, item: Any) -> Any:
        return item

    def encode(self, value: object, where: str) -> bytes:
        if not isinstance(value, int | float):
            raise self.refuse(value, where)
        try:
            return struct.pack("=" + self.item, value)
        except OverflowError:
            raise WrongValue(f"{where}: {value} does not fit {self.name}") from None


class BytesCodec(Codec):
    """So many bytes as they are: `unsigned char[N]`, and what no other codec knows."""

    __slots__ = ()

    def __init__(self, name: str, size: int) -> None:
        super().__init__(name, size, f"{size}s", is_plain=True)

    def value(self, item: Any) -> Any:
        return item

    def encode(self, value: object, where: str) -> bytes:
        """Bytes, all of them; or a sequence of integers."""
        if isinstance(value, list | tuple):
            byte = IntCodec("unsigned char", 1, signed=False)
            value = b"".join([byte.encode(one, where) for one in value])
        if not isinstance(value, bytes | bytearray | memoryview):
            raise self.refuse(value, where)
        if len(value) != self.size:
            raise WrongValue(f"{where} has {self.size} bytes, not {len(value)}")
        return bytes(value)


class TextCodec(Codec):
    """`char[N]`: bytes that end at their first NUL, if they have one."""

    __slots__ = ()

    def __init__(self, name: str, size: int) -> None:
        super().__init__(name, size, f"{size}s")

    def value(self, item: Any) -> bytes:
        text: bytes = item.partition(b"\0")[0]
        return text

    def encode(self, value: object, where: str) -> bytes:
        """Bytes or str (as UTF-8), no longer than the array, and NULs behind it."""
        if isinstance(value, str):
            value = value.encode(errors="surrogateescape")
        if not isinstance(value, bytes | bytearray | memoryview):
            raise self.refuse(value, where)
        if len(value) > self.size:
            raise WrongValue(f"{where} has room for {self.size} bytes, not {len(value)}")
        return bytes(value).ljust(self.size, b"\0")


class ArrayCodec(Codec):
    """An array of anything but characters: a tuple."""

    __slots__ = ("count", "element", "unpack")

    def __init__(self, element: Codec, count: int) -> None:
        head, bracket, tail = element.name.partition("[")
        size = element.size * count
        super().__init__(f"{head}[{count}]{bracket}{tail}", size, f"{size}s")
        self.element = element
        # Elements of no bytes (an empty struct) are as good as none.
        self.count = count if size else 0
        self.unpack = unpacker(element, self.count)

    def __reduce__(self) -> tuple[Any, ...]:
        return ArrayCodec, (self.element, self.size // (self.element.size or 1))

    def value(self, item: Any) -> tuple[Any, ...]:
        return self.unpack(item)

    def encode(self, value: object, where: str) -> bytes:
        """A sequence of as many values, or the array's bytes."""
        if isinstance(value, bytes | bytearray | memoryview):
            if len(value) != self.size:
                raise WrongValue(f"{where} has {self.size} bytes, not {len(value)}")
            return bytes(value)
        if isinstance(value, str) or not hasattr(value, "__iter__"):
            raise self.refuse(value, where)
        values = list(value)
        if len(values) != self.count:
            raise WrongValue(f"{where} has {self.count} elements, not {len(values)}")
        encode = self.element.encode
        return b"".join([encode(one, f"{where}[{at}]") for at, one in enumerate(values)])


def unpacker(element: Codec, count: int) -> Callable[[Buffer], tuple[Any, ...]]:
    """What takes `count` elements out of exactly their bytes."""
    if not count:
        return lambda data: ()
    if len(element.item) > 1:
        items = struct.Struct("=" + element.item).iter_unpack
        convert = element.value
        return lambda data: tuple([convert(item) for (item,) in items(data)])
    unpack = struct.Struct(f"={count}{element.item}").unpack
    if element.is_plain:
        return unpack
    read = element.value
    return lambda data: tuple(map(read, unpack(data)))


def _named(value: int, name: str) -> EnumValue:
    made = EnumValue(value)
    made.name = name
    return made
