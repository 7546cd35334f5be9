"""Initialisers of restricted C: the bytes that they make, by us and by GCC."""

from __future__ import annotations

import random
import shutil
import subprocess
from pathlib import Path

import pytest

from c_texts import in_function
from seismo.c.sema.constants import evaluate
from seismo.c.tree import Declare, Expr, Initializer, Load, StringPlace
from seismo.c.types import Array, Enumeration, Integer, Member, Record

pytestmark = pytest.mark.skipif(shutil.which("gcc") is None, reason="needs gcc")

TYPES = """
enum e { A, B, C };
struct point { int x, y; };
struct bits { unsigned a : 3, b : 7; int c : 5; unsigned long d : 40; char e; };
union either { char c; long l; struct point p; char text[12]; };
struct nest {
    char name[6];
    struct point at[3];
    struct { short low; union { int i; char b[4]; }; };
    enum e kind;
    union either either;
    unsigned char grid[2][3];
    _Bool flag;
    struct {} nothing;
    struct bits bits;
};
"""

CASES = (
    ("int", "5"),
    ("int", "{5}"),
    ("char", "-1"),
    ("_Bool", "7"),
    ("unsigned char", "300"),
    ("unsigned long", "-1"),
    ("enum e", "C"),
    ("struct point", "{}"),
    ("struct point", "{1}"),
    ("struct point", "{.y = 2}"),
    ("struct point", "{.y = 2, .x = 1}"),
    ("struct point", "{.x = 1, 2}"),
    ("struct point", "{.x = 1, .x = 3}"),
    ("struct bits", "{5, 100, -3, 0xffffffffff, 'e'}"),
    ("struct bits", "{.d = 1, .a = 9}"),
    ("union either", "{300}"),
    ("union either", "{.l = -1}"),
    ("union either", '{.text = "hello"}'),
    ("union either", "{.p = {1, 2}}"),
    ("union either", "{.p.y = 4}"),
    ("union either", "{.l = -1, .c = 1}"),
    ("union either", "{.p.x = 1, .p.y = 2}"),
    ("struct nest", '{"abc", {{1, 2}, {3, 4}}, {1, {2}}, B}'),
    ("struct nest", '{"abcdef", 1, 2, 3, 4, 5, 6, 7, 8, C, 9, 1, 2, 3, 4, 5, 6, 1, {}, 3, 2, 1}'),
    ("struct nest", '{.name = "abcdef", .at[1].y = 5, 6, 7}'),
    ("struct nest", "{.at = {[2] = {1, 2}, [0].y = 3}, .flag = 9}"),
    ("struct nest", "{.i = 3, B}"),
    ("struct nest", "{.b = {1, 2}, .kind = C}"),
    ("struct nest", "{.low = 2, {.b[1] = 1}}"),
    ("struct nest", "{.grid = {{1}, {2, 3}}, 1}"),
    ("struct nest", "{.grid[1] = {9}, .grid[0][1 ... 2] = 7, 5}"),
    ("struct nest", "{.at = {{1, 2}, {3, 4}}, .at = {[1].x = 9}}"),
    ("struct nest", "{.at[0 ... 2].x = 5, .at[1] = {.y = 1}}"),
    ("int [4]", "{1, 2}"),
    ("int []", "{1, 2, 3}"),
    ("int []", "{[4] = 1, [1] = 2, 3}"),
    ("int []", "{[2 ... 5] = 7}"),
    ("int [2][3]", "{{1}, {2, 3}}"),
    ("int [2][3]", "{1, 2, 3, 4}"),
    ("int [][2]", "{1, 2, 3}"),
    ("char []", '"hello"'),
    ("char []", '{"hello"}'),
    ("char [8]", '"hello"'),
    ("char [5]", '"hello"'),
    ("unsigned char [4]", '"abc"'),
    ("char [2][4]", '{"ab", "cd"}'),
    ("char [][4]", '{"ab", {1, 2}, "cde"}'),
    ("struct point []", "{1, 2, 3}"),
    ("struct point []", "{{1}, [3] = {.y = 4}}"),
    ("struct { char a[2]; int b; } []", '{"x", 1, "yz", 2}'),
    ("long", "sizeof(struct nest)"),
    ("int", "__builtin_offsetof(struct nest, grid[1])"),
)


