"""`UnwindTable`: for each instruction of a file, how its function's frame is left (`.eh_frame`).

>>> table = UnwindTable(Path("/bin/true").read_bytes())
>>> table.rule(0x1040)
FrameRule(cfa=RegisterPlus(register=7, offset=8), saved={16: AtCfa(offset=-8)}, return_register=16)

The format: Linux Standard Base 5.0, 10.6, "Exception Frames". `.eh_frame_hdr` has a sorted table;
of files without it all entries are read once. Only 64-bit little-endian files.
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Iterator
from functools import cached_property

from seismo.base.dataclass import dataclass
from seismo.base.errors import BpfError
from seismo.elf.file import Buffer, ElfFile
from seismo.elf.frame_bytes import UDATA4, UDATA8, Cursor
from seismo.elf.frame_program import Cie, FrameRule, run

__all__ = ("FrameMissing", "UnwindTable")

_SORTED_TABLE = 0x3B
"""`DW_EH_PE_datarel | DW_EH_PE_sdata4`, the one form of table that linkers write."""
_OMITTED = 0xFF
_LONG = 0xFFFF_FFFF


class FrameMissing(BpfError, LookupError):
    """The file does not tell how a frame is left at this address."""

    def __init__(self, address: int) -> None:
        super().__init__(f"no call frame information of {address:#x}")
        self.address = address


@dataclass(frozen=True, slots=True)
class _Fde:
    """What is told of one function (frame description entry)."""

    start: int
    end: int
    cie: Cie
    instructions: memoryview


@dataclass(frozen=True, slots=True)
class _Entry:
    """A CIE or FDE: what it refers to (0: it is a CIE), and where its fields are."""

    refers_to: int
    fields: int
    end: int


class UnwindTable:
    """The call frame information of a file's bytes; a file without has none for any address."""

    def __init__(self, data: Buffer, name: str = "") -> None:
        self._file = ElfFile(data, name)
        section = self._file.sections.get(".eh_frame")
        self._data = self._file.content(section) if section else memoryview(b"")
        self._base = section.address if section else 0
        self._cies: dict[int, Cie] = {}
        self._rules: dict[int, FrameRule] = {}

    def rule(self, address: int) -> FrameRule:
        """How the frame is left at an address of the file.

        Raises `FrameMissing`, and `ElfError` if what is told there is malformed. Rules are kept:
        calls are few, and stacks are of the same ones again and again.
        """
        if address not in self._rules:
            self._rules[address] = self._read_rule(address)
        return self._rules[address]

    def _read_rule(self, address: int) -> FrameRule:
        try:
            fde = self._fde(self._offset_of(address))
            if not fde.start <= address < fde.end:
                raise FrameMissing(address)
            return run(fde.cie, fde.instructions, fde.start, address)
        except (IndexError, KeyError, struct.error) as error:
            what = f"malformed call frame information of {address:#x}: {error}"
            raise self._file.error(what, 0) from error

    def _offset_of(self, address: int) -> int:
        """Where in the section the FDE is that begins at this address, or last before it."""
        index = bisect_right(self._table, address, key=lambda row: row[0]) - 1
        if index < 0:
            raise FrameMissing(address)
        return self._table[index][1]

    @cached_property
    def _table(self) -> list[tuple[int, int]]:
        """The start of each function, sorted, and where its FDE is."""
        return self._sorted_table() or sorted(self._all())

    def _sorted_table(self) -> list[tuple[int, int]]:
        header = self._file.sections.get(".eh_frame_hdr")
        data = self._file.content(header) if header and self._data else memoryview(b"")
        if header is None or len(data) < 4:
            return []
        _, frame_form, count_form, table_form = data[:4]
        if table_form != _SORTED_TABLE or _OMITTED in (frame_form, count_form):
            return []
        cursor = Cursor(data, 4, header.address)
        cursor.pointer(frame_form)
        count = cursor.pointer(count_form)
        rows = struct.iter_unpack("<ii", cursor.take(count * 8))
        shift = header.address - self._base
        return [(start + header.address, fde + shift) for start, fde in rows]

    def _all(self) -> Iterator[tuple[int, int]]:
        at = 0
        while at < len(self._data):
            entry = self._entry(at)
            if entry.fields >= entry.end:
                # A length of 0 ends what one object file brought; there may be more.
                at = max(entry.end, at + 4)
                continue
            if entry.refers_to:
                yield self._fde(at).start, at
            at = entry.end

    def _entry(self, at: int) -> _Entry:
        cursor = Cursor(self._data, at)
        size = cursor.fixed(UDATA4)
        if size == _LONG:
            size = cursor.fixed(UDATA8)
        end = cursor.at + size
        if not size:
            return _Entry(0, end, end)
        place = cursor.at
        distance = cursor.fixed(UDATA4)
        return _Entry(place - distance if distance else 0, cursor.at, end)

    def _fde(self, at: int) -> _Fde:
        entry = self._entry(at)
        cie = self._cie(entry.refers_to)
        cursor = Cursor(self._data, entry.fields, self._base)
        start = cursor.pointer(cie.address_encoding)
        size = cursor.pointer(cie.address_encoding & 0x0F)
        if cie.has_augmentation:
            cursor.take(cursor.uleb())
        return _Fde(start, start + size, cie, self._data[cursor.at : entry.end])

    def _cie(self, at: int) -> Cie:
        if at not in self._cies:
            self._cies[at] = self._read_cie(self._entry(at))
        return self._cies[at]

    def _read_cie(self, entry: _Entry) -> Cie:
        cursor = Cursor(self._data, entry.fields, self._base)
        version = cursor.u8()
        text = bytearray()
        while byte := cursor.u8():
            text.append(byte)
        code_factor, data_factor = cursor.uleb(), cursor.sleb()
        return_register = cursor.u8() if version == 1 else cursor.uleb()
        encoding, after = 0, cursor.at
        if text[:1] == b"z":
            size = cursor.uleb()
            after = cursor.at + size
            encoding = _address_encoding(text, cursor)
        return Cie(
            code_factor=code_factor,
            data_factor=data_factor,
            return_register=return_register,
            address_encoding=encoding,
            is_signal=b"S" in text,
            has_augmentation=text[:1] == b"z",
            instructions=self._data[after : entry.end],
        )


def _address_encoding(augmentation: bytearray, cursor: Cursor) -> int:
    """`R` says how addresses are encoded; before it may be what else the letters stand for."""
    for letter in augmentation[1:].decode(errors="replace"):
        match letter:
            case "R":
                return cursor.u8()
            case "L":
                cursor.u8()
            case "P":
                cursor.pointer(cursor.u8() & 0x0F)
    return 0
