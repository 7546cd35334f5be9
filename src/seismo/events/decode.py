"""Ring-buffer records and map entries to values: one `struct` format per layout, compiled once.

>>> decode = layout_decoder(Layout.of("opened", [("fd", S32), ("path", Text(8))]))
>>> decode(b"\\x03\\0\\0\\0/etc\\0\\0\\0\\0")
(3, '/etc')
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeAlias, assert_never

from seismo.base.bits import to_signed, truncate
from seismo.base.dataclass import dataclass
from seismo.base.errors import FormatError
from seismo.base.layout import (
    BYTE_ORDER,
    Array,
    Blob,
    Buffer,
    Field,
    FieldType,
    Int,
    Layout,
    Symbolic,
    Text,
)
from seismo.events.kinds import EventLayout
from seismo.events.stack import HEADER_BYTES, SAMPLE_HEADER_BYTES, SAMPLED_STACK, is_cuttable
from seismo.events.symbolic import RAW, Resolver, symbolic_text
from seismo.events.value import Value

__all__ = (
    "PLAIN",
    "Decode",
    "DecodeError",
    "Reading",
    "decoder",
    "layout_decoder",
    "value_decoder",
)


@dataclass(frozen=True, slots=True)
class Reading:
    """What decoding adds to bytes.

    `trailer` ends a string that filled its buffer without a NUL, for the rest of it was cut;
    `resolver` puts symbolic values into words.
    """

    trailer: str = ".."
    resolver: Resolver = RAW


PLAIN = Reading()

Decode: TypeAlias = Callable[[bytes | memoryview], tuple[Any, ...]]
_Refine: TypeAlias = Callable[[Any], Any]
_Take: TypeAlias = Callable[[Iterator[Any]], Any]

# A buffer begins with a u32: how many of its bytes matter.
_COUNT_BYTES = 4
_INT_CODES = {1: "b", 2: "h", 4: "i", 8: "q"}


class DecodeError(FormatError):
    """Bytes that no layout can have made: too few, or of an unknown event."""


def decoder(event: EventLayout, reading: Reading = PLAIN) -> Decode:
    """What turns a record of this event into its arguments, in order.

    A record that ends in a string, a buffer or a stack may be sent only as far as that goes: what
    is missing is zero. The result raises DecodeError for a record that is shorter still; longer
    ones are fine.
    """
    fields, layout = event.arguments, event.layout
    decode = _compile(fields, layout, reading)
    needed = _least_bytes(fields[-1].type) if fields else 0
    if not needed:
        return decode
    size, shortest = layout.size, fields[-1].offset + needed

    def decode_cut(record: bytes | memoryview) -> tuple[Any, ...]:
        length = len(record)
        if shortest <= length < size:
            record = bytes(record).ljust(size, b"\0")
        return decode(record)

    return decode_cut


def _least_bytes(last: FieldType) -> int:
    """How much there always is of a value that ends a record; 0 for all of it."""
    match last:
        case Text():
            return 1
        case Buffer():
            return _COUNT_BYTES
        case Symbolic() if is_cuttable(last):
            return SAMPLE_HEADER_BYTES if last.kind == SAMPLED_STACK else HEADER_BYTES
        case _:
            return 0


def layout_decoder(layout: Layout, reading: Reading = PLAIN) -> Decode:
    """What turns a layout's bytes into the values of its fields, in order."""
    return _compile(layout.fields, layout, reading)


def value_decoder(
    type_: FieldType, reading: Reading = PLAIN
) -> Callable[[bytes | memoryview], Value]:
    """What turns the bytes of one value into it."""
    decode = layout_decoder(Layout.of(str(type_), [("value", type_)]), reading)
    return lambda data: decode(data)[0]


def _compile(fields: Sequence[Field], layout: Layout, reading: Reading) -> Decode:
    shape = struct.Struct("=" + _codes_of_fields(fields, layout.size))
    unpack_from = shape.unpack_from

    def unpack(data: bytes | memoryview) -> tuple[Any, ...]:
        if len(data) < shape.size:
            what = f"{layout.name} takes {shape.size} bytes, but these are {len(data)}"
            raise DecodeError(what, len(data))
        return unpack_from(data)

    if any(isinstance(field.type, Array | Layout) for field in fields):
        return _assembled(unpack, fields, reading)
    refined = [
        (at, refine)
        for at, field in enumerate(fields)
        if (refine := _refine(field.type, reading)) is not None
    ]
    return _refined(unpack, refined) if refined else unpack


