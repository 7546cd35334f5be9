"""Small C programs with known calls on their stacks, and what scripts print of them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

__all__ = (
    "AT_GETPPID",
    "CALLS",
    "CHAIN",
    "WITHOUT_POINTERS",
    "WITH_POINTERS",
    "build",
    "frames",
    "seismo",
)

# The system call is made in place: libc's function for it has no frame pointer.
CALLS = r"""
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
static inline __attribute__((always_inline)) long enter(void) {
    long result;
    __asm__ volatile("syscall" : "=a"(result) : "0"(SYS_getppid) : "rcx", "r11", "memory");
    return result;
}
"""
CHAIN = (
    CALLS
    + r"""
__attribute__((noinline)) long inner(long depth) { return enter() + depth; }
__attribute__((noinline)) long outer(long depth) {
    return depth > 0 ? outer(depth - 1) + 1 : inner(depth) + 1;
}
int main(int argc, char **argv) {
    long sum = 0;
    for (int count = argc > 1 ? atoi(argv[1]) : 1; count > 0; count--)
        sum += outer(argc > 2 ? atoi(argv[2]) : 0);
    return sum == 0;
}
"""
)
AT_GETPPID = "tracepoint:syscalls:sys_enter_getppid /pid == cpid/"
WITH_POINTERS = ("-O0", "-fno-omit-frame-pointer")
WITHOUT_POINTERS = ("-O2", "-fomit-frame-pointer", "-fno-optimize-sibling-calls", "-fno-ipa-cp")


def build(
    folder: Path, name: str, source: str, *flags: str, how: tuple[str, ...] = WITH_POINTERS
) -> Path:
    """A program, or what the flags say, from C; `how` its stacks are laid out."""
    code, path = folder / f"{name}.c", folder / name
    code.write_text(source)
    subprocess.run(["gcc", *how, *flags, "-o", path, code], check=True)
    return path


def seismo(script: str, command: str, *options: str) -> str:
    """What the script prints while the command runs; nothing may go to standard error."""
    done = subprocess.run(
        [sys.executable, "-m", "seismo", "-q", *options, "-e", script, "-c", command],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def frames(text: str) -> list[str]:
    """The symbols of the only stack in a text, without offsets."""
    return [line.strip().rpartition("+")[0] for line in text.splitlines() if "+" in line]
