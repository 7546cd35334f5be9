"""A process whose events are known to the last one: it does what a line on its input asks for."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ("Target", "target")

_SOURCE = r"""
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

volatile long watched;
static char *fresh;

__attribute__((noinline)) void called(void) { __asm__ volatile("" ::: "memory"); }

static void touch(long pages) {
    for (long i = 0; i < pages; i++, fresh += 4096) *fresh = 1;
}

static void burn(long milliseconds) {
    struct timespec now;
    do {
        for (volatile int i = 0; i < 100000; i++);
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    } while (now.tv_sec * 1000 + now.tv_nsec / 1000000 < milliseconds);
}

/* Reads and writes without stdio, whose buffers would have faults of their own. */
int main(void) {
    static char line[64];
    fresh = mmap(0, 4096 * 1024, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    madvise(fresh, 4096 * 1024, MADV_NOHUGEPAGE);
    int size = snprintf(line, sizeof line, "%p %p\n", (void *)&watched, (void *)called);
    do {
        if (write(1, line, size) != size) return 1;
        size = read(0, line, sizeof line - 1);
        if (size <= 0) return 0;
        line[size] = 0;
        long count = 0;
        for (char *at = line + 2; *at >= '0' && *at <= '9'; at++) count = count * 10 + *at - '0';
        switch (line[0]) {
        case 'b': burn(count); break;
        case 'c': for (long i = 0; i < count; i++) called(); break;
        case 'r': for (long i = 0; i < count; i++) (void)watched; break;
        case 't': touch(count); break;
        case 'w': for (long i = 0; i < count; i++) watched = i; break;
        }
        size = 1;
        line[0] = '\n';
    } while (1);
}
"""


class Target:
    """The process: `variable` and `function` are where its `watched` and `called` are."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self.pid = process.pid
        self.variable, self.function = (int(one, 16) for one in self._answer().split())

    def do(self, what: str, count: int) -> None:
        """Have something done so often: `burn` CPU time (ms, in all), `call`, `read`, `touch` a
        page, `write`; when this returns, the process waits again."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{what[0]} {count}\n".encode())
        self._process.stdin.flush()
        assert self._answer() == b"\n"

    def switches(self) -> int:
        """How often the kernel has put another task in its place so far."""
        text = Path(f"/proc/{self.pid}/status").read_text()
        return sum(int(line.split()[1]) for line in text.splitlines() if "ctxt_switches" in line)

    def _answer(self) -> bytes:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


@contextmanager
def target(folder: Path) -> Iterator[Target]:
    """The process, compiled in `folder` at fixed addresses; it waits for something to do."""
    source, program = folder / "target.c", folder / "target"
    source.write_text(_SOURCE)
    subprocess.run(["cc", "-O1", "-no-pie", "-o", program, source], check=True)
    pipe = subprocess.PIPE
    with subprocess.Popen([program], stdin=pipe, stdout=pipe) as process:
        try:
            yield Target(process)
        finally:
            process.kill()
