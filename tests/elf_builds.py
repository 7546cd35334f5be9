"""Programs that tests compile, and what binutils say about them."""

from __future__ import annotations

import subprocess
from pathlib import Path

__all__ = ("PROBES", "TARGET", "build", "nm", "run", "sdt_source")

TARGET = """
#include <stdio.h>
int counter = 7;
static int values[4] = {1, 2, 3, 4};
static __attribute__((noinline)) int hidden_function(int n) { return values[n & 3] + counter; }
__attribute__((noinline)) int shared_function(int n) { return hidden_function(n) * 2; }
int alias_function(int n) __attribute__((alias("shared_function")));
__attribute__((weak)) int weak_function(int n) { return n - counter; }
__asm__(".globl assembly_label\\n.text\\nassembly_label: nop\\nret\\n");
static void *resolve(void) { return (void *)shared_function; }
int chosen_function(int n) __attribute__((ifunc("resolve")));
int main(int argc, char **argv) {
    return printf("%d\\n", shared_function(argc) + chosen_function(argc) + weak_function(1)) < 0;
}
"""
"""One symbol of each sort."""

PROBES = """
#include <stdint.h>
unsigned short semaphore_of_second __attribute__((section(".probes")));
static long global_value = 5;
long table[8];
int main(int argc, char **argv) {
    volatile char small = 3;
    long wide = argc * 10L;
    SDT("app", "first", "0", "-4@%0 8@%1 -1@%2 4@$17", "r"(argc), "r"(wide), "m"(small));
    SDT("app", "second", "semaphore_of_second", "8@%0", "m"(global_value));
    SDT("app", "none", "0", "", "r"(0));
    return 0;
}
"""


def sdt_source(body: str) -> str:
    """A C source in which `SDT(provider, name, semaphore, arguments, operand...)` is a probe."""
    return SDT + body


SDT = """
#define SDT(provider, name, semaphore, arguments, ...) __asm__ volatile( \\
    "990: nop\\n" \\
    ".pushsection .note.stapsdt,\\"?\\",\\"note\\"\\n.balign 4\\n" \\
    ".4byte 992f-991f, 994f-993f, 3\\n" \\
    "991: .asciz \\"stapsdt\\"\\n992: .balign 4\\n" \\
    "993: .8byte 990b, _.stapsdt.base, " semaphore "\\n" \\
    ".asciz \\"" provider "\\"\\n.asciz \\"" name "\\"\\n.asciz \\"" arguments "\\"\\n" \\
    "994: .balign 4\\n.popsection\\n" \\
    ".ifndef _.stapsdt.base\\n" \\
    ".pushsection .stapsdt.base,\\"aG\\",\\"progbits\\",.stapsdt.base,comdat\\n" \\
    ".weak _.stapsdt.base\\n.hidden _.stapsdt.base\\n" \\
    "_.stapsdt.base: .space 1\\n.size _.stapsdt.base, 1\\n.popsection\\n.endif\\n" \\
    : : __VA_ARGS__)
"""
"""What `<sys/sdt.h>` makes of a probe, where that is not installed."""


def run(*command: str | Path) -> str:
    """What a command that must succeed prints."""
    done = subprocess.run([str(one) for one in command], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def build(path: Path, source: str, *flags: str) -> Path:
    """Compiles a C source into the file `path`."""
    text = path.with_suffix(".c")
    text.write_text(source)
    run("gcc", "-O1", "-fno-inline", *flags, "-o", path, text)
    return path


def nm(path: Path, *flags: str) -> dict[str, int]:
    """The address of each symbol that has one, by its name without the version."""
    lines = [line.split() for line in run("nm", *flags, path).splitlines()]
    return {one[2].partition("@")[0]: int(one[0], 16) for one in lines if len(one) == 3}
