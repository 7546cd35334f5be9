"""Random C functions for property tests: what gcc makes of them is what they mean.

Every function ends, initialises what it reads, and does nothing that C leaves undefined but for
signed overflow, which `-fwrapv` defines. Its input is an array of unsigned longs, `ctx`.

>>> text = random_program(seed=7, size=20)
>>> native_answers(text, [INPUT], directory)
[1234]
"""

from __future__ import annotations

import random
import subprocess
from collections.abc import Sequence
from pathlib import Path

__all__ = ("INPUTS", "native_answers", "random_program")

INPUTS = 4
"""How many unsigned longs a function takes."""

_TYPES = (
    *("char", "signed char", "unsigned char", "short", "unsigned short", "int", "unsigned int"),
    *("long", "unsigned long", "long long", "unsigned long long", "_Bool"),
)
_CONSTANTS = (
    *("0", "1", "2", "7", "-1", "-3", "255", "0x80", "0x7fff", "0xffff8000", "2147483647"),
    *("0x80000000", "0xffffffffu", "1ul << 40", "-5l", "'a'", "0x8000000000000000ul", "3u"),
)
_RECORDS = """
struct inner { unsigned char a; int b; unsigned short c[3]; };
struct packed { unsigned char a; int b; unsigned long c; short d; } __attribute__((packed));
struct bits { int a : 5; unsigned int b : 7; int c : 20; unsigned char d : 3; unsigned long e : 40;
              unsigned int f : 32; _Bool g : 1; };
struct tight { int a : 30; unsigned int b : 31; unsigned long e : 63; unsigned char d : 5; }
    __attribute__((packed));
union both { unsigned long whole; unsigned int half[2]; struct { short low; short high; }; };
struct outer { char name[5]; struct inner one; struct inner two[2]; union both u; struct bits bits;
               unsigned __int128 wide; };
"""
_FIELDS = {
    "bits": (
        *(("a", "int"), ("b", "unsigned int"), ("c", "int"), ("d", "unsigned char")),
        *(("e", "unsigned long"), ("f", "unsigned int"), ("g", "_Bool")),
    ),
    "tight": (
        *(("a", "int"), ("b", "unsigned int"), ("e", "unsigned long"), ("d", "unsigned char")),
    ),
}
_HELPERS = """
static int scaled(int x, unsigned char by) { if (x < 0) return x - by; return x * by; }
static inline unsigned long summed(unsigned int *values, int count)
{
    unsigned long sum = 0;
    for (int i = 0; i < count; i++)
        sum += values[i];
    return sum;
}
static struct inner swapped(struct inner in)
{
    struct inner out = { .b = in.a, .a = in.b };
    for (int i = 0; i < 3; i++)
        out.c[i] = in.c[2 - i];
    in.b = 77;
    return out;
}
static void add_to(struct inner *at, long value) { if (!value) return; at->b += value; at->a++; }
static long far(short x)
{
    switch (x) {
    case -5: return 1;
    case 0 ... 9: x += 100;
    case 1000: return x;
    default: if (x > 20000) goto large;
    }
    return -x;
large:
    return 3000000000l * x;
}
"""


def random_program(seed: int, size: int) -> str:
    """A program text whose `f` has about `size` random statements."""
    return f"{_RECORDS}{_HELPERS}{_Writer(random.Random(seed)).program(size)}"


def native_answers(text: str, inputs: Sequence[Sequence[int]], directory: Path) -> list[int]:
    """What `f` gives for each input, as gcc understands it."""
    source, program = directory / "random.c", directory / "random"
    rows = ",\n".join("{" + ", ".join(f"{one}ul" for one in row) + "}" for row in inputs)
    source.write_text(
        f"#include <stdio.h>\n{text}\n"
        f"static unsigned long inputs[][{INPUTS}] = {{{rows}}};\n"
        f"int main(void) {{ for (int i = 0; i < {len(inputs)}; i++)\n"
        '    printf("%lu\\n", (unsigned long)f(inputs[i])); return 0; }\n'
    )
    command: list[str | Path] = [
        "gcc",
        "-O0",
        "-w",
        "-fwrapv",
        "-fno-strict-aliasing",
        "-o",
        program,
        source,
    ]
    subprocess.run(command, check=True, capture_output=True, text=True)
    done = subprocess.run([program], check=True, capture_output=True, text=True)
    return [int(line) for line in done.stdout.split()]


