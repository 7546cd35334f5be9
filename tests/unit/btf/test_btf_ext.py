"""`.BTF.ext`: the format to the byte, and what is refused."""

from __future__ import annotations

import struct

import pytest

from seismo.btf.errors import BtfError
from seismo.btf.ext import (
    BtfExt,
    CoreRelo,
    FuncInfo,
    LineInfo,
    pack_func_infos,
    pack_line_infos,
    read_ext,
    write_ext,
)
from seismo.btf.read import Reader
from seismo.btf.write import StringTable, write

FUNC = FuncInfo(0, 3)
LINE = LineInfo(instruction=8, file="a.bt", text="exit()", line=2, column=7)
RELO = CoreRelo(instruction=16, type=4, access="0:1", kind=0)
EXT = BtfExt({"kprobe": (FUNC,)}, {"kprobe": (LINE, LINE), "tp": (LINE,)}, {"tp": (RELO,)})


@pytest.mark.parametrize("order", ["<", ">"], ids=["little", "big"])
@pytest.mark.parametrize("ext", [EXT, BtfExt(), BtfExt(line_infos={"tp": ()})])
def test_what_is_written_is_read(ext: BtfExt, order: str) -> None:
    strings = StringTable()
    data = write_ext(ext, strings, order)
    assert read_ext(data, Reader(write([], strings, order))) == ext


def test_the_bytes() -> None:
    strings = StringTable()
    data = write_ext(BtfExt({"kp": (FUNC,)}, {}, {"kp": (RELO,)}), strings)
    assert bytes(strings) == b"\x000:1\0kp\0"
    assert data == struct.pack(
        "<HBBI 6I 5I 7I",
        *(0xEB9F, 1, 0, 32),
        *(0, 20, 20, 0, 20, 28),
        *(8, 5, 1, 0, 3),
        *(16, 5, 1, 16, 4, 1, 0),
    )


def test_the_arrays_for_the_kernel() -> None:
    strings = StringTable()
    assert pack_func_infos([FuncInfo(0, 3), FuncInfo(12, 5)]) == struct.pack("<4I", 0, 3, 12, 5)
    assert pack_line_infos([LINE], strings) == struct.pack("<4I", 8, 1, 6, 2 << 10 | 7)
    assert bytes(strings) == b"\0a.bt\0exit()\0"


def test_a_line_or_column_too_large_for_its_field_is_the_largest() -> None:
    far = LineInfo(instruction=0, file="", text="", line=1 << 30, column=5000)
    assert pack_line_infos([far], StringTable()) == struct.pack("<4I", 0, 0, 0, 0xFFFF_FFFF)


def test_longer_infos_of_newer_compilers_are_read() -> None:
    words = [12, 0, 2, 0, 3, 99, 8, 4, 99]
    data = struct.pack("<HBBI4I9I", 0xEB9F, 1, 0, 24, 0, 36, 0, 0, *words)
    assert read_ext(data, Reader(write([]))) == BtfExt({"": (FuncInfo(0, 3), FuncInfo(8, 4))})


@pytest.mark.parametrize(
    ("data", "message", "offset"),
    [
        (b"", "0 bytes are no .BTF.ext", 0),
        (bytes(32), "no .BTF.ext in the byte order of .BTF: 00000000", 0),
        (struct.pack(">HBBI4I", 0xEB9F, 1, 0, 24, 0, 0, 0, 0), "byte order of .BTF: eb9f0100", 0),
        (struct.pack("<HBBI4I", 0xEB9F, 1, 0, 20, 0, 0, 0, 0), "header of 20 bytes in 24", 4),
        (struct.pack("<HBBI4I", 0xEB9F, 1, 0, 32, 0, 0, 0, 0), "header of 32 bytes in 24", 4),
        (struct.pack("<HBBI4I", 0xEB9F, 1, 0, 24, 0, 4, 0, 0), "4 bytes of infos in 24", 24),
        (struct.pack("<HBBI5I", 0xEB9F, 1, 0, 24, 0, 4, 0, 0, 4), "of 4 bytes, expected 8", 24),
        (struct.pack("<HBBI5I", 0xEB9F, 1, 0, 24, 0, 4, 0, 0, 9), "infos of 9 bytes", 24),
        (struct.pack("<HBBI6I", 0xEB9F, 1, 0, 24, 0, 8, 0, 0, 8, 0), "name and count", 28),
        (struct.pack("<HBBI7I", 0xEB9F, 1, 0, 24, 0, 12, 0, 0, 8, 0, 9), "9 infos of 8 bytes", 28),
        (struct.pack("<HBBI7I", 0xEB9F, 1, 0, 24, 0, 12, 0, 0, 8, 7, 0), "no string at 0x7", 24),
    ],
)  # fmt: skip
def test_malformed_bytes_are_refused(data: bytes, message: str, offset: int) -> None:
    with pytest.raises(BtfError) as caught:
        read_ext(data, Reader(write([])))
    assert message in caught.value.what
    assert caught.value.offset == offset
