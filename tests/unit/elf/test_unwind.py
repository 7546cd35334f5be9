"""Unwinding by `.eh_frame`: rules as readelf has them, whole stacks as glibc has them."""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
from pathlib import Path

import pytest

from seismo.elf.errors import ElfError
from seismo.elf.file import ElfFile
from seismo.elf.frame_expression import evaluate
from seismo.elf.frame_program import (
    AtCfa,
    AtExpression,
    CfaPlus,
    Expression,
    FrameRule,
    Place,
    RegisterPlus,
)
from seismo.elf.frame_table import FrameMissing, UnwindTable
from seismo.elf.unwind import unwind

needs_gcc = pytest.mark.skipif(shutil.which("gcc") is None, reason="needs gcc")

REGISTERS = ["rax", "rdx", "rcx", "rbx", "rsi", "rdi", "rbp", "rsp"]
REGISTERS += [*[f"r{number}" for number in range(8, 16)], "ra"]
"""By DWARF number, as readelf calls them."""

SOURCE = """\
#define _GNU_SOURCE
#include <execinfo.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>
static char *base;
static __attribute__((noinline)) void dump(void)
{
    static void *expected[64];
    static ucontext_t now;
    getcontext(&now);
    int count = backtrace(expected, 64);
    greg_t *r = now.uc_mcontext.gregs;
    printf("pc %llx 3 %llx 6 %llx 7 %llx 12 %llx 13 %llx 14 %llx 15 %llx\\n",
           r[REG_RIP], r[REG_RBX], r[REG_RBP], r[REG_RSP], r[REG_R12], r[REG_R13], r[REG_R14],
           r[REG_R15]);
    for (int i = 1; i < count; i++)
        printf("%lx ", (long)expected[i]);
    printf("\\n%lx ", (long)r[REG_RSP]);
    for (unsigned char *p = (void *)r[REG_RSP]; p < (unsigned char *)base; p++)
        printf("%02x", *p);
    printf("\\n");
    fflush(stdout);
    system("cat /proc/$PPID/maps");
    exit(0);
}
static void handler(int number) { dump(); }
__attribute__((noinline)) int inner(int *values, int n, int how)
{
    char room[n];
    memset(room, how, n);
    if (how == 2)
        raise(SIGUSR1);
    dump();
    return room[0] + values[n - 1];
}
__attribute__((noinline)) long outer(int n, int how)
{
    int values[40];
    for (int i = 0; i < 40; i++)
        values[i] = n * i;
    return inner(values, n, how) + values[n] + values[n / 2];
}
static int compare(const void *a, const void *b) { return outer(30, 1) + *(int *)a - *(int *)b; }
int main(int argc, char **argv)
{
    int two[] = {2, 1}, how = atoi(argv[1]);
    base = (char *)__builtin_frame_address(0) + 512;
    signal(SIGUSR1, handler);
    if (how == 1)
        qsort(two, 2, sizeof(int), compare);
    return outer(20, how);
}
"""


def cell(place: Place | None) -> str:
    """A rule as readelf shows it."""
    match place:
        case AtCfa(offset):
            return f"c{offset:+d}"
        case CfaPlus(offset):
            return f"v{offset:+d}"
        case Expression():
            return "vexp"
        case AtExpression():
            return "exp"
        case RegisterPlus(register, 0):
            return REGISTERS[register]
        case _:
            return "u"


def row(rule: FrameRule, columns: list[str]) -> list[str]:
    cfa = "exp"
    if isinstance(rule.cfa, RegisterPlus):
        cfa = f"{REGISTERS[rule.cfa.register]}{rule.cfa.offset:+d}"
    return [cfa, *[cell(rule.saved.get(REGISTERS.index(name))) for name in columns]]


def readelf_rows(path: Path) -> list[tuple[int, list[str], list[str]]]:
    """Address, columns and cells of each row that readelf interprets from FDEs."""
    command = ["readelf", "--debug-dump=frames-interp", str(path)]
    # It ends with 1 where it warns of other sections.
    said = subprocess.run(command, check=False, capture_output=True, text=True).stdout
    # `r8 (r8)`, and `r1 (rdx)`: the name is what is in brackets.
    said = re.sub(r"r\d+ \((\w+)\)", r"\1", said)
    rows, columns, is_fde = [], list[str](), False
    for line in said.splitlines():
        words = line.split()
        if " CIE" in line or " FDE " in line:
            is_fde = " FDE " in line
        elif words[:1] == ["LOC"]:
            columns = words[2:]
        elif is_fde and words and re.fullmatch(r"[0-9a-f]{16}", words[0]):
            cells = ["u" if one == "s" else one for one in words[1:]]
            rows.append((int(words[0], 16), columns, cells))
    return rows


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("unwind") / "program"
    path.with_suffix(".c").write_text(SOURCE)
    options = ["-O2", "-w", "-fomit-frame-pointer"]
    subprocess.run(["gcc", *options, "-o", path, path.with_suffix(".c")], check=True)
    return path


@needs_gcc
def test_rules_are_those_of_readelf(program: Path) -> None:
    table = UnwindTable(program.read_bytes())
    rows = readelf_rows(program)
    assert len(rows) > 20
    assert {cells[0] for _, _, cells in rows} >= {"exp", "rsp+8", "rbp+16"}
    for address, columns, cells in rows:
        assert row(table.rule(address), columns) == cells, hex(address)


