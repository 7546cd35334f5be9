"""`.BTF.ext`: which type, source line and relocation belongs to which instruction.

An ELF object carries this section beside `.BTF`, whose strings it uses; the kernel takes function
and line infos as plain arrays (`pack_func_infos`, `pack_line_infos`), relocations are for the
loader. Formats: `struct btf_ext_header`, `bpf_func_info`, `bpf_line_info`, `bpf_core_relo`.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping

from seismo.base.dataclass import dataclass, field
from seismo.btf.errors import BtfError
from seismo.btf.read import MAGIC, VERSION, Reader
from seismo.btf.write import StringTable

__all__ = (
    "FUNC_INFO_BYTES",
    "LINE_INFO_BYTES",
    "BtfExt",
    "CoreRelo",
    "FuncInfo",
    "LineInfo",
    "pack_func_infos",
    "pack_line_infos",
    "read_ext",
    "write_ext",
)

FUNC_INFO_BYTES = 8
LINE_INFO_BYTES = 16
_CORE_RELO_BYTES = 16
_MAX_LINE = (1 << 22) - 1
_MAX_COLUMN = (1 << 10) - 1
_HEADER_BYTES = 32
_HEADER_BYTES_WITHOUT_CORE = 24


@dataclass(frozen=True, slots=True)
class FuncInfo:
    """The `Func` with id `type` begins at `instruction`. Since Linux 5.0.

    In a file `instruction` counts bytes of its section, for the kernel instructions of 8 bytes.
    """

    instruction: int
    type: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LineInfo:
    """What follows from `instruction` on comes from this line (`text`, cut at 1 KiB). Linux 5.0.

    The kernel has 22 bits for `line` and 10 for `column`: more is written as the most there is.
    """

    instruction: int
    file: str
    text: str
    line: int
    column: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CoreRelo:
    """The field or type that the instruction depends on; `kind` is `enum bpf_core_relo_kind`.

    `access` leads from `type` to it by indices, such as `0:3:1`.
    """

    instruction: int
    type: int
    access: str
    kind: int


@dataclass(frozen=True, slots=True)
class BtfExt:
    """The section's records, each by the name of the ELF section that holds the instructions."""

    func_infos: Mapping[str, tuple[FuncInfo, ...]] = field(default_factory=dict)
    line_infos: Mapping[str, tuple[LineInfo, ...]] = field(default_factory=dict)
    core_relos: Mapping[str, tuple[CoreRelo, ...]] = field(default_factory=dict)


def read_ext(data: bytes, reader: Reader) -> BtfExt:
    """Read a `.BTF.ext` section; `reader` is that of the `.BTF` beside it. `BtfError` if bad."""
    order = reader.header.byte_order
    if len(data) < _HEADER_BYTES_WITHOUT_CORE:
        raise BtfError(f"{len(data)} bytes are no .BTF.ext: its header has 24 at least", 0)
    magic, version, _flags, header_bytes, *parts = struct.unpack_from(f"{order}HBBIIIII", data)
    if (magic, version) != (MAGIC, VERSION):
        raise BtfError(f"no .BTF.ext in the byte order of .BTF: {data[:4].hex()}", 0)
    if not _HEADER_BYTES_WITHOUT_CORE <= header_bytes <= len(data):
        raise BtfError(f"a header of {header_bytes} bytes in {len(data)}", 4)
    if header_bytes >= _HEADER_BYTES:
        parts += struct.unpack_from(f"{order}II", data, _HEADER_BYTES_WITHOUT_CORE)
    else:
        parts += (0, 0)
    func, line, core = (
        _Part(data, reader, header_bytes + offset, size)
        for offset, size in zip(parts[::2], parts[1::2], strict=True)
    )
    return BtfExt(
        {name: tuple([FuncInfo(*row) for row in rows]) for name, rows in func.rows("II")},
        {name: tuple([_line(reader, row) for row in rows]) for name, rows in line.rows("IIII")},
        {name: tuple([_relo(reader, row) for row in rows]) for name, rows in core.rows("IIII")},
    )


def _line(reader: Reader, row: tuple[int, ...]) -> LineInfo:
    instruction, file, text, place = row
    return LineInfo(
        instruction=instruction,
        file=reader.string(file),
        text=reader.excerpt(text),
        line=place >> 10,
        column=place & _MAX_COLUMN,
    )