def _refined(unpack: Decode, refined: Sequence[tuple[int, _Refine]]) -> Decode:
    """Most events: every leaf is a field, and some become something else."""

    def decode(data: bytes | memoryview) -> tuple[Any, ...]:
        values = list(unpack(data))
        for at, refine in refined:
            values[at] = refine(values[at])
        return tuple(values)

    return decode


def _assembled(unpack: Decode, fields: Sequence[Field], reading: Reading) -> Decode:
    """Arrays and structs take as many leaves as they have."""
    takes = [_take(field.type, reading) for field in fields]

    def decode(data: bytes | memoryview) -> tuple[Any, ...]:
        leaves = iter(unpack(data))
        return tuple([take(leaves) for take in takes])

    return decode


def _codes_of_fields(fields: Sequence[Field], size: int) -> str:
    """The codes of fields and of all that lies before, between and after them."""
    codes, end = "", 0
    for field in fields:
        codes += f"{field.offset - end}x{_codes(field.type)}"
        end = field.end
    return f"{codes}{size - end}x"


def _codes(type_: FieldType) -> str:
    match type_:
        case Int():
            code = _INT_CODES[type_.size]
            return code if type_.signed else code.upper()
        case Text() | Blob() | Buffer() | Symbolic():
            return f"{type_.size}s"
        case Array():
            return _codes(type_.element) * type_.count
        case Layout() if _is_scattered(type_):
            return f"{type_.size}s"
        case Layout():
            return _codes_of_fields(type_.fields, type_.size)
        case _:
            assert_never(type_)


def _is_scattered(layout: Layout) -> bool:
    """Whether members overlap, as in a union, or are bit fields: they are not read in one go."""
    end = 0
    for field in layout.fields:
        if field.bit_size or field.offset < end:
            return True
        end = field.end
    return False


def _refine(type_: FieldType, reading: Reading) -> _Refine | None:
    """What makes a value of an unpacked leaf; None where the leaf is the value."""
    match type_:
        case Text():
            return _text_refiner(reading.trailer)
        case Int(shown="bool"):
            return bool
        case Buffer(shown="words"):
            return _words
        case Buffer():
            return _buffer
        case Symbolic():
            return symbolic_text(type_, reading.resolver)
        case _:
            return None


def _take(type_: FieldType, reading: Reading) -> _Take:
    """What takes one value from the unpacked leaves; `next` itself where the leaf is the value."""
    match type_:
        case Array(element, count):
            take = _take(element, reading)
            if take is next:
                return lambda leaves: tuple(islice(leaves, count))
            return lambda leaves: tuple([take(leaves) for _ in range(count)])
        case Layout() if _is_scattered(type_):
            collect = _collect(type_, reading)
            return lambda leaves: collect(next(leaves))
        case Layout():
            return _take_layout(type_, reading)
        case _:
            refine = _refine(type_, reading)
            return (lambda leaves: refine(next(leaves))) if refine else next


def _take_layout(layout: Layout, reading: Reading) -> _Take:
    takes = [_take(field.type, reading) for field in layout.fields]
    if layout.kind == "tuple":
        return lambda leaves: tuple([take(leaves) for take in takes])
    members = [(field.name, take) for field, take in zip(layout.fields, takes, strict=True)]
    return lambda leaves: {name: take(leaves) for name, take in members}


def _collect(layout: Layout, reading: Reading) -> _Refine:
    """What reads the members of a struct one by one."""
    members = [(field, value_decoder(field.type, reading)) for field in layout.fields]

    def collect(data: bytes) -> dict[str, Value]:
        return {
            field.name: _bits(decode(data[field.offset :]), field)
            if field.bit_size
            else decode(data[field.offset :])
            for field, decode in members
        }

    return collect


def _bits(value: Any, field: Field) -> Value:
    """The bits of a bit field in the integer around it."""
    bits = int(value) >> field.bit_offset
    is_signed = isinstance(field.type, Int) and field.type.signed
    found = to_signed(bits, field.bit_size) if is_signed else truncate(bits, field.bit_size)
    return bool(found) if isinstance(value, bool) else found


def _text_refiner(trailer: str) -> Callable[[bytes], str]:
    def refine(data: bytes) -> str:
        head, nul, _ = data.partition(b"\0")
        text = head.decode("utf-8", "surrogateescape")
        return text if nul else text + trailer

    return refine


def _buffer(data: bytes) -> bytes:
    count = int.from_bytes(data[:_COUNT_BYTES], BYTE_ORDER)
    return data[_COUNT_BYTES : _COUNT_BYTES + count]


def _words(data: bytes) -> tuple[str, ...]:
    """What was cut has no NUL behind it."""
    content = _buffer(data)
    words = content.removesuffix(b"\0").split(b"\0") if content else ()
    return tuple([word.decode("utf-8", "surrogateescape") for word in words])
