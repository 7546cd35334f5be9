"""Objects of ctypes as text and back, as BCC writes keys and leaves.

>>> write_text(key)
'{ 0x1f "cat" [ 0x1 0x2 ] }'

Numbers are hexadecimal, those below zero in two's complement.
"""

from __future__ import annotations

import ctypes as ct
import re
from collections.abc import Iterator
from typing import Any

__all__ = ("read_text", "write_text")

_CHARACTERS = (ct.c_char, ct.c_ubyte, ct.c_byte)


def write_text(value: Any) -> str:
    """The text of an object."""
    match value:
        case ct.Structure() | ct.Union():
            return f"{{ {''.join(f'{write_text(one)} ' for one in _members(value))}}}"
        case ct.Array() if value._type_ in _CHARACTERS:
            return '"' + bytes(value).partition(b"\0")[0].decode(errors="replace") + '"'
        case ct.Array():
            items = (value._type_.from_buffer(value, at) for at in _places(value))
            return f"[ {''.join(f'{write_text(one)} ' for one in items)}]"
    return f"{int.from_bytes(bytes(value), 'little'):#x}"


def read_text(class_: type[Any], text: str) -> Any:
    """The object of a class that has this text, whose numbers may also be decimal or octal;
    ValueError where it is none's."""
    words = iter(re.findall(r'"[^"]*"|[^\s"]+', text))
    made = class_()
    _read(made, words)
    if (rest := next(words, "")) != "":
        raise ValueError(f"'{rest}' is left over")
    return made


def _read(into: Any, words: Iterator[str]) -> None:
    """Set an object to what the next words are."""
    match into:
        case ct.Structure() | ct.Union():
            _expect("{", words)
            for member in _members(into):
                _read(member, words)
            _expect("}", words)
        case ct.Array() if into._type_ in _CHARACTERS:
            data = next(words, "").strip('"').encode()
            size = ct.sizeof(into)
            if len(data) > size:
                raise ValueError(f"more than {size} characters")
            ct.memmove(into, data.ljust(size, b"\0"), size)
        case ct.Array():
            _expect("[", words)
            for at in _places(into):
                _read(into._type_.from_buffer(into, at), words)
            _expect("]", words)
        case _:
            size = ct.sizeof(into)
            number = int(next(words, ""), 0) & ((1 << 8 * size) - 1)
            ct.memmove(ct.addressof(into), number.to_bytes(size, "little"), size)


def _members(value: Any) -> Iterator[Any]:
    """The members of a record as objects in its memory, without padding."""
    for name, class_, *_ in value._fields_:
        if not name.startswith("__pad_"):
            yield class_.from_buffer(value, getattr(type(value), name).offset)


def _places(value: Any) -> range:
    """Where an array's items are in it."""
    return range(0, ct.sizeof(value), ct.sizeof(value._type_))


def _expect(word: str, words: Iterator[str]) -> None:
    if (found := next(words, "")) != word:
        raise ValueError(f"'{found}' where '{word}' was due")