def _relo(reader: Reader, row: tuple[int, ...]) -> CoreRelo:
    instruction, type_, access, kind = row
    return CoreRelo(instruction=instruction, type=type_, access=reader.string(access), kind=kind)


@dataclass(frozen=True, slots=True)
class _Part:
    """One of the three kinds of records: their size, then per ELF section a name, a count, rows."""

    data: bytes
    reader: Reader
    start: int
    size: int

    def rows(self, columns: str) -> Iterator[tuple[str, Iterator[tuple[int, ...]]]]:
        """Each ELF section's name and rows; what newer compilers append to a row is skipped."""
        order = self.reader.header.byte_order
        position, end = self.start, self.start + self.size
        if not self.size:
            return
        if end > len(self.data) or self.size < 4:
            raise BtfError(f"{self.size} bytes of infos in {len(self.data)} of .BTF.ext", position)
        row = struct.Struct(order + columns)
        (row_bytes,) = struct.unpack_from(f"{order}I", self.data, position)
        if row_bytes < row.size or row_bytes % 4:
            raise BtfError(f"infos of {row_bytes} bytes, expected {row.size}", position)
        row = struct.Struct(f"{order}{columns}{row_bytes - row.size}x")
        position += 4
        while position < end:
            if position + 8 > end:
                raise BtfError("infos end inside a section's name and count", position)
            name, count = struct.unpack_from(f"{order}II", self.data, position)
            stop = position + 8 + count * row_bytes
            if stop > end:
                raise BtfError(f"{count} infos of {row_bytes} bytes, more than there are", position)
            yield self.reader.string(name), row.iter_unpack(self.data[position + 8 : stop])
            position = stop


def pack_func_infos(infos: Iterable[FuncInfo], byte_order: str = "<") -> bytes:
    """The array that `BPF_PROG_LOAD` takes as `func_info`, 8 bytes each."""
    return b"".join([struct.pack(f"{byte_order}II", one.instruction, one.type) for one in infos])


def pack_line_infos(
    infos: Iterable[LineInfo], strings: StringTable, byte_order: str = "<"
) -> bytes:
    """The array that `BPF_PROG_LOAD` takes as `line_info`, 16 bytes each; adds to the strings."""
    return b"".join(
        [
            struct.pack(
                f"{byte_order}IIII",
                one.instruction,
                strings.add(one.file),
                strings.add(one.text),
                min(one.line, _MAX_LINE) << 10 | min(one.column, _MAX_COLUMN),
            )
            for one in infos
        ]
    )


def _pack_core_relos(relos: Iterable[CoreRelo], strings: StringTable, byte_order: str) -> bytes:
    return b"".join(
        [
            struct.pack(
                f"{byte_order}IIII", one.instruction, one.type, strings.add(one.access), one.kind
            )
            for one in relos
        ]
    )


def write_ext(ext: BtfExt, strings: StringTable, byte_order: str = "<") -> bytes:
    """The section's bytes; what it says in words is added to `strings`, the table of its `.BTF`."""
    funcs = {name: pack_func_infos(one, byte_order) for name, one in ext.func_infos.items()}
    lines = {
        name: pack_line_infos(one, strings, byte_order) for name, one in ext.line_infos.items()
    }
    relos = {
        name: _pack_core_relos(one, strings, byte_order) for name, one in ext.core_relos.items()
    }
    parts = [
        _part(funcs, FUNC_INFO_BYTES, strings, byte_order),
        _part(lines, LINE_INFO_BYTES, strings, byte_order),
        _part(relos, _CORE_RELO_BYTES, strings, byte_order),
    ]
    header = struct.pack(f"{byte_order}HBBI", MAGIC, VERSION, 0, _HEADER_BYTES)
    offset = 0
    for part in parts:
        header += struct.pack(f"{byte_order}II", offset, len(part))
        offset += len(part)
    return header + b"".join(parts)


def _part(
    sections: Mapping[str, bytes], row_bytes: int, strings: StringTable, byte_order: str
) -> bytes:
    if not sections:
        return b""
    part = struct.pack(f"{byte_order}I", row_bytes)
    for name, rows in sections.items():
        part += struct.pack(f"{byte_order}II", strings.add(name), len(rows) // row_bytes) + rows
    return part
