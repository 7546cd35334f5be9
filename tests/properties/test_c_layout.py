"""Structs laid out by `cdecl` and by GCC, member by member."""

from __future__ import annotations

import random
import shutil
import subprocess
from pathlib import Path

import pytest

from lang_cases import VIEW
from seismo.base.diagnostics import Diagnostics
from seismo.base.source import Source, Span
from seismo.lang.cdecl import declare
from seismo.lang.clayout import CType, Declarations
from seismo.lang.script_types import KernelTypes
from seismo.lang.types import RecordField, RecordType

pytestmark = pytest.mark.skipif(shutil.which("gcc") is None, reason="needs gcc")

STRUCTS = 300
INTEGERS = {
    "char": 8,
    "signed char": 8,
    "unsigned char": 8,
    "short": 16,
    "unsigned short int": 16,
    "int": 32,
    "unsigned": 32,
    "long": 64,
    "long long unsigned int": 64,
    "_Bool": 1,
    "enum e": 32,
    "enum wide": 64,
}
OTHERS = ("void *", "double", "__int128", "long double")
HEAD = "enum e { A = 1, B, C = A + 8 };\nenum wide { W = 1L << 40 };\n"


class Generator:
    """Random structs; each may hold those before it."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.names = 0
        self.done: list[str] = []

    def attributes(self, chance: float) -> str:
        if self.random.random() > chance:
            return ""
        aligned = f"aligned({self.random.choice((1, 2, 4, 8, 16))})"
        chosen = self.random.choice(("packed", aligned, f"packed, {aligned}"))
        return f" __attribute__(({chosen}))"

    def name(self) -> str:
        self.names += 1
        return f"m{self.names}"

    def member(self, depth: int) -> str:
        form = self.random.random()
        if form < 0.4:
            return self.bits()
        if form < 0.5 and depth < 3:
            tail = self.random.choice(("", f" {self.name()}"))
            return f"{self.body(depth + 1)}{tail};"
        base = self.random.choice([*INTEGERS, *OTHERS, *self.done[-3:]])
        count = self.random.choice(("", "", "", "[3]", "[2][1 << 1]", "[sizeof(int)]"))
        if form > 0.95:
            return f"{base} (*{self.name()}){count};"
        return f"{base} {self.name()}{count}{self.attributes(0.15)};"

    def bits(self) -> str:
        base = self.random.choice(list(INTEGERS))
        # Packed ones of more bits may lie in nine bytes, which is refused.
        width = self.random.randint(1, min(57, INTEGERS[base]))
        if self.random.random() < 0.15:
            return f"{base} : {self.random.choice((0, width))};"
        return f"{base} {self.name()} : {width}{self.attributes(0.05)};"

    def body(self, depth: int = 0) -> str:
        keyword = self.random.choice(("struct", "struct", "struct", "union"))
        members = " ".join(self.member(depth) for _ in range(self.random.randint(1, 7)))
        return f"{keyword} {{ {members} }}{self.attributes(0.25)}"

    def struct(self) -> str:
        name = f"s{len(self.done)}"
        keyword, _, rest = self.body().partition(" ")
        self.done.append(f"{keyword} {name}")
        return f"{keyword} {name} {rest};"


def ours(text: str) -> Declarations:
    declared, diagnostics = Declarations(), Diagnostics()
    source = Source("t", text)
    outside = KernelTypes(VIEW, declared.types)
    declare((Span(source, 0, len(text)),), declared, outside, lambda _, path: path, diagnostics)
    assert [str(one) for one in diagnostics.found] == []
    return declared


def measure(type_: CType) -> list[str]:
    """Lines of C that print what `facts` says."""
    record = type_.type
    assert isinstance(record, RecordType)
    lines = [f'printf("%zu %zu\\n", sizeof({record.name}), _Alignof({record.name}));']
    for one in record.fields or ():
        if one.bit_size:
            lines.append(f"{{ {record.name} v = {{}}; v.{one.name} = -1; bits(&v, sizeof v); }}")
        else:
            lines.append(f'printf("%zu\\n", __builtin_offsetof({record.name}, {one.name}));')
    return lines


def facts(type_: CType) -> list[str]:
    record = type_.type
    assert isinstance(record, RecordType)
    assert record.size == type_.size
    return [f"{type_.size} {type_.align}", *(place(one) for one in record.fields or ())]


def place(field: RecordField) -> str:
    if field.bit_size:
        return f"{field.offset * 8 + field.bit_offset} {field.bit_size}"
    return f"{field.offset}"


BITS = """
#include <stdio.h>
static void bits(void *at, unsigned long size)
{
    int first = -1, count = 0;
    for (unsigned long i = 0; i < size * 8; i++)
        if (((unsigned char *)at)[i / 8] >> i % 8 & 1) {
            if (first < 0) first = i;
            count++;
        }
    printf("%d %d\\n", first, count);
}
"""


@pytest.mark.parametrize("seed", range(3))
def test_every_member_is_where_gcc_puts_it(seed: int, tmp_path: Path) -> None:
    generator = Generator(seed)
    structs = [generator.struct() for _ in range(STRUCTS)]
    text = HEAD + "\n".join(structs)
    declared = ours(text)
    records = [declared.types[name] for name in generator.done]
    body = "\n".join(line for one in records for line in measure(one))
    source, program = tmp_path / "structs.c", tmp_path / "structs"
    source.write_text(f"{text}\n{BITS}\nint main(void)\n{{\n{body}\n}}\n")
    subprocess.run(["gcc", "-w", "-O0", "-o", program, source], check=True)
    printed = subprocess.run([program], capture_output=True, text=True, check=True).stdout
    theirs = iter(printed.splitlines())
    for record, struct in zip(records, structs, strict=True):
        mine = facts(record)
        assert mine == [next(theirs) for _ in mine], struct
