"""Small C and C++ programs for tests to trace, and a view of the files they are compiled to."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from seismo.elf.binary import Binary
from seismo.elf.locate import locate
from seismo.elf.open import open_binary
from seismo.views import RecordedView

__all__ = (
    "CALLS_CPP",
    "STATIC_PROBES",
    "TARGET",
    "FileView",
    "compile_program",
    "has_cpp",
    "line_of",
)

TARGET = r"""
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct place { short row, column; };
struct point {
    int x, y;
    char name[8];
    const char *label;
    struct point *next;
    struct place at;
    unsigned low : 3, high : 5;
    union { int number; char letter; };
};

int total = 5;
volatile long sink;

__attribute__((noinline)) long add(long left, long right) {
    sink += left;                               /* the line of add */
    return left + right;
}
long plus(long left, long right) __attribute__((alias("add")));
long _add_up(long left, long right) __attribute__((alias("add")));

__attribute__((noinline)) long add_three(int8_t one, unsigned short two, _Bool three) {
    sink += one;
    return one + two + three;
}
__attribute__((noinline)) int visit(struct point *first, double weight, struct place at, char c) {
    sink += first->x + (int)weight + at.row + c;
    return -first->y;
}
static __attribute__((noinline, used)) int hidden(int value) { sink += value; return value * 2; }

static long (*choose(void))(long) { return (long (*)(long))hidden; }
long chosen(long value) __attribute__((ifunc("choose")));

int main(int argc, char **argv) {
    int calls = argc > 1 ? atoi(argv[1]) : 1;
    if (argc > 2) getchar();                    /* wait until we are traced */
    struct point second = {.x = 30, .y = 40, .name = "two", .label = "second"};
    struct point first = {.x = 3, .y = 4, .name = "one", .label = "first", .next = &second,
                          .at = {7, 8}, .low = 5, .high = 17, .number = 65};
    for (int i = 0; i < calls; i++) {
        sink += add(i, 10 * i);
        add_three(-1, 65535, 1);
        visit(&first, 2.5, (struct place){21, 22}, 'c');
        hidden(i);
    }
    if (argc > 2) { puts("done"); fflush(stdout); getchar(); }
    return 0;
}
"""

CALLS_CPP = r"""
#include <cstdlib>
#include <string>
namespace shapes {
volatile int sink;
__attribute__((noinline)) int area(int width, int height) { sink += width; return width * height; }
__attribute__((noinline)) int area(int side) { sink += side; return side * side; }
struct Box {
    int side;
    __attribute__((noinline)) int volume(int scale) const { sink += scale; return side * scale; }
};
template <typename T> __attribute__((noinline)) T twice(T value) { sink += 1; return 2 * value; }
}
int main(int argc, char **argv) {
    int calls = argc > 1 ? atoi(argv[1]) : 1;
    shapes::Box box{5};
    for (int i = 0; i < calls; i++) {
        shapes::area(2, 3);
        shapes::area(i);
        box.volume(4);
        shapes::twice<int>(i);
        shapes::twice<long>(i);
    }
}
"""

STATIC_PROBES = r"""
#include <stdio.h>
#include <stdlib.h>

/* A note as sys/sdt.h makes it: the format is SystemTap's UserSpaceProbeImplementation. */
#define PROBE(provider, name, semaphore, arguments, ...) __asm__ volatile ( \
    "990: nop\n" \
    ".pushsection .note.stapsdt, \"\", \"note\"\n" \
    ".balign 4\n.4byte 992f - 991f, 994f - 993f, 3\n" \
    "991: .asciz \"stapsdt\"\n992: .balign 4\n" \
    "993: .8byte 990b, _.stapsdt.base, " semaphore "\n" \
    ".asciz \"" provider "\"\n.asciz \"" name "\"\n.asciz \"" arguments "\"\n" \
    "994: .balign 4\n.popsection\n" :: __VA_ARGS__)
__asm__(".pushsection .stapsdt.base, \"a\", \"progbits\"\n_.stapsdt.base: .space 1\n.popsection");

__attribute__((section(".probes"))) volatile unsigned short guarded_semaphore;
volatile long global_count = 1000;

__attribute__((noinline)) void plain(int number) {
    PROBE("shop", "plain", "0", "", "r"(number));
}
__attribute__((noinline)) void sale(long price, int count) {
    volatile short kept = (short)-count;
    PROBE("shop", "sale", "0", "8@%0 -4@%1 -2@%2 -4@%3 8@%4",
          "r"(price), "r"(count), "m"(kept), "i"(-7), "m"(global_count));
}
__attribute__((noinline)) void in_register(long value) {
    PROBE("shop", "moved", "0", "-8@%0", "r"(value));
}
__attribute__((noinline)) void in_memory(long value) {
    volatile long kept = value;
    PROBE("shop", "moved", "0", "-8@%0", "m"(kept));
}
__attribute__((noinline)) void constant(void) {
    PROBE("shop", "moved", "0", "-8@%0", "i"(-3));
}
__attribute__((noinline)) void guarded(long value) {
    if (guarded_semaphore)
        PROBE("shop", "guarded", "guarded_semaphore", "8@%0", "r"(value));
}
__attribute__((noinline)) void twin(void) {
    PROBE("shop", "twin", "0", "", "i"(0));
    PROBE("store", "twin", "0", "", "i"(0));
}

int main(int argc, char **argv) {
    int calls = argc > 1 ? atoi(argv[1]) : 1;
    if (argc > 2) getchar();
    for (int i = 0; i < calls; i++) {
        global_count = 1000 + i;
        plain(i);
        sale(100 + i, i);
        in_register(i);
        in_memory(10 + i);
        constant();
        guarded(i);
        twin();
    }
    printf("%d\n", guarded_semaphore);
    if (argc > 2) { fflush(stdout); getchar(); }
    return 0;
}
"""


def compile_program(path: Path, source: str, *options: str) -> Path:
    """Compile C, or C++ for a path that ends so, to the path without its suffix."""
    path.write_text(source)
    compiler = "g++" if path.suffix == ".cpp" else "gcc"
    program = path.with_suffix("")
    command = [compiler, "-g", "-O1", *options, "-o", program.name, path.name]
    subprocess.run(command, check=True, cwd=path.parent, capture_output=True)
    return program


def has_cpp() -> bool:
    """Whether there is a C++ compiler."""
    return shutil.which("g++") is not None


def line_of(source: str, text: str) -> int:
    """The number of the line of a source that has the text."""
    return next(number for number, line in enumerate(source.splitlines(), 1) if text in line)


class FileView(RecordedView):
    """A recorded kernel, with `features`, over this machine's files; `running` are mapped."""

    def __init__(self, *features: str, running: Sequence[str] = ()) -> None:
        super().__init__(Path(__file__).parent / "recorded" / "6.18")
        self.features = {"uprobe", "cookie", *features}
        self.running = running

    def has(self, feature: str) -> bool:
        return feature in self.features

    def refusal(self, feature: str) -> tuple[str, str]:
        return f"CONFIG_{feature.upper()} is not set", "use another kernel"

    def binary(self, name: str) -> Binary:
        return open_binary(locate(name, os.environ))

    def process_binaries(self, pid: int) -> Sequence[str]:
        return self.running
