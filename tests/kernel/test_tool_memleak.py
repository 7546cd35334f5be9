"""`memleak`: a program that keeps blocks from known places, and the kernel with open pipes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from stack_programs import build

from tool_runs import tool_rows, tool_run, tool_text

pytestmark = pytest.mark.kernel

_SOURCE = r"""
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
static void *kept[64];
static int count;
static void keep(void *block) { kept[count++] = block; }

void *here(long size) { return malloc(size); }
void *there(long size) { return calloc(size, 3); }
void *grow(void *block, long size) { return realloc(block, size); }
void *aligned(long size) { void *block; return posix_memalign(&block, 64, size) ? 0 : block; }
void *even(long size) { return aligned_alloc(64, size); }
void *mapped(long size) {
    return mmap(0, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void leak(void) {
    for (int i = 0; i < 7; i++) keep(here(100));
    for (int i = 0; i < 20; i++) free(here(33));
    for (int i = 0; i < 5; i++) keep(there(100));
    for (int i = 0; i < 20; i++) free(there(33));
    for (int i = 0; i < 3; i++) keep(grow(grow(grow(0, 10), 1000), 300000));
    void *block = grow(0, 11);
    keep(grow(block, 1L << 62) ? 0 : block);
    for (int i = 0; i < 4; i++) keep(aligned(128));
    for (int i = 0; i < 4; i++) free(aligned(128));
    for (int i = 0; i < 2; i++) keep(even(256));
    for (int i = 0; i < 2; i++) keep(mapped(4096));
    for (int i = 0; i < 2; i++) munmap(mapped(4096), 4096);
}

/* With an argument it waits for a byte before it begins, and for another one to end. */
int main(int argc, char **argv) {
    char byte;
    if (argc > 1 && read(0, &byte, 1) != 1) return 1;
    leak();
    if (argc > 1 && (write(1, "", 1) != 1 || read(0, &byte, 1) != 1)) return 1;
    return 0;
}
"""
_LEFT = {"here": 700, "there": 1500, "grow": 900011, "aligned": 512, "even": 512}
_PIPES = 5


@pytest.fixture(scope="module")
def leaky(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("memleak"), "leaky", _SOURCE)


def by_function(rows: list[dict[str, Any]]) -> dict[str, int]:
    """How many bytes each function of the program asked for, which `leak` called, and `main`."""
    sums: Counter[str] = Counter()
    for row in rows:
        frames = row["ustack"]
        if row["comm"] == "leaky":
            assert frames[1:3] == ["leak", "main"]
            sums[frames[0]] += row["bytes"]
    return sums


class Waiting:
    """A leaky process that waits until it may leak, and then again."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self.pid = process.pid

    def leak(self) -> None:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(b"x")
        assert self._process.stdout.read(1) == b"\0"


@contextmanager
def waiting(leaky: Path) -> Iterator[Waiting]:
    pipe = subprocess.PIPE
    with subprocess.Popen([leaky, "x"], stdin=pipe, stdout=pipe, bufsize=0) as process:
        try:
            yield Waiting(process)
        finally:
            process.kill()


def test_what_a_command_has_not_freed(leaky: Path) -> None:
    assert by_function(tool_rows("memleak", "-c", str(leaky))) == _LEFT


def test_what_a_process_has_not_freed_and_nobody_else(leaky: Path) -> None:
    with waiting(leaky) as one, waiting(leaky) as neighbour:

        def act() -> None:
            neighbour.leak()
            one.leak()

        rows = tool_rows("memleak", "-p", str(one.pid), "--mmap", act=act)
    assert {row["pid"] for row in rows} == {one.pid}
    assert by_function(rows) == _LEFT | {"mapped": 2 * 4096}


def test_blocks_of_a_size_as_text(leaky: Path) -> None:
    options = ("-O", "libc", "-z", "101", "-Z", "300", "--comm", "leaky", "--top", "2")
    text = tool_text("memleak", *options, "-c", str(leaky))
    sums = [line.split(", ")[2] for line in text.splitlines() if line.startswith("    comm = ")]
    assert sorted(sums) == ["1500 bytes", "512 bytes"]


def test_what_is_young_may_be_left_out(leaky: Path) -> None:
    assert tool_rows("memleak", "--older", "600000", "-c", str(leaky)) == []


def _size_class(size: int) -> int:
    """What kmalloc() takes for it: include/linux/slab.h, kmalloc_index()."""
    return next(one for one in (64, 96, 128, 192, 256, 512, 1024, 2048, 4096) if one >= size)


def _bytes_of_a_pipe() -> int:
    script = (
        'BEGIN { printf("%d %d", sizeof(struct pipe_inode_info), sizeof(struct pipe_buffer));'
        " exit(); }"
    )
    command = [sys.executable, "-m", "seismo", "-q", "-e", script]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    info, buffer = map(int, done.stdout.split())
    return _size_class(info) + _size_class(16 * buffer)


def test_what_the_kernel_keeps_for_a_process() -> None:
    kept: list[int] = []

    def act() -> None:
        for _ in range(_PIPES):
            kept.extend(os.pipe())
            for fd in os.pipe():
                os.close(fd)

    try:
        # Of what interrupts free while the program runs some is missed, and told.
        rows = tool_run("memleak", "--kernel", "--json", "-p", str(os.getpid()), act=act).rows
    finally:
        for fd in kept:
            os.close(fd)
    pipes = [row["bytes"] for row in rows if "alloc_pipe_info" in row["kstack"]]
    assert sum(pipes) == _PIPES * _bytes_of_a_pipe()
    assert {row["pid"] for row in rows} == {os.getpid()}