@needs_gcc
def test_rules_of_a_whole_library_are_those_of_readelf() -> None:
    path = Path("/lib/x86_64-linux-gnu/libc.so.6")
    if not path.exists():
        pytest.skip("needs the C library of x86-64")
    table = UnwindTable(path.read_bytes())
    rows = readelf_rows(path)[::7]
    assert len(rows) > 1000
    wrong = [hex(at) for at, columns, cells in rows if row(table.rule(at), columns) != cells]
    assert wrong == []


@needs_gcc
def test_without_the_sorted_table_all_entries_are_read(program: Path) -> None:
    data = bytearray(program.read_bytes())
    header = ElfFile(data).sections[".eh_frame_hdr"]
    slow = UnwindTable(bytes(data[: header.offset + 3] + b"\xff" + data[header.offset + 4 :]))
    fast = UnwindTable(bytes(data))
    for address, columns, _ in readelf_rows(program):
        assert row(slow.rule(address), columns) == row(fast.rule(address), columns)


@needs_gcc
def test_an_address_without_a_frame(program: Path) -> None:
    table = UnwindTable(program.read_bytes())
    for address in (0, 1 << 40):
        with pytest.raises(FrameMissing, match="no call frame information"):
            table.rule(address)
    bare = program.with_name("bare")
    subprocess.run(["objcopy", "-R", ".eh_frame", program, bare], check=True)
    with pytest.raises(FrameMissing):
        UnwindTable(bare.read_bytes()).rule(readelf_rows(program)[0][0])


@needs_gcc
def test_malformed_frames_are_one_error(program: Path) -> None:
    data = program.read_bytes()
    section = ElfFile(data).sections[".eh_frame"]
    addresses = [address for address, _, _ in readelf_rows(program)]
    for at in range(section.offset, section.offset + section.size):
        broken = bytearray(data)
        broken[at] ^= 0xFF
        table = UnwindTable(bytes(broken))
        for address in addresses[::5]:
            try:
                assert isinstance(table.rule(address), FrameRule)
            except (ElfError, FrameMissing) as error:
                assert str(error)


class Sample:
    """What a stopped program had: its registers, the stack, and what was mapped."""

    def __init__(self, program: Path, how: int) -> None:
        command = [str(program), str(how)]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        registers, expected, stack, *maps = said.splitlines()
        words = registers.split()
        self.pc = int(words[1], 16)
        self.registers = {int(n): int(v, 16) for n, v in zip(words[2::2], words[3::2], strict=True)}
        self.expected = [int(one, 16) for one in expected.split()]
        start, content = stack.split()
        self._stack_start, self._stack = int(start, 16), bytes.fromhex(content)
        self._maps = [one.split() for one in maps if len(one.split()) == 6]
        self._tables: dict[str, UnwindTable] = {}

    def word(self, address: int) -> int:
        at = address - self._stack_start
        if not 0 <= at <= len(self._stack) - 8:
            raise LookupError(hex(address))
        return int(struct.unpack_from("<Q", self._stack, at)[0])

    def table(self, address: int) -> tuple[UnwindTable, int]:
        for span, _, offset, _, _, path in self._maps:
            start, end = [int(one, 16) for one in span.split("-")]
            if start <= address < end and path.startswith("/"):
                data = Path(path).read_bytes()
                if path not in self._tables:
                    self._tables[path] = UnwindTable(data)
                return self._tables[path], start - ElfFile(data).address_of(int(offset, 16))
        raise LookupError(hex(address))


@needs_gcc
@pytest.mark.parametrize("how", [0, 1, 2], ids=["plain", "through-the-library", "in-a-signal"])
def test_a_stack_is_the_one_that_glibc_sees(program: Path, how: int) -> None:
    sample = Sample(program, how)
    found = unwind(sample.pc, sample.registers, sample.word, sample.table)
    assert len(sample.expected) >= 5
    assert found[1:] == sample.expected
    assert found[0] == sample.pc


@needs_gcc
def test_it_stops_where_it_is_told_or_knows_no_more(program: Path) -> None:
    sample = Sample(program, 0)
    assert len(unwind(sample.pc, sample.registers, sample.word, sample.table, most=3)) == 3
    assert unwind(0x10, sample.registers, sample.word, sample.table) == [0x10]

    def word(address: int) -> int:
        raise LookupError

    assert unwind(sample.pc, sample.registers, word, sample.table) == [sample.pc]


def test_the_expression_of_linkage_tables() -> None:
    """`push index` is 11 bytes into an entry of `.plt`: from there on there is one word more."""
    plt = bytes.fromhex("7708 8000 3f 1a 3b 2a 33 24 22".replace(" ", ""))

    def read(address: int) -> int:
        raise AssertionError

    for pc, cfa in ((0x1020, 0x1008), (0x102A, 0x1008), (0x102B, 0x1010), (0x102F, 0x1010)):
        assert evaluate(plt, 0, {7: 0x1000, 16: pc}, read) == cfa


def test_expressions_of_signal_frames_read_memory() -> None:
    memory = {0x10A0: 0x7FFF0000}
    assert evaluate(bytes.fromhex("77a00106"), 0, {7: 0x1000}, memory.__getitem__) == 0x7FFF0000
    with pytest.raises(LookupError):
        evaluate(bytes.fromhex("77a80106"), 0, {7: 0x1000}, memory.__getitem__)
    with pytest.raises(LookupError):
        evaluate(b"\xff", 0, {}, memory.__getitem__)
