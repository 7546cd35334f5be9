"""Probes of programs as the language's reference has them: one script, its whole output."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from script_runs import run_script
from user_programs import STATIC_PROBES, compile_program, has_cpp, line_of

pytestmark = pytest.mark.kernel

VALUES = r"""
#include <stdint.h>
#include <unistd.h>
enum color { RED, GREEN = 5, BLUE = -2 };
typedef enum color color_t;
struct inner { int8_t small; uint16_t wide; struct { long deep; int list[4]; } in; };
struct outer {
    struct inner one;
    struct inner *other;
    char name[16];
    const char *label;
    enum color color;
    _Bool flag;
    unsigned low : 3, high : 9;
    int minus : 5;
    struct outer *next;
    short grid[2][3];
    union { int number; char letter; };
};
struct file;
struct file *opened(void);
long contents(struct file *file);
volatile long sink;
#define CALLED __attribute__((noinline))
CALLED void widths(int8_t a, uint8_t b, int16_t c, uint16_t d, int32_t e, uint32_t f) {
    sink += a + b + c + d + e + f;
}
CALLED void longs(long a, unsigned long b, char c, signed char d, unsigned char e) {
    sink += a + b + c + d + e;
}
CALLED struct outer *whole(_Bool flag, enum color color, color_t same, const char *text,
                           struct outer *it) {
    sink += flag + color + same + *text + *it->label;           /* the line of whole */
    return it;
}
CALLED int deep(int n) { sink += n; int below = n ? deep(n - 1) : 0; sink += n; return below + 1; }
CALLED int minus(int n) { sink += n; return -n; }
CALLED _Bool is_odd(int n) { sink += n; return n & 1; }
static const char *volatile words[] = {"even", "odd"};
CALLED const char *word(int n) { const char *it = words[n & 1]; sink += *it; return it; }
CALLED long use(struct file *file) { sink++; return contents(file); }
CALLED void leaf(void) { sink++; getppid(); sink++; }
CALLED void branch(void) { leaf(); sink++; }
int main(void) {
    struct inner inner = {-3, 65000, {1L << 40, {1, -2, 3, 4}}};
    struct outer next = {.name = "second", .label = "other"};
    struct outer it = {.one = {-1, 40000, {-5, {9, 8, 7, 6}}}, .other = &inner, .name = "first",
                       .label = "label", .color = GREEN, .flag = 1, .low = 5, .high = 300,
                       .minus = -7, .next = &next, .grid = {{1, 2, 3}, {4, 5, -6}}, .number = 66};
    sink += *next.label + word(7)[0];
    widths(-1, 255, -2, 65535, -3, 4294967295u);
    longs(-1, ~0ul, 'A', -4, 200);
    whole(1, GREEN, BLUE, "a text", &it);
    deep(3);
    minus(7);
    is_odd(7);
    use(opened());
    branch();
    return 0;
}
"""
OTHER_SOURCE = r"""
struct file { int number; char name[8]; };
struct file *opened(void) { static struct file it = {42, "theirs"}; return &it; }
__attribute__((noinline)) long contents(struct file *file) { return file->number; }
"""
CLASSES = r"""
namespace shop {
volatile int sink;
struct Base { int first; virtual ~Base() {} };
class Item : public Base {
public:
    enum class Kind : unsigned char { OLD = 1, NEW = 200 } kind;
    short sizes[3];
    explicit Item(int value) : kind(Kind::NEW), sizes{1, -2, 3} { first = value; }
    __attribute__((noinline)) int priced(int by) const { sink += by; return first * by; }
    __attribute__((noinline)) int operator+(int by) const { sink += by; return first + by; }
};
__attribute__((noinline)) int look(const Item &item, int &count, Item::Kind kind) {
    sink += item.first;
    return count + (int)kind;
}
__attribute__((noinline)) void over(int) { sink += 1; }
__attribute__((noinline)) void over(const char *) { sink += 2; }
template <typename T, int N> __attribute__((noinline)) T times(T value) {
    sink += 3;
    return N * value;
}
}
int main() {
    shop::Item item(7);
    int count = 3;
    shop::look(item, count, shop::Item::Kind::OLD);
    item.priced(2);
    item + 2;
    shop::over(1);
    shop::over("");
    shop::times<int, 3>(1);
    shop::times<long, 4>(1);
}
"""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("values")
    (folder / "other.c").write_text(OTHER_SOURCE)
    flags = ("-fno-omit-frame-pointer", "-fno-optimize-sibling-calls")
    return compile_program(folder / "values.c", VALUES, *flags, "other.c")


@pytest.fixture(scope="module")
def classes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not has_cpp():
        pytest.skip("there is no C++ compiler")
    return compile_program(tmp_path_factory.mktemp("classes") / "classes.cpp", CLASSES)


@pytest.fixture(scope="module")
def static_probes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compile_program(tmp_path_factory.mktemp("static") / "shop.c", STATIC_PROBES)


def printed(script: str, program: Path) -> list[str]:
    """The lines that a script, in which PROGRAM is the program, prints while that runs; without
    empty ones."""

    def act() -> None:
        subprocess.run([program], check=True, stdout=subprocess.DEVNULL)

    ran = run_script(script.replace("PROGRAM", str(program)), act)
    assert ran.errors == ""
    return [line for line in ran.output.splitlines() if line]


def at(function: str, body: str) -> str:
    return f"uprobe:PROGRAM:{function} {{ {body} }}"


ARGUMENTS = (
    (
        at("widths", "print(args);"),
        ["{ .a = -1, .b = 255, .c = -2, .d = 65535, .e = -3, .f = 4294967295 }"],
    ),
    (
        at("widths", "@[args.a, args.b] = min(args.e); @sum = sum(args.c); @h = hist(args.d);"),
        ["@[-1, 255]: -3", "@h:", f"[32K, 64K)             1 |{'@' * 52}|", "@sum: -2"],
    ),
    (at("longs", "print(args.a); print(args.b);"), ["-1", "18446744073709551615"]),
    (at("longs", 'printf("%c %d %d", args.c, args.d, args.e);'), ["A -4 200"]),
    (
        at("whole", "print((args.flag, args.color, args.same)); @[args.color] = count();"),
        ["(true, GREEN, BLUE)", "@[GREEN]: 1"],
    ),
    (
        at("whole", 'printf("%s %d %s", str(args.text), args.same, str(args.it.label));'),
        ["a text -2 label"],
    ),
    (
        at("whole", "print((args.it.name, args.it.next.name, args.it.other.wide));"),
        ["(first, second, 65000)"],
    ),
    (
        at("whole", "print(args.it.one); print(args.it.other.in.list[1]);"),
        ["{ .small = -1, .wide = 40000, .in = { .deep = -5, .list = [9,8,7,6] } }", "-2"],
    ),
    (
        at("whole", "$it = args.it; print(($it.low, $it.high, $it.minus, $it.flag, $it.letter));"),
        ["(5, 300, -7, true, 66)"],
    ),
    (at("whole", "print(args.it.grid); print(args.it.grid[1][2]);"), ["[[1,2,3],[4,5,-6]]", "-6"]),
    (at("whole", "@kept = *args.it.other; print(@kept.in.deep); clear(@kept);"), [str(1 << 40)]),
    (
        'uprobe:PROGRAM:whole /args.flag && str(args.text) == "a text"/ { print(arg1); }'
        "uprobe:PROGRAM:whole /!args.flag/ { print(0); }",
        ["5"],
    ),
)


@pytest.mark.parametrize(("script", "lines"), ARGUMENTS)
def test_arguments_by_debug_information(script: str, lines: list[str], program: Path) -> None:
    assert printed(script, program) == lines


NAMED = (
    (at("whole", "print(((struct outer *)arg4).name);"), ["first"]),
    ("uretprobe:PROGRAM:whole { print(((struct outer *)retval).next.name); }", ["second"]),
    (at("whole", "print((enum color)arg1); print((color_t)arg2);"), ["GREEN", "BLUE"]),
    (at("whole", "print(args.color == GREEN); print(args.same == RED);"), ["true", "false"]),
    (at("whole", "print(sizeof(struct inner)); print(offsetof(struct inner, in));"), ["32", "8"]),
    # What the script declares wins over the program's.
    ("struct outer { char byte; };" + at("whole", "print(sizeof(struct outer));"), ["1"]),
    ("enum mine { GREEN = 9 };" + at("whole", "print((int64)GREEN);"), ["9"]),
    # Here the struct is only declared, and the kernel has one of the same name.
    (at("use", "print(args.file.number); print(args.file.name);"), ["42", "theirs"]),
    (at("use", "print(*args.file);"), ["{ .number = 42, .name = theirs }"]),
    (
        at("contents", "print(args.file.number);")
        + "tracepoint:syscalls:sys_enter_getppid /comm == \"values\"/"
        " { print(((struct task_struct *)curtask).comm); }",
        ["42", "values"],
    ),
)  # fmt: skip


@pytest.mark.parametrize(("script", "lines"), NAMED)
def test_types_and_constants_of_the_program(script: str, lines: list[str], program: Path) -> None:
    assert printed(script, program) == lines


def test_structs_of_one_name_in_two_programs(program: Path, tmp_path: Path) -> None:
    source = """
        struct outer { char word[4]; int z; } it = {"abc", 9};
        __attribute__((noinline)) int whole(struct outer *it) { return it->z; }
        int main(void) { return whole(&it) != 9; }
    """
    other = compile_program(tmp_path / "other.c", source, "-O0")

    def act() -> None:
        for one in (program, other):
            subprocess.run([one], check=True)

    body = "{ print(*args.it); }"
    ran = run_script(f"uprobe:{program}:whole {body} uprobe:{other}:whole {body}", act)
    first, second = (line for line in ran.output.splitlines() if line)
    assert first.startswith("{ .one = { .small = -1,")
    assert second == "{ .word = abc, .z = 9 }"


RESULTS = (
    (
        "uprobe:PROGRAM:deep { @in[arg0] = count(); } uretprobe:PROGRAM:deep { @[retval]++; }",
        [*(f"@[{n}]: 1" for n in (1, 2, 3, 4)), *(f"@in[{n}]: 1" for n in (0, 1, 2, 3))],
    ),
    ("uretprobe:PROGRAM:minus { print((int32)retval); @ = min((int32)retval); }", ["-7", "@: -7"]),
    ("uretprobe:PROGRAM:is_odd { print((bool)retval); }", ["true"]),
    ("uretprobe:PROGRAM:word { @[str(retval)] = count(); }", ["@[odd]: 1"]),
    ("uretprobe:PROGRAM:deep { @[probe] = count(); }", ["@[uretprobe:PROGRAM:deep]: 4"]),
    # At one place probes run in the order in which they were written.
    (
        " ".join(f"uprobe:PROGRAM:minus {{ print({n}); }}" for n in range(5)),
        [str(n) for n in range(5)],
    ),
    (
        "uprobe:PROGRAM:is_odd, uprobe:PROGRAM:minus, uretprobe:PROGRAM:minus"
        " { @[probe] = count(); }",
        [
            "@[uprobe:PROGRAM:is_odd]: 1",
            "@[uprobe:PROGRAM:minus]: 1",
            "@[uretprobe:PROGRAM:minus]: 1",
        ],
    ),
)  # fmt: skip


@pytest.mark.parametrize(("script", "lines"), RESULTS)
def test_results_and_orders(script: str, lines: list[str], program: Path) -> None:
    wanted = [line.replace("PROGRAM", str(program)) for line in lines]
    assert printed(script, program) == wanted


def test_a_line_of_the_source(program: Path) -> None:
    line = line_of(VALUES, "the line of whole")
    assert printed(f"uprobe:PROGRAM@values.c:{line} {{ @ = count(); }}", program) == ["@: 1"]


STACKS = (
    (at("leaf", "print(ustack(2)); print(len(ustack(2)));"), ["leaf+0", "branch+", "2"]),
    (at("leaf", 'printf("%s|", ustack(1));'), ["leaf+0", "|"]),
    (at("leaf", "print((1, ustack(1)));"), ["(1,", "leaf+0", ")"]),
    (at("leaf", "@[ustack(1), 5] = count();"), ["@[", "leaf+0", ", 5]: 1"]),
    (at("leaf", "@ = ustack(2);"), ["@:", "leaf+0", "branch+"]),
    (at("leaf", '@[usym(reg("ip"))] = count(); print(func);'), ["leaf", "@[leaf]: 1"]),
    (at("leaf", "$f = func; print((1, $f)); print(usym(0));"), ["(1, leaf)", "0"]),
    # Of the names that libc has for it, the one that programs use; it has no frame of its own, so
    # that the frame pointer leads past its caller.
    (
        'tracepoint:syscalls:sys_enter_getppid /comm == "values"/ { print(ustack(3)); }',
        ["getppid+", "branch+", "main+"],
    ),
)


@pytest.mark.parametrize(("script", "beginnings"), STACKS)
def test_stacks_and_symbols(script: str, beginnings: list[str], program: Path) -> None:
    lines = [line.strip() for line in printed(script, program)]
    assert len(lines) == len(beginnings)
    for line, beginning in zip(lines, beginnings, strict=True):
        assert line.startswith(beginning)


CPP = (
    (
        "uprobe:PROGRAM:cpp:shop::look"
        " { print((args.item.first, *args.count, args.kind, args.item.kind)); }",
        ["(7, 3, OLD, NEW)"],
    ),
    (
        "uprobe:PROGRAM:shop::Item::priced { print((args.this.first, args.by)); }",
        ["(7, 2)"],
    ),
    ("uprobe:PROGRAM:cpp:shop::look { print(args.item.sizes); }", ["[1,-2,3]"]),
    ("uprobe:PROGRAM:cpp:shop::over { @ = count(); }", ["@: 2"]),
    ('uprobe:PROGRAM:cpp:"shop::over(char const*)" { @ = count(); }', ["@: 1"]),
    ('uprobe:PROGRAM:cpp:"shop::Item::operator+" { @ = count(); }', ["@: 1"]),
    ("uprobe:PROGRAM:_ZN4shop4overEi { print(func); }", ["shop::over(int)"]),
    (
        'uprobe:PROGRAM:cpp:"shop::times*" { @[func] = count(); }',
        ["@[int shop::times<int, 3>(int)]: 1", "@[long shop::times<long, 4>(long)]: 1"],
    ),
    ("uretprobe:PROGRAM:cpp:shop::Item::priced { print(retval); }", ["14"]),
)


@pytest.mark.parametrize(("script", "lines"), CPP)
def test_functions_of_cpp(script: str, lines: list[str], classes: Path) -> None:
    assert printed(script, classes) == lines


STATIC = (
    (
        "usdt:PROGRAM:shop:sale { print((arg0, (int32)arg1, arg4)); }",
        ["(100, 0, 1000)"],
    ),
    ("usdt:PROGRAM:plain { @ = count(); }", ["@: 1"]),
    ("usdt:PROGRAM:shop:moved { @[(int64)arg0] = count(); }", ["@[-3]: 1", "@[0]: 1", "@[10]: 1"]),
    ("usdt:PROGRAM:guarded { @ = count(); }", ["@: 1"]),
    (
        "usdt:PROGRAM:*:twin { @[probe] = count(); }",
        ["@[usdt:PROGRAM:shop:twin]: 1", "@[usdt:PROGRAM:store:twin]: 1"],
    ),
)


@pytest.mark.parametrize(("script", "lines"), STATIC)
def test_static_probes(script: str, lines: list[str], static_probes: Path) -> None:
    wanted = [line.replace("PROGRAM", str(static_probes)) for line in lines]
    assert printed(script, static_probes) == wanted
