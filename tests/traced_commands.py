"""What tests of tracing by ptrace share: commands traced to their end, and a program to trace."""

from __future__ import annotations

import os
import select
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from seismo.base.dataclass import dataclass
from seismo.base.errors import SyscallError
from seismo.engine.hit import Hit
from seismo.engine.live.source import CommandSource
from seismo.ui.cli.command import Command
from user_programs import compile_program

__all__ = ("Traced", "build_subject", "calls", "trace")

_SECONDS = 60
_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class Traced:
    """The hits of a command, and how it ended: its exit status, -N after signal N."""

    pid: int
    hits: tuple[Hit, ...]
    status: int | None

    def at(self, name: str) -> list[Hit]:
        """Those of one place, by the end of its name."""
        return [hit for hit in self.hits if hit.at.endswith(f":{name}")]

    def names(self, *tids: int) -> list[str]:
        """What happened, in order, to these tasks (or to all)."""
        return [hit.at.rpartition(":")[2] for hit in self.hits if not tids or hit.task.tid in tids]


def trace(
    command: str,
    *places: str,
    look: Callable[[Hit], None] = lambda hit: None,
    until: Callable[[CommandSource], bool] = lambda source: source.is_over,
) -> Traced:
    """Run a command and have the hits of `places` (without `tracepoint:`), while `look` is called
    with each. Skips where ptrace(2) is refused; fails if it takes a minute."""
    hits: list[Hit] = []

    def fire(hit: Hit) -> None:
        hits.append(hit)
        look(hit)

    with Command(command) as child:
        with CommandSource(*child.lend()) as source:
            source.want(frozenset([_full(one) for one in places]))
            _start(source)
            child.release()
            end = time.monotonic() + _SECONDS
            while not until(source):
                assert time.monotonic() < end, f"{command} does not end"
                if not source.pump(fire, _AT_ONCE):
                    select.select(source.fds, (), (), 0.2)
        child.check()
        return Traced(child.pid, tuple(hits), child.status)


def calls(names: Iterable[str]) -> tuple[str, ...]:
    """Entry and exit of these system calls."""
    return tuple([f"syscalls:sys_{way}_{one}" for one in names for way in ("enter", "exit")])


def build_subject(directory: Path) -> str:
    """The path of a program that does what its first argument says."""
    return str(compile_program(directory / "subject.c", _SUBJECT, "-pthread"))


def _start(source: CommandSource) -> None:
    try:
        source.start()
    except SyscallError as error:
        if os.geteuid() == 0 and "CI" in os.environ:
            raise
        pytest.skip(f"ptrace is refused here: {error}")


def _full(place: str) -> str:
    return place if place.startswith("rawtracepoint:") else f"tracepoint:{place}"


_SUBJECT = r"""
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int rounds;
static void heard(int number) { (void)number; }
static void pause_ms(long ms) {
    struct timespec span = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&span, 0);
}

static void *open_and_read(void *unused) {
    char byte;
    for (int i = 0; i < rounds; i++) {
        int fd = openat(AT_FDCWD, "/dev/zero", O_RDONLY);
        if (read(fd, &byte, 1) != 1) abort();
        close(fd);
    }
    return unused;
}
static int flood(int processes, int threads) {
    for (int p = 0; p < processes; p++) {
        if (fork()) continue;
        pthread_t thread[16];
        for (int t = 0; t < threads; t++) pthread_create(&thread[t], 0, open_and_read, 0);
        open_and_read(0);
        for (int t = 0; t < threads; t++) pthread_join(thread[t], 0);
        execl("/bin/true", "true", (char *)0);
    }
    while (wait(0) > 0) ;
    return 7;
}

static void *become_true(void *unused) {
    execl("/bin/true", "true", (char *)0);
    return unused;
}
static void *wait_for_ever(void *unused) {
    for (;;) pause();
    return unused;
}
static int with_thread(void *(*run)(void *)) {
    pthread_t thread;
    pthread_create(&thread, 0, run, 0);
    pause_ms(50);
    return 0;
}
static int vfork_true(void) {
    pid_t child = vfork();
    if (!child) {
        execl("/bin/true", "true", (char *)0);
        _exit(1);
    }
    waitpid(child, 0, 0);
    return 0;
}
/* Processes that are killed while they make others, which we get as our own. */
static int kill_makers(void) {
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    for (int i = 0; i < rounds; i++) {
        pid_t maker = fork();
        if (!maker)
            for (;;) {
                if (!fork()) _exit(0);
                while (waitpid(-1, 0, WNOHANG) > 0) ;
            }
        pause_ms(2);
        kill(maker, SIGKILL);
        waitpid(maker, 0, 0);
    }
    while (wait(0) > 0) ;
    return 0;
}
/* A child that sends us a signal in the middle of a sleep. */
static int sleep_until(int number) {
    pid_t self = getpid();
    pid_t child = fork();
    if (!child) {
        pause_ms(100);
        kill(self, number);
        _exit(0);
    }
    pause_ms(300);
    waitpid(child, 0, 0);
    return 0;
}
static int stop_and_continue(void) {
    int status;
    pid_t child = fork();
    if (!child) {
        raise(SIGSTOP);
        _exit(5);
    }
    waitpid(child, &status, WUNTRACED);
    if (!WIFSTOPPED(status) || WSTOPSIG(status) != SIGSTOP) return 1;
    kill(child, SIGCONT);
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 2;
}
static int catch_one(void) {
    struct sigaction action = {.sa_handler = heard, .sa_flags = SA_RESTART};
    sigaction(SIGUSR1, &action, 0);
    printf("%#lx\n", (unsigned long)heard);
    fflush(stdout);
    raise(SIGUSR1);
    return 0;
}

int main(int count, char **word) {
    if (count < 2) return 1;
    const char *what = word[1];
    rounds = count > 2 ? atoi(word[2]) : 0;
    if (!strcmp(what, "flood")) return flood(atoi(word[3]), atoi(word[4]));
    if (!strcmp(what, "thread-exec")) return with_thread(become_true), pause_ms(20000), 1;
    if (!strcmp(what, "thread-left")) return with_thread(wait_for_ever), 4;
    if (!strcmp(what, "killed")) return with_thread(wait_for_ever), raise(SIGKILL);
    if (!strcmp(what, "aborted")) return raise(rounds ? rounds : SIGTERM);
    if (!strcmp(what, "kill-makers")) return kill_makers();
    if (!strcmp(what, "vfork")) return vfork_true();
    if (!strcmp(what, "sleep-ignored")) return sleep_until(SIGWINCH);
    if (!strcmp(what, "sleep-caught")) return signal(SIGUSR1, heard), sleep_until(SIGUSR1);
    if (!strcmp(what, "stop")) return stop_and_continue();
    if (!strcmp(what, "catch")) return catch_one();
    if (!strcmp(what, "rename")) return prctl(PR_SET_NAME, "other"), getpid() == 1;
    if (!strcmp(what, "unknown")) return syscall(999, 1, 2) != -1;
    if (!strcmp(what, "left-behind")) {
        if (!fork()) execl("/bin/sleep", "sleep", word[2], (char *)0);
        return 3;
    }
    return 1;
}
"""
