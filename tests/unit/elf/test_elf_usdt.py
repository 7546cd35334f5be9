"""Static probes: what the notes of a compiled program say, and every form of argument."""

from __future__ import annotations

import re
import struct
from pathlib import Path

import pytest

from elf_builds import nm, run
from elf_writer import NewSection, write_elf
from seismo.elf.errors import ElfError
from seismo.elf.file import ElfFile
from seismo.elf.usdt import UsdtProbe, read_usdt
from seismo.elf.usdt_arguments import (
    AtSymbol,
    Constant,
    Form,
    InMemory,
    InRegister,
    Unreadable,
    UsdtArgument,
    parse_arguments,
)


def test_probes_are_those_of_readelf(probes: Path) -> None:
    found = read_usdt(ElfFile(probes.read_bytes()))
    pattern = (
        r"Provider: (\w+)\s+Name: (\w+)\s+Location: (\w+), Base: \w+, Semaphore: (\w+)"
        r"\s+Arguments: ?(.*)"
    )
    rows = re.findall(pattern, run("readelf", "-n", probes))
    assert [one.name for one in found] == ["first", "second", "none"]
    for row, probe in zip(rows, found, strict=True):
        assert (row[0], row[1]) == (probe.provider, probe.name)
        assert (int(row[2], 16), int(row[3], 16)) == (probe.address, probe.semaphore_address)
        assert parse_arguments(row[4], "x86_64") == probe.arguments


def test_offsets_are_those_of_the_bytes(probes: Path) -> None:
    data = probes.read_bytes()
    first, second, none = read_usdt(ElfFile(data))
    for one in (first, second, none):
        assert data[one.offset] == 0x90
    assert first.semaphore_address == first.semaphore_offset == 0
    assert second.semaphore_address == nm(probes)["semaphore_of_second"]
    section = ElfFile(data).sections[".probes"]
    assert second.semaphore_offset == section.offset
    assert second.semaphore_offset != second.semaphore_address


def test_arguments_of_a_compiled_program(probes: Path) -> None:
    first, second, none = read_usdt(ElfFile(probes.read_bytes()))
    number, wide, small, constant = first.arguments
    assert (number.size, number.signed) == (4, True) and isinstance(number.form, InRegister)
    assert (wide.size, wide.signed) == (8, False) and isinstance(wide.form, InRegister)
    assert (small.size, small.signed) == (1, True) and isinstance(small.form, InMemory)
    assert small.form.base == "rsp"
    assert constant == UsdtArgument(4, False, Constant(17))
    assert second.arguments == (UsdtArgument(8, False, AtSymbol("global_value", 0)),)
    assert none.arguments == ()


def test_a_file_without_probes_has_none(program: Path) -> None:
    assert read_usdt(ElfFile(program.read_bytes())) == ()


X86 = [
    ("-4@%edi", 4, True, InRegister("edi")),
    ("8@%r15", 8, False, InRegister("r15")),
    ("1@%ah", 1, False, InRegister("ah")),
    ("-2@%ax", 2, True, InRegister("ax")),
    ("%rdi", 8, False, InRegister("rdi")),
    ("4@$5", 4, False, Constant(5)),
    ("-4@$-1", 4, True, Constant(-1)),
    ("8@$0x1f", 8, False, Constant(31)),
    ("8@-24(%rbp)", 8, False, InMemory("rbp", -24)),
    ("8@(%rsp)", 8, False, InMemory("rsp", 0)),
    ("-1@0x10(%rsp)", 1, True, InMemory("rsp", 16)),
    ("8@-4+16(%rsp)", 8, False, InMemory("rsp", 12)),
    ("8@8(%rax,%rdx,4)", 8, False, InMemory("rax", 8, "rdx", 4)),
    ("8@(%rax,%rdx)", 8, False, InMemory("rax", 0, "rdx", 1)),
    ("2@16(,%rcx,8)", 2, False, InMemory("", 16, "rcx", 8)),
    ("8@foo(%rip)", 8, False, AtSymbol("foo", 0)),
    ("-4@foo+8(%rip)", 4, True, AtSymbol("foo", 8)),
    ("4@8+foo.lto.0-4(%rip)", 4, False, AtSymbol("foo.lto.0", 4)),
    ("4@foo", 4, False, AtSymbol("foo", 0)),
]
ARM = [
    ("4@w0", 4, False, InRegister("w0")),
    ("-8@x29", 8, True, InRegister("x29")),
    ("8@sp", 8, False, InRegister("sp")),
    ("8@xzr", 8, False, Constant(0)),
    ("-4@5", 4, True, Constant(5)),
    ("-4@-5", 4, True, Constant(-5)),
    ("4@#0x10", 4, False, Constant(16)),
    ("8@[sp, 16]", 8, False, InMemory("sp", 16)),
    ("8@[x0]", 8, False, InMemory("x0", 0)),
    ("-1@[x19,#-8]", 1, True, InMemory("x19", -8)),
    ("8@[x0, x1]", 8, False, InMemory("x0", 0, "x1", 1)),
    ("8@[x0, x1, lsl 3]", 8, False, InMemory("x0", 0, "x1", 8)),
    ("8@[x0, w1, uxtw]", 8, False, InMemory("x0", 0, "w1", 1)),
]