def image(declared: Declare) -> str:
    """The bytes of the variable, in hexadecimal digits."""
    value = declared.value
    assert value is not None
    bits, type_ = 0, value.type
    if isinstance(value, Initializer):
        for part in value.parts:
            bits = put(bits, part.bit_offset, part.bit_size, part.value)
    else:
        bits = put(0, 0, 0, value)
    return bits.to_bytes(type_.size, "little").hex()


def put(bits: int, offset: int, width: int, value: Expr) -> int:
    if isinstance(value, Load):
        assert isinstance(value.place, StringPlace)
        data = value.place.data
        number, width = int.from_bytes(data, "little"), len(data) * 8
    else:
        number, width = evaluate(value), width or value.type.size * 8
    mask = (1 << width) - 1
    return bits & ~(mask << offset) | (number & mask) << offset


class RandomValues:
    """Random initialisers that fit a type."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def of(self, type_: object) -> str:
        match type_:
            case Record():
                return self.record(type_)
            case Array():
                return self.array(type_)
            case Integer() | Enumeration():
                return str(self.random.randint(-(1 << 20), 1 << 20))
        raise AssertionError(type_)

    def record(self, record: Record) -> str:
        members = [one for one in record.members if one.name]
        if record.keyword == "union":
            members = [self.random.choice(members)]
        else:
            members = self.random.sample(members, self.random.randint(0, len(members)))
        return f"{{{', '.join(self.designated(one) for one in members)}}}"

    def designated(self, member: Member) -> str:
        path, type_ = f".{member.name}", member.type
        while self.random.random() < 0.4:
            match type_:
                case Record() if type_.names():
                    name = self.random.choice(type_.names())
                    path, type_ = f"{path}.{name}", type_.find(name).type
                case Array(count=int(count)):
                    low = self.random.randrange(count)
                    high = self.random.randrange(low, count)
                    place = f"[{low} ... {high}]" if high > low else f"[{low}]"
                    path, type_ = f"{path}{place}", type_.element
                case _:
                    break
        return f"{path} = {self.of(type_)}"

    def array(self, array: Array) -> str:
        count = array.count or 0
        values = [self.of(array.element) for _ in range(self.random.randint(0, count))]
        return f"{{{', '.join(values)}}}"


def by_gcc(directory: Path, cases: list[tuple[str, str]]) -> list[str]:
    """What each variable holds, in hexadecimal digits."""
    text = [TYPES, "#include <stdio.h>", "int main(void)\n{"]
    for type_, value in cases:
        text.append(f"{{ static {variable(type_, 'v')} = {value};")
        text.append("for (unsigned long i = 0; i < sizeof v; i++)")
        text.append('printf("%02x", ((unsigned char *)&v)[i]);\nprintf("\\n"); }')
    source, program = directory / "values.c", directory / "values"
    source.write_text("\n".join([*text, "}"]))
    subprocess.run(["gcc", "-w", "-O0", "-o", program, source], check=True)
    ran = subprocess.run([program], capture_output=True, text=True, check=True)
    return ran.stdout.splitlines()


def variable(type_: str, name: str) -> str:
    """`int [2][3]` as a declaration."""
    base, bracket, counts = type_.partition(" [")
    return f"{base} {name}{'[' * bool(bracket)}{counts}"


def by_us(cases: list[tuple[str, str]]) -> list[str]:
    lines = [f"{variable(type_, f'v{i}')} = {value};" for i, (type_, value) in enumerate(cases)]
    made = in_function("\n".join(lines), before=TYPES)
    return [image(made[f"v{i}"]) for i in range(len(cases))]


def test_cases_make_the_same_bytes(tmp_path: Path) -> None:
    cases = list(CASES)
    for case, ours, theirs in zip(cases, by_us(cases), by_gcc(tmp_path, cases), strict=True):
        assert ours == theirs, case


@pytest.mark.parametrize("seed", range(3))
def test_random_values_make_the_same_bytes(seed: int, tmp_path: Path) -> None:
    random_values = RandomValues(seed)
    nest = in_function("struct nest n;", before=TYPES)["n"].variable.type
    cases = [("struct nest", random_values.of(nest)) for _ in range(150)]
    for case, ours, theirs in zip(cases, by_us(cases), by_gcc(tmp_path, cases), strict=True):
        assert ours == theirs, case
