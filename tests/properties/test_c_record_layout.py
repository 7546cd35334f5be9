"""Records of restricted C laid out by us and by GCC, member by member."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from c_texts import declared
from random_records import ENUMS, RandomRecords
from seismo.c.types import Member, Record

pytestmark = pytest.mark.skipif(shutil.which("gcc") is None, reason="needs gcc")

RECORDS = 300

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


def named_members(record: Record) -> list[Member]:
    return [record.find(name) for name in record.names()]


def question(tag: str, record: Record) -> str:
    """Lines of C that print what `answer` says."""
    lines = [f'printf("%zu %zu\\n", sizeof({tag}), _Alignof({tag}));']
    for one in named_members(record):
        if one.bit_size:
            lines.append(f"{{ static {tag} v; v.{one.name} = -1; bits(&v, sizeof v); }}")
        else:
            lines.append(f'printf("%zu\\n", __builtin_offsetof({tag}, {one.name}));')
    return "\n".join(lines)


def answer(record: Record) -> list[str]:
    members = [
        f"{one.bit_offset} {one.bit_size}" if one.bit_size else f"{one.offset}"
        for one in named_members(record)
    ]
    return [f"{record.size} {record.alignment}", *members]


@pytest.mark.parametrize("seed", range(3))
def test_every_member_is_where_gcc_puts_it(seed: int, tmp_path: Path) -> None:
    made = RandomRecords(seed)
    definitions = [made.definition() for _ in range(RECORDS)]
    text = ENUMS + "\n".join(definitions)
    unit = declared(text)
    records = [unit.records[tag.split()[1]] for tag in made.tags]
    asked = "\n".join(question(*one) for one in zip(made.tags, records, strict=True))
    source, program = tmp_path / "records.c", tmp_path / "records"
    source.write_text(f"{text}\n{BITS}\nint main(void)\n{{\n{asked}\n}}\n")
    subprocess.run(["gcc", "-w", "-O0", "-o", program, source], check=True)
    printed = subprocess.run([program], capture_output=True, text=True, check=True).stdout
    theirs = iter(printed.splitlines())
    for record, definition in zip(records, definitions, strict=True):
        ours = answer(record)
        assert ours == [next(theirs) for _ in ours], definition
