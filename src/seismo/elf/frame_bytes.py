"""`Cursor`: reading the numbers that call frame information consists of, one after another."""

from __future__ import annotations

import struct

__all__ = ("UDATA2", "UDATA4", "UDATA8", "Cursor")

UDATA2, UDATA4, UDATA8 = 0x02, 0x03, 0x04
"""`DW_EH_PE_udata*`: forms of unsigned numbers of that many bytes."""

_FIXED = {
    0x00: struct.Struct("<Q"),
    UDATA2: struct.Struct("<H"),
    UDATA4: struct.Struct("<I"),
    UDATA8: struct.Struct("<Q"),
    0x0A: struct.Struct("<h"),
    0x0B: struct.Struct("<i"),
    0x0C: struct.Struct("<q"),
}
"""`DW_EH_PE_*`: the forms of a pointer that have a size: absolute, unsigned, and signed ones."""
_ULEB128, _SLEB128 = 0x01, 0x09
_RELATIVE_TO_ITSELF = 0x10


class Cursor:
    """A place in `data`, which has the address `base`. Raises `IndexError`, `struct.error`."""

    def __init__(self, data: memoryview, at: int, base: int = 0) -> None:
        self.data = data
        self.at = at
        self._base = base

    def fixed(self, form: int) -> int:
        """A number of one of the forms of `DW_EH_PE_*` that have a size."""
        layout = _FIXED[form]
        (value,) = layout.unpack_from(self.data, self.at)
        self.at += layout.size
        return int(value)

    def u8(self) -> int:
        """One byte."""
        self.at += 1
        return self.data[self.at - 1]

    def uleb(self) -> int:
        """An unsigned number, seven bits a byte, the lowest first (DWARF 5, 7.6)."""
        value = shift = 0
        while True:
            byte = self.u8()
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    def sleb(self) -> int:
        """A signed number: its sign is bit 6 of the last byte."""
        start = self.at
        value = self.uleb()
        bits = 7 * (self.at - start)
        return value - (1 << bits) if value >> (bits - 1) else value

    def pointer(self, encoding: int) -> int:
        """An address, as an encoding of `DW_EH_PE_*` has it: relative to itself, or absolute."""
        place = self._base + self.at
        form = encoding & 0x0F
        if form == _ULEB128:
            value = self.uleb()
        elif form == _SLEB128:
            value = self.sleb()
        else:
            value = self.fixed(form)
        return value + place if encoding & 0x70 == _RELATIVE_TO_ITSELF else value

    def take(self, size: int) -> memoryview:
        """The next bytes; less of them at the end of the data."""
        self.at += size
        return self.data[self.at - size : self.at]
