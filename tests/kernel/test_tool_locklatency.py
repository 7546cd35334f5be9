"""`locklatency`: a lock of the kernel and locks of a program, each held for a known time."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from stack_programs import build

from tool_runs import tool_rows, tool_text

pytestmark = pytest.mark.kernel

_HELD_NS = 50_000_000
_PROGRAM = r"""
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static volatile int turn, asking;
static volatile long waiter;

void want_mutex(void) { pthread_mutex_lock(&mutex); pthread_mutex_unlock(&mutex); }
void want_reading(void) { pthread_rwlock_rdlock(&rwlock); pthread_rwlock_unlock(&rwlock); }

static void *run(void *unused) {
    waiter = syscall(SYS_gettid);
    for (int i = 1; i <= 5; i++) {
        while (turn < i) usleep(100);
        asking = i;
        if (i <= 3) want_mutex(); else want_reading();
        if (i <= 3) want_mutex(); else want_reading();  /* free: nothing is waited for */
    }
    return unused;
}

/* Hold the lock until the other thread sleeps for it, and then for 50 ms. */
static void hold(int i) {
    char path[64], text[256], state = 0;
    turn = i;
    while (asking < i) usleep(100);
    snprintf(path, sizeof path, "/proc/self/task/%ld/stat", waiter);
    while (state != 'S') {
        FILE *file = fopen(path, "r");
        text[fread(text, 1, sizeof text - 1, file)] = 0;
        fclose(file);
        state = strrchr(text, ')')[2];
    }
    usleep(50000);
}

int main(void) {
    pthread_t thread;
    pthread_create(&thread, 0, run, 0);
    for (int i = 1; i <= 5; i++) {
        if (i <= 3) {
            pthread_mutex_lock(&mutex);
            hold(i);
            pthread_mutex_unlock(&mutex);
        } else {
            pthread_rwlock_wrlock(&rwlock);
            hold(i);
            pthread_rwlock_unlock(&rwlock);
        }
        usleep(20000);
    }
    return pthread_join(thread, 0);
}
"""
_WRITER = "import os, sys; sys.stdin.read(1); os.write({fd}, b'x' * {count})"


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("locks"), "locks", _PROGRAM, "-pthread")


class Writer:
    """A process that waits until it may write to a terminal."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self.pid = process.pid

    def write(self) -> None:
        """Let it write, and wait until it must wait."""
        assert self._process.stdin
        self._process.stdin.write(b"x")
        self._process.stdin.close()
        while "tty_write" not in Path(f"/proc/{self.pid}/stack").read_text():
            time.sleep(0.01)
        while self._state() != "S":
            time.sleep(0.01)

    def has_ended(self) -> bool:
        return self._process.poll() is not None

    def _state(self) -> str:
        return Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0]


@contextmanager
def writing(fd: int, count: int) -> Iterator[Writer]:
    command = [sys.executable, "-c", _WRITER.format(fd=fd, count=count)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, bufsize=0, pass_fds=(fd,)) as process:
        try:
            yield Writer(process)
        finally:
            process.kill()


@contextmanager
def terminal() -> Iterator[tuple[int, int]]:
    """The ends of one that changes nothing of what is written to it."""
    ends = os.openpty()
    try:
        tty.setraw(ends[1])
        yield ends
    finally:
        for fd in ends:
            os.close(fd)


def test_who_waits_for_a_lock_of_the_kernel() -> None:
    """A process that writes to a full terminal has its lock, and a second one waits for that."""
    with (
        terminal() as (master, slave),
        writing(slave, 1 << 20) as holder,
        writing(slave, 1) as waiter,
    ):

        def act() -> None:
            holder.write()
            waiter.write()
            time.sleep(_HELD_NS / 1e9)
            os.set_blocking(master, False)
            while not (holder.has_ended() and waiter.has_ended()):
                try:
                    os.read(master, 1 << 16)
                except BlockingIOError:
                    time.sleep(0.001)

        rows = tool_rows("locklatency", "-p", str(waiter.pid), act=act)
        pid = waiter.pid
    stacks = [one for one in rows if "kstack" in one]
    assert {one["pid"] for one in stacks} == {pid}
    (stack,) = [one for one in stacks if any("tty_write" in frame for frame in one["kstack"])]
    assert stack["ns"] >= _HELD_NS
    longest = max((one for one in rows if "lock" in one), key=lambda one: one["total_ns"])
    assert (longest["kind"], longest["waits"]) == ("mutex", 1)
    assert longest["total_ns"] == longest["longest_ns"] == stack["ns"]


def test_who_waits_for_a_lock_of_a_program(program: Path) -> None:
    rows = tool_rows("locklatency", "--user", "-c", str(program))
    locks = {one["kind"]: one for one in rows if "lock" in one}
    assert {kind: one["waits"] for kind, one in locks.items()} == {"mutex": 3, "rwlock:R": 2}
    stacks = {one["ustack"][0]: one for one in rows if "ustack" in one}
    assert {name: one["comm"] for name, one in stacks.items()} == {
        "want_mutex": "locks",
        "want_reading": "locks",
    }
    for kind, function, waits in (("mutex", "want_mutex", 3), ("rwlock:R", "want_reading", 2)):
        assert stacks[function]["ustack"][1] == "run"
        assert stacks[function]["ns"] == locks[kind]["total_ns"] >= waits * _HELD_NS
        assert locks[kind]["longest_ns"] <= locks[kind]["total_ns"] - (waits - 1) * _HELD_NS


def test_the_locks_stand_below_the_stacks(program: Path) -> None:
    text = tool_text("locklatency", "--user", "-c", str(program))
    above, _, table = text.partition("LOCK ")
    assert "want_mutex+" in above
    heading, *rows = ("LOCK " + table).splitlines()
    assert heading.split() == ["LOCK", "KIND", "TOTAL_NS", "WAITS", "LONGEST_NS"]
    assert [row.split()[1] for row in rows] == ["mutex", "rwlock:R"]