@pytest.mark.parametrize(
    ("machine", "text", "size", "signed", "form"),
    [("x86_64", *one) for one in X86] + [("aarch64", *one) for one in ARM],
)
def test_forms(machine: str, text: str, size: int, signed: bool, form: Form) -> None:
    assert parse_arguments(text, machine) == (UsdtArgument(size, signed, form),)


@pytest.mark.parametrize(
    ("machine", "text", "why"),
    [
        ("x86_64", "8f@%xmm0", "it is a floating-point number"),
        ("x86_64", "8@%xmm0", "'xmm0' is no register that the kernel saves for a probe"),
        ("x86_64", "8@%st(1)", "it is no operand that a probe can read"),
        ("x86_64", "8@%fs:0x10", "it is no operand that a probe can read"),
        ("x86_64", "8@8(%rip)", "its address is known only when the program is loaded"),
        ("x86_64", "8@table(,%rax,8)", "its address is known only when the program is loaded"),
        ("x86_64", "8@foo@GOTPCREL(%rip)", "'foo@GOTPCREL' is no address in this file"),
        ("x86_64", "8@a-b(%rip)", "'a-b' is no address in this file"),
        ("x86_64", "8@$foo", "'foo' is known only when the program is linked"),
        ("x86_64", "3@%rax", "it is no operand that a probe can read"),
        ("x86_64", "8@(%rax,%rdx,3)", "it is no operand that a probe can read"),
        ("aarch64", "8@d0", "'d0' is no register that the kernel saves for a probe"),
        ("aarch64", "8@[x0, #:lo12:foo]", "it is no operand that a probe can read"),
        ("aarch64", "8@[x0, w1, sxtw 3]", "it is no operand that a probe can read"),
        ("aarch64", "8@[sp, 16]!", "it is no operand that a probe can read"),
        ("machine 243", "8@a0", "how machine 243 writes operands is not known"),
    ],
)
def test_what_cannot_be_read_says_why(machine: str, text: str, why: str) -> None:
    first, *_ = parse_arguments(text, machine)
    assert isinstance(first.form, Unreadable)
    assert first.form.why.startswith("argument '") and first.form.why.endswith(f"': {why}")


def test_one_that_cannot_be_read_hides_no_other() -> None:
    found = parse_arguments("8@%rdi 8f@%xmm1 -4@8(%rsp)", "x86_64")
    assert [type(one.form) for one in found] == [InRegister, Unreadable, InMemory]
    assert parse_arguments("8@[sp, 8] 4@w1 8@[x0, x1, lsl 3]", "aarch64")[1].form == InRegister(
        "w1"
    )
    assert parse_arguments("", "x86_64") == ()


def note(
    addresses: tuple[int, int, int], text: bytes, *, is_64: bool = True, order: str = "<"
) -> NewSection:
    description = struct.pack(order + ("QQQ" if is_64 else "III"), *addresses) + text
    head = struct.pack(f"{order}III", 8, len(description), 3)
    data = head + b"stapsdt\0" + description
    return NewSection(name=".note.stapsdt", type=7, flags=0, data=data, alignment=4)


def probe_of(section: NewSection, *more: NewSection, is_64: bool = True) -> UsdtProbe:
    load = ((5, 0, 0x10_0000, 0x1000),)
    (found,) = read_usdt(ElfFile(write_elf([section, *more], load=load, is_64=is_64)))
    return found


def test_prelinked_files_are_adjusted() -> None:
    base = NewSection(name=".stapsdt.base", type=1, data=b"\0", address=0x10_0900)
    section = note((0x100, 0x900, 0x200), b"p\0n\0\0")
    moved = probe_of(section, base)
    assert (moved.address, moved.offset) == (0x10_0100, 0x100)
    assert (moved.semaphore_address, moved.semaphore_offset) == (0x10_0200, 0x200)
    plain = probe_of(note((0x10_0100, 0x10_0900, 0), b"p\0n\0\0"), base)
    assert (plain.address, plain.semaphore_address) == (0x10_0100, 0)


def test_notes_of_32_bits_are_read() -> None:
    found = probe_of(note((0x10_0010, 0, 0), b"p\0n\0\0", is_64=False), is_64=False)
    assert (found.provider, found.name, found.offset) == ("p", "n", 0x10)


@pytest.mark.parametrize("text", [b"", b"p", b"p\0n\0", b"p\0n\0a", b"p\0n\0a\0x\0"])
def test_a_note_that_is_no_three_texts_is_refused(text: bytes) -> None:
    with pytest.raises(ElfError, match="that is not three texts"):
        probe_of(note((0x10_0010, 0, 0), text))


def test_a_probe_that_is_not_in_the_file_is_refused() -> None:
    with pytest.raises(ElfError, match="at address 0x10"):
        probe_of(note((0x10, 0, 0), b"p\0n\0\0"))


def test_notes_of_others_are_left_alone() -> None:
    data = struct.pack("<III", 4, 4, 3) + b"GNU\0" + b"\0" * 4
    section = NewSection(name=".note.stapsdt", type=7, data=data, alignment=4)
    assert read_usdt(ElfFile(write_elf([section]))) == ()
