"""`Packing`: bytes of a map as objects of a ctypes class, and what Python has for them as bytes.

>>> Packing("counts", "key", c_uint32).pack(7)
b"\\x07\\x00\\x00\\x00"
"""

from __future__ import annotations

import ctypes as ct
from typing import Any, final

from seismo.bcc.table.errors import WrongData

__all__ = ("Packing",)

_COMPOSED = (ct.Structure, ct.Union, ct.Array)
_WIDE: tuple[type[Any], ...] = (ct.c_uint64 * 2, ct.c_int64 * 2)


@final
class Packing:
    """How the keys or the leaves (`what`) of a table travel."""

    __slots__ = ("class_", "size", "table", "unpack", "what")

    def __init__(self, table: str, what: str, class_: type[Any]) -> None:
        self.table = table
        self.what = what
        self.class_ = class_
        self.size = ct.sizeof(class_)
        self.unpack = class_.from_buffer_copy

    def pack(self, value: Any) -> bytes:
        """The bytes of an object of the class, or of what one can be made of: an object of another
        class of the same size or with zeros behind, a number for a number of any width, a number,
        bytes, str, a tuple of members, a dict of some of them. `WrongData` for anything else."""
        if isinstance(value, self.class_):
            return bytes(value)
        try:
            data = bytes(self._made_of(value))
        except (TypeError, ValueError, OverflowError):
            raise WrongData(self.table, self.what, value, self.class_) from None
        if isinstance(value, _COMPOSED) and not any(data[self.size :]):
            data = data[: self.size]
        if len(data) != self.size:
            raise WrongData(self.table, self.what, value, self.class_)
        return data

    def _made_of(self, value: Any) -> Any:
        """An object of the class, or the bytes of one; TypeError, ValueError, OverflowError."""
        match value:
            case ct._SimpleCData() if not issubclass(self.class_, _COMPOSED):
                return self.class_(value.value)
            case ct._SimpleCData() | ct.Structure() | ct.Union() | ct.Array():
                return value
            case str() | bytes() | bytearray():
                return self._of_text(value.encode() if isinstance(value, str) else bytes(value))
            case dict() if all(hasattr(self.class_, name) for name in value):
                return self.class_(**value)
            case tuple() | list():
                return self.class_(*value)
            case int() | float():
                return self._of_number(value)
        raise TypeError

    def _of_text(self, text: bytes) -> Any:
        """Characters, which may be fewer than there is room for; else all the bytes."""
        if getattr(self.class_, "_type_", None) is ct.c_char:
            return text.ljust(self.size, b"\0")
        return text

    def _of_number(self, value: float) -> Any:
        """16-byte integers are arrays of words; others are what ctypes makes of them, if all of the
        value is in it."""
        if self.class_ in _WIDE:
            return int(value).to_bytes(self.size, "little", signed=value < 0)
        if issubclass(self.class_, _COMPOSED):
            raise TypeError
        made = self.class_(value)
        if made.value != value:
            raise OverflowError
        return made
