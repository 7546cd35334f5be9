"""What decoding refuses, and where it says so; what encoding refuses."""

from __future__ import annotations

import pytest

from seismo.base.errors import FormatError
from seismo.isa.decode import decode
from seismo.isa.encode import encode
from seismo.isa.errors import DecodeError, EncodeError
from seismo.isa.insn import Insn, Reg

EXIT = "95 00 0000 00000000"

REFUSED = {
    "8d 00 0000 00000000": "unknown opcode 0x8d",
    "ff 00 0000 00000000": "unknown opcode 0xff",
    "08 00 0000 00000000": "unknown opcode 0x08",
    "07 0b 0000 01000000": "there is no register r11",
    "0f b1 0000 00000000": "there is no register r11",
    "07 11 0000 01000000": "src of opcode 0x07 must be 0, not 1",
    "0f 21 0000 01000000": "imm of opcode 0x0f must be 0, not 1",
    "0f 21 0100 00000000": "off of opcode 0x0f must be 0, not 1",
    "37 01 0200 01000000": "off of opcode 0x37 must be 0 or 1, not 2",
    "bc 21 2000 00000000": "off of opcode 0xbc must be 0 or 8 or 16, not 32",
    "bf 21 0100 02000000": "imm of opcode 0xbf must be 1 or 65536, not 2",
    "d7 01 0000 08000000": "imm of opcode 0xd7 must be 16 or 32 or 64, not 8",
    "05 01 0000 00000000": "dst of opcode 0x05 must be 0, not 1",
    "06 00 0100 00000000": "off of opcode 0x06 must be 0, not 1",
    "e5 10 0000 00000000": "src of opcode 0xe5 must be 0, not 1",
    "85 30 0000 00000000": "src of opcode 0x85 must be 0 or 1 or 2, not 3",
    "85 10 0100 00000000": "off of opcode 0x85 must be 0, not 1",
    "95 00 0000 01000000": "imm of opcode 0x95 must be 0, not 1",
    "d3 21 0000 01000000": "imm of opcode 0xd3 must be 256 or 272, not 1",
    "72 1a 0000 01000000": "src of opcode 0x72 must be 0, not 1",
    "18 01 0000 11000000": "a 64-bit load lacks its second slot",
    "18 01 0000 11000000 00 01 0000 00000000": "the second slot of a 64-bit load may hold an "
    "immediate only",
    "18 11 0000 05000000 00 00 0000 01000000": "next_imm of opcode 0x18 must be 0, not 1",
    "18 71 0000 05000000 00 00 0000 00000000": "src of opcode 0x18 must be 0 or 1 or 2 or 3 or 4 "
    "or 5 or 6, not 7",
}


@pytest.mark.parametrize(("hexadecimal", "what"), REFUSED.items(), ids=list(REFUSED.values()))
def test_decoding_names_the_fault_and_its_offset(hexadecimal: str, what: str) -> None:
    with pytest.raises(DecodeError) as caught:
        decode(bytes.fromhex(EXIT + hexadecimal), "little")
    assert caught.value.what == what
    assert caught.value.offset == 8
    assert isinstance(caught.value, FormatError)


def test_bytes_left_over() -> None:
    with pytest.raises(DecodeError, match=r"3 bytes left over after the last slot \(at offset 0x8"):
        decode(bytes.fromhex(EXIT) + b"abc")


@pytest.mark.parametrize(
    ("insn", "what"),
    [
        (Insn(0x79, Reg.R0, Reg.R1, 32768), "off 32768 does not fit 16 bits"),
        (Insn(0xB7, Reg.R0, Reg.R0, 0, 1 << 31), "imm 2147483648 does not fit 32 bits"),
        (Insn(0x18, Reg.R0, Reg.R0, 0, -1), "imm -1 does not fit 64 bits"),
        (Insn(0x18, Reg.R0, Reg.R0, 0, 1 << 64), f"imm {1 << 64} does not fit 64 bits"),
        (Insn(0x100, Reg.R0, Reg.R0), "opcode 0x100 does not fit 8 bits"),
    ],
)
def test_encoding_names_the_field_that_does_not_fit(insn: Insn, what: str) -> None:
    with pytest.raises(EncodeError) as caught:
        encode((Insn(0x95, Reg.R0, Reg.R0), insn))
    assert str(caught.value) == f"instruction 1: {what}"


def test_what_is_no_instruction_prints_as_the_kernel_prints_it() -> None:
    assert str(Insn(0x8D, Reg.R1, Reg.R0)) == "BUG_8d"
    assert str(Insn(0xDB, Reg.R1, Reg.R0, 0, 2)) == "BUG_db"
