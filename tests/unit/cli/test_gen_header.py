"""`seismo gen-header`: in C, the variables are where the object has them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from c_objects import CLANGS, compile_bpf
from seismo.objfile.read import read_object
from seismo.ui.cli.gen_header import header_of

pytestmark = [
    pytest.mark.skipif(not CLANGS, reason="needs clang-14 or clang-19"),
    pytest.mark.skipif(not shutil.which("gcc"), reason="needs gcc"),
]

SOURCE = """
#include <linux/bpf.h>
#include <linux/types.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>
enum colour { RED, GREEN = 5, BLUE = -1 };
struct bits { unsigned low : 3, high : 29; int more : 7; bool is_set : 1; long long wide : 40; };
struct narrow { char first; int second; } __attribute__((packed));
struct spread { int only; } __attribute__((aligned(64)));
struct deep { struct { int x; long y; } inner; union { int u; float f; }; struct deep *next; };

const volatile int limit = 3;
const volatile char text[16] = "x";
const volatile struct deep fixed;
int number, matrix[2][3];
char letter, *words[3];
struct deep list[2], *head;
int (*call)(int, struct deep *);
enum colour colour = GREEN;
struct bits bits;
struct narrow narrow;
struct spread spread;
struct { int i; char c; } nameless;
union { int i; long l; } either;
__int128 wide;
SEC(".data.custom") int custom = 3;
static int one(void) { static volatile int kept = 1; return kept++; }
static int two(void) { static volatile int kept = 2; return kept++; }
SEC("socket") int use(void *ctx)
{
	words[0] = 0;
	return number + limit + text[0] + fixed.u + one() + two() + custom;
}
"""


@pytest.mark.parametrize("clang", CLANGS)
@pytest.mark.parametrize("standard", ["c11", "gnu17"])
def test_every_variable_is_where_the_object_has_it(
    clang: str, standard: str, tmp_path: Path
) -> None:
    source = tmp_path / "vars.bpf.c"
    source.write_text(SOURCE)
    obj = read_object(compile_bpf(source, clang).read_bytes(), "vars.bpf.o")
    header = tmp_path / "vars.h"
    header.write_text(header_of(obj))
    sections = {one.name: f"struct vars_{one.section.replace('.', '_')}" for one in obj.maps}
    names = [(sections[one.map], one.name.replace(".", "_"), one) for one in obj.variables]
    checks = [
        f"_Static_assert(offsetof({section}, {name}) == {one.offset}"
        f' && sizeof((({section} *)0)->{name}) == {one.size}, "{name}");'
        for section, name, one in names
    ]
    assert len(checks) == 20
    lines = ("#include <stddef.h>", f'#include "{header}"', *checks)
    (tmp_path / "use.c").write_text("\n".join(lines) + "\n")
    flags = ["-Wall", "-Wextra", "-Werror", f"-std={standard}", "-fsyntax-only"]
    done = subprocess.run(
        ["gcc", *flags, str(tmp_path / "use.c")], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    assert done.returncode == 0


def test_what_is_constant_may_be_set_and_names_are_told_apart(tmp_path: Path) -> None:
    source = tmp_path / "vars.bpf.c"
    source.write_text(SOURCE)
    obj = read_object(compile_bpf(source, CLANGS[-1]).read_bytes(), "vars.bpf.o")
    text = header_of(obj)
    rodata = text[text.index("struct vars__rodata {") :].partition("}")[0]
    assert [line.partition(";")[0].strip() for line in rodata.splitlines()[1:]] == [
        "int limit",
        "char text[16]",
        "char __pad2[4]",
        "struct deep fixed",
    ]
    assert "\tstruct {\n\t\tint i;\n\t\tchar c;\n\t} nameless; /* " in text
