"""A program whose functions are called a known number of times, for the tools that analyse them."""

from __future__ import annotations

from pathlib import Path

from user_programs import compile_program

__all__ = ("CALLS", "NAPS_MS", "program")

CALLS = {"leaf": 12, "first_way": 4, "second_way": 8, "nap": 3, "descend": 10, "say": 3}
"""How often each function is called: `descend` calls itself, ten times in all."""

NAPS_MS = 20
"""How long `nap` sleeps."""

_SOURCE = r"""
#include <stdio.h>
#include <string.h>
#include <time.h>
volatile long sink;
__attribute__((noinline)) long leaf(long value) { sink += value; return value * 2; }
__attribute__((noinline)) long middle(long value) { return leaf(value) + 1; }
__attribute__((noinline)) long first_way(long value) { return middle(value) + 1; }
__attribute__((noinline)) long second_way(long value) { return middle(value) + 2; }
__attribute__((noinline)) int nap(long ms) {
    struct timespec length = {0, ms * 1000000};
    return nanosleep(&length, 0);
}
__attribute__((noinline)) long descend(long depth) {
    sink += depth;
    return depth > 1 ? descend(depth - 1) + sink : 0;
}
__attribute__((noinline)) const char *say(const char *word, int times) {
    sink += times;
    return word + 1;
}
int main(void) {
    for (int i = 0; i < 4; i++) first_way(i);
    for (int i = 0; i < 8; i++) second_way(100);
    for (int i = 0; i < 3; i++) nap(20);
    descend(10);
    /* What has not been touched is not in memory, and cannot be read by a tracer. */
    char one[] = "one", two[] = "two";
    say(one, 1);
    say(two, 2);
    say(two, 3);
    return 0;
}
"""


def program(directory: Path) -> str:
    """The program, compiled so that nothing is left out and functions keep their frames."""
    return str(compile_program(directory / "analysed.c", _SOURCE, "-O0"))