class _Writer:
    def __init__(self, random_: random.Random) -> None:
        self.random = random_
        self.lines: list[str] = []
        self.scalars: list[str] = []
        self.indent = 1
        self.made = 0

    def program(self, size: int) -> str:
        result = self.random.choice(_TYPES)
        self.line("unsigned int table[8] = { 1, [3] = 4, 5, [6 ... 7] = 9 };")
        self.line("struct inner pair[2] = { { 1, 2, { 3 } }, { .c = { 1, 2, 3 }, .b = -1 } };")
        self.line('struct outer all = { "abcde", .two[1].b = 6, .u = { .half = { 1, 2 } } };')
        self.line("struct bits bits = { 1, 2, .e = 77 }; struct packed packed = { .c = 3 };")
        self.line('struct tight tight = {}; char text[] = "hello"; long *at; int hidden = 3;')
        self.line("int *pointer = &hidden;")
        for index in range(INPUTS):
            self.declare(f"ctx[{index}]")
        self.statements(size, depth=0)
        self.total()
        body = "\n".join(self.lines)
        return f"{result} f(unsigned long *ctx)\n{{\n{body}\n}}\n"

    def line(self, text: str) -> None:
        self.lines.append("    " * self.indent + text)

    def name(self, prefix: str) -> str:
        self.made += 1
        return f"{prefix}{self.made}"

    def declare(self, value: str) -> None:
        name = self.name("v")
        self.line(f"{self.random.choice(_TYPES)} {name} = {value};")
        self.scalars.append(name)

    def total(self) -> None:
        """All that the function has computed, as one number."""
        self.line("unsigned long total = hidden;")
        places = [*self.scalars, "packed.a", "packed.b", "packed.c", "packed.d", "text[1]"]
        places += ["all.u.whole", "all.one.b", "all.two[1].c[2]", "all.name[4]", "(long)all.wide"]
        places += [f"bits.{name}" for name, _ in _FIELDS["bits"]]
        places += [f"tight.{name}" for name, _ in _FIELDS["tight"]]
        places += [f"table[{index}]" for index in range(8)]
        places += [f"pair[{index}].{one}" for index in range(2) for one in ("a", "b", "c[1]")]
        for place in places:
            self.line(f"total = total * 31 + (unsigned long){place};")
        self.line("return total ^ total >> 32;")

    # Statements

    def statements(self, count: int, depth: int) -> None:
        known = len(self.scalars)
        for _ in range(count):
            self.statement(depth)
        if depth:
            del self.scalars[known:]

    def statement(self, depth: int) -> None:
        simple = (self.assign, self.assign, self.compound, self.step, self.aggregate, self.call)
        nested = (self.branch, self.loop, self.switch, self.jump_over, self.jump_back)
        if depth < 3 and self.random.random() < 0.45:
            self.random.choice(nested)(depth + 1)
        elif self.random.random() < 0.15:
            self.declare(self.value(2))
        else:
            self.random.choice(simple)()

    def block(self, depth: int, opening: str) -> None:
        self.line(opening + " {")
        self.indent += 1
        self.statements(self.random.randint(1, 3), depth)
        self.indent -= 1
        self.line("}")

    def place(self) -> str:
        """Something to assign to."""
        index = self.value(1)
        return self.random.choice(
            (
                *self.scalars,
                *(f"table[({index}) & 7]", f"pair[({index}) & 1].b", f"pair[({index}) & 1].a"),
                *("all.one.c[1]", "all.u.high", "all.u.half[1]", f"text[({index}) & 3]"),
                *("packed.b", "packed.c", "packed.d", "*pointer", "hidden", "all.two[0].a"),
                *(f"bits.{name}" for name, _ in _FIELDS["bits"]),
                *(f"tight.{name}" for name, _ in _FIELDS["tight"]),
                f"*(&table[2] + (({index}) & 3))",
            )
        )

    def assign(self) -> None:
        self.line(f"{self.place()} = {self.value(3)};")

    def compound(self) -> None:
        op = self.random.choice(("+", "-", "*", "&", "|", "^"))
        self.line(f"{self.place()} {op}= {self.value(2)};")
        if self.random.random() < 0.3:
            self.line(f"{self.place()} {self.random.choice(('<<', '>>'))}= ({self.value(1)}) & 7;")
        if self.random.random() < 0.3:
            op = self.random.choice("/%")
            self.line(f"{self.place()} {op}= {self.divisor()};")

    def step(self) -> None:
        op = self.random.choice(("++", "--"))
        place = self.random.choice([*self.scalars, "bits.c", "packed.b", "table[5]", "(*pointer)"])
        one = self.random.choice((f"{place}{op}", f"{op}{place}"))
        if self.random.random() < 0.5:
            self.line(f"{one};")
        else:
            self.line(f"{{ long kept = {one}; hidden ^= kept; }}")

    def aggregate(self) -> None:
        index, value = self.value(1), self.value(2)
        self.line(
            self.random.choice(
                (
                    f"pair[({index}) & 1] = pair[0];",
                    "all.one = pair[1];",
                    "pair[0] = all.two[1];",
                    f"pair[1] = (struct inner){{ .b = {value}, .c = {{ 1, pair[1].c[0] }} }};",
                    f"pair[({index}) & 1] = swapped(pair[1]);",
                    f"all.wide = {value};",
                    "if (all.wide == (unsigned __int128)all.u.whole) hidden++;",
                    f"all.two[1] = ({index}) ? pair[0] : pair[1];",
                    f"bits = (struct bits){{ {value}, 2, .d = 3 }};",
                    "pair[1].b = swapped(all.one).b;",
                    f"{{ struct outer copy = all; copy.one.b = {value}; all = copy; }}",
                    f"packed = (struct packed){{ 1, {value}, 3 }};",
                )
            )
        )

    def call(self) -> None:
        index, value = self.value(1), self.value(2)
        self.line(
            self.random.choice(
                (
                    f"hidden = scaled({index}, {value});",
                    f"hidden += summed(table, ({index}) & 7);",
                    f"hidden += summed(&table[3], 2) + summed(table + 1, ({index}) & 3);",
                    f"add_to(&pair[({index}) & 1], {value});",
                    "add_to(&all.one, far(hidden));",
                    f"hidden ^= far({value}) + far(5);",
                    f"pointer = ({index}) ? &hidden : &pair[1].b;",
                    "at = (long *)&all.u.whole; *at += 3;",
                    f"hidden += &table[({index}) & 7] - &table[1];",
                    "hidden += (void *)&pair[1] > (void *)pair;",
                    "for (char *p = text; *p && p < text + 5; p++) hidden += *p;",
                )
            )
        )

    def branch(self, depth: int) -> None:
        self.block(depth, f"if ({self.value(2)})")
        if self.random.random() < 0.5:
            self.block(depth, "else")

    def loop(self, depth: int) -> None:
        counter, rounds = self.name("i"), self.random.choice((1, 2, 3, 5, 40))
        if depth > 1:
            rounds = min(rounds, 3)
        form = self.random.randint(0, 3)
        if form == 0:
            self.line(f"for (int {counter} = 0; {counter} < {rounds}; {counter}++) {{")
        elif form == 1:
            self.line("#pragma unroll")
            self.line(f"for (unsigned char {counter} = {rounds}; {counter}; {counter} -= 1) {{")
        else:
            self.line(f"unsigned int {counter} = 0;")
            self.line(f"while ({counter}++ < {rounds}) {{" if form == 2 else "do {")
        self.indent += 1
        self.line(f"hidden += {counter};")
        self.statements(self.random.randint(1, 2), depth)
        if self.random.random() < 0.4:
            self.line(f"if ({self.value(1)}) {self.random.choice(('break', 'continue'))};")
            self.statements(1, depth)
        self.indent -= 1
        self.line("}" if form < 3 else f"}} while (++{counter} < {rounds});")

    def switch(self, depth: int) -> None:
        self.line(f"switch ({self.value(2)}) {{")
        for low in self.random.sample(range(-3, 12, 2), self.random.randint(1, 4)):
            # Where the value is unsigned, no range begins below zero.
            label = self.random.choice((f"{low}", f"{low} ... {low + 1}" if low >= 0 else f"{low}"))
            self.line(f"case {label}:")
            self.block(depth, "")
            if self.random.random() < 0.6:
                self.line("break;")
        if self.random.random() < 0.6:
            self.line("default:")
            self.block(depth, "")
        self.line("}")

    def jump_over(self, depth: int) -> None:
        label = self.name("over")
        self.line(f"if ({self.value(1)}) goto {label};")
        self.block(depth, "")
        self.line(f"{label}: ;")

    def jump_back(self, depth: int) -> None:
        label, counter = self.name("back"), self.name("n")
        self.line(f"int {counter} = 0;")
        self.line(f"{label}:")
        self.block(depth, "")
        self.line(f"if (++{counter} < {self.random.randint(1, 3)}) goto {label};")

    # Expressions: none has an effect, so the order of evaluation does not matter

    def value(self, depth: int) -> str:
        if depth == 0 or self.random.random() < 0.2:
            return self.leaf()
        kinds = (
            *(self.binary, self.binary, self.binary, self.compare, self.unary, self.cast),
            *(self.shift, self.division, self.logical, self.conditional, self.statement_value),
            *(self.function, self.leaf, self.size),
        )
        return self.random.choice(kinds)(depth - 1)

    def leaf(self, _: int = 0) -> str:
        kind = self.random.random()
        if kind < 0.6:
            return self.random.choice(self.scalars) if self.scalars else "ctx[0]"
        if kind < 0.75:
            return f"({self.random.choice(_CONSTANTS)})"
        record = self.random.choice(tuple(_FIELDS))
        name, type_ = self.random.choice(_FIELDS[record])
        return self.random.choice(
            (
                *("table[2]", "pair[1].b", "all.u.low", "*pointer", "text[2]", "packed.b"),
                *("packed.c", "all.one.c[2]", "hidden", "pair->a", "(*(pair + 1)).c[0]"),
                # gcc computes with a bit field wider than int in so many bits.
                f"(({type_}){record}.{name})",
            )
        )

    def binary(self, depth: int) -> str:
        op = self.random.choice(("+", "-", "*", "&", "|", "^"))
        return f"({self.value(depth)} {op} {self.value(depth)})"

    def compare(self, depth: int) -> str:
        op = self.random.choice(("==", "!=", "<", "<=", ">", ">="))
        return f"({self.value(depth)} {op} {self.value(depth)})"

    def shift(self, depth: int) -> str:
        op = self.random.choice(("<<", ">>"))
        return f"({self.value(depth)} {op} ({self.value(depth)} & 31))"

    def divisor(self) -> str:
        """Neither 0 nor -1."""
        value = self.value(1)
        return self.random.choice(
            ("3", "-3", "8", f"((({value}) & 7) + 1)", f"(-(({value}) & 7) - 2)")
        )

    def division(self, depth: int) -> str:
        return f"({self.value(depth)} {self.random.choice('/%')} {self.divisor()})"

    def logical(self, depth: int) -> str:
        op = self.random.choice(("&&", "||"))
        return f"({self.value(depth)} {op} {self.value(depth)})"

    def unary(self, depth: int) -> str:
        return f"{self.random.choice(('-', '~', '!', '+'))}({self.value(depth)})"

    def cast(self, depth: int) -> str:
        return f"(({self.random.choice(_TYPES)}){self.value(depth)})"

    def conditional(self, depth: int) -> str:
        if self.random.random() < 0.2:
            return f"({self.value(depth)} ?: {self.value(depth)})"
        return f"({self.value(depth)} ? {self.value(depth)} : {self.value(depth)})"

    def statement_value(self, depth: int) -> str:
        name = self.name("w")
        type_ = self.random.choice(_TYPES)
        return (
            f"({{ {type_} {name} = {self.value(depth)}; {name} += {self.value(depth)}; {name}; }})"
        )

    def function(self, depth: int) -> str:
        value = self.value(depth)
        return self.random.choice(
            (f"scaled({value}, 3)", f"far({value})", "summed(table, 3)", "swapped(pair[0]).c[1]")
        )

    def size(self, depth: int) -> str:
        return f"sizeof({self.random.choice(('all', 'pair[0]', 'bits', 'packed', 'int', 'text'))})"
